import { Dialog } from "../components/Dialog.tsx";
import styles from "./KeysDialog.module.css";
import { keyGroups } from "./keys.ts";

/** What `?` shows. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div className={styles["groups"]}>
        {keyGroups.map(({ title, keys }) => (
          <section key={title}>
            <h3 className="heading">{title}</h3>
            <dl className={styles["keys"]}>
              {keys.map(({ press, does }) => (
                <div key={does} className={styles["key"]}>
                  <dt>
                    {press.map((each) => (
                      <kbd key={each} className="key">
                        {each}
                      </kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
