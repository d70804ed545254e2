import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { FlowDetail, Share } from "@weir/collector/schemas";
import { makeShare, revokeShare, type ShareWish, sharesQuery } from "../../api/shares.ts";
import { CopyButton } from "../../components/CopyButton.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { At } from "../../components/Time.tsx";
import { visible } from "../../format/text.ts";
import styles from "./ShareDialog.module.css";

const lives = [
  { value: "1d", label: "a day" },
  { value: "7d", label: "a week" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
];

/** Makes a link to this flow, or to all of its name; lists and revokes those that are there. */
export function ShareDialog({ flow, onClose }: { flow: FlowDetail; onClose: () => void }) {
  const queryClient = useQueryClient();
  const refresh = () => queryClient.invalidateQueries({ queryKey: sharesQuery(flow.tenant).queryKey });
  const making = useMutation({ mutationFn: makeShare, onSuccess: refresh });
  return (
    <Dialog title="Share with someone who has no key" onClose={onClose} narrow>
      <div className={styles["content"]}>
        <form
          className={styles["form"]}
          onSubmit={(event) => {
            event.preventDefault();
            making.mutate(wishOf(new FormData(event.currentTarget), flow));
          }}
        >
          <fieldset className={styles["choices"]}>
            <legend>What the link shows</legend>
            <label>
              <input type="radio" name="what" value="flow" defaultChecked /> This flow
            </label>
            <label>
              <input type="radio" name="what" value="name" />
              <span>
                All <code>{visible(flow.name)}</code> flows of {visible(flow.tenant)}
              </span>
            </label>
          </fieldset>
          <label className={styles["field"]}>
            <span>Works for</span>
            <select name="expiresIn" defaultValue="7d">
              {lives.map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
          <label className={styles["check"]}>
            <input type="checkbox" name="redact" />
            <span>
              Hide details
              <small>Labels, attributes, services, error messages and stacks are left out.</small>
            </span>
          </label>
          <Button type="submit" size="xs" loading={making.isPending}>
            Make a link
          </Button>
        </form>
        {making.error && (
          <p role="alert" className={styles["problem"]}>
            {making.error.message}
          </p>
        )}
        {making.data && <NewLink url={window.location.origin + making.data.path} />}
        <Links flow={flow} onRevoked={refresh} />
      </div>
    </Dialog>
  );
}

function NewLink({ url }: { url: string }) {
  return (
    <div className={styles["made"]} role="status">
      <input readOnly value={url} aria-label="The new link" onFocus={(event) => event.target.select()} />
      <CopyButton text={url} what="the link">
        Copy
      </CopyButton>
      <small>Whoever has this link can see it. It is not shown again.</small>
    </div>
  );
}

/** The links that show this flow. */
function Links({ flow, onRevoked }: { flow: FlowDetail; onRevoked: () => void }) {
  const { data: shares = [], error } = useQuery(sharesQuery(flow.tenant));
  const revoking = useMutation({ mutationFn: revokeShare, onSuccess: onRevoked });
  const own = shares.filter(({ flowId, name }) => flowId === flow.id || name === flow.name);
  const problem = error ?? revoking.error;
  return (
    <section>
      <h3 className="heading">Links to it</h3>
      {problem && (
        <p role="alert" className={styles["problem"]}>
          {problem.message}
        </p>
      )}
      {own.length === 0 && <p className="muted">None works now.</p>}
      <ul className={styles["links"]}>
        {own.map((share) => (
          <li key={share.id}>
            <span className={styles["about"]}>
              <span className="cut">{shownBy(share)}</span>
              <small className="cut">
                until <At at={share.expiresAt} /> · by {visible(share.createdBy)}
              </small>
            </span>
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Revoke link ${share.id}`}
              onClick={() => revoking.mutate(share.id)}
            >
              Revoke
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function shownBy({ flowId, name, redact, id }: Share): string {
  const what = flowId === null ? `All ${visible(name ?? "")} flows` : "This flow";
  return `${what}${redact ? ", without details" : ""} · ${id}`;
}

function wishOf(form: FormData, { tenant, id, name }: FlowDetail): ShareWish {
  const what = form.get("what") === "name" ? { name } : { flowId: id };
  return { tenant, ...what, expiresIn: String(form.get("expiresIn")), redact: form.has("redact") };
}
