import { Button, Menu } from "@mantine/core";
import { IconBookmark, IconDeviceFloppy, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Dialog } from "../../components/Dialog.tsx";
import { say } from "../../components/said.ts";
import { type ListSearch, stringifySearch } from "../../filter/search.ts";
import styles from "./ViewsMenu.module.css";
import { givenViews, searchOfView, useSavedViews, type View } from "./views.ts";

interface ViewsMenuProps {
  search: ListSearch;
  onOpen: (search: ListSearch) => void;
}

/** Lists by name: those that most people want, and one's own. */
export function ViewsMenu({ search, onOpen }: ViewsMenuProps) {
  const { views, save, remove } = useSavedViews();
  const [isNaming, setNaming] = useState(false);
  const query = stringifySearch(search);
  const row = (view: View) => (
    <Menu.Item key={view.name} onClick={() => onOpen(searchOfView(view))} data-on={view.query === query}>
      <span className="cut">{view.name}</span>
    </Menu.Item>
  );
  return (
    <>
      <Menu position="bottom-end" width={260} shadow="md" transitionProps={{ duration: 0 }}>
        <Menu.Target>
          <button type="button" className="tool">
            <IconBookmark size={14} stroke={1.8} aria-hidden="true" /> Views
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {givenViews.map(row)}
          {views.length > 0 && <Menu.Label>Yours, in this browser</Menu.Label>}
          {views.map((view) => (
            <div key={view.name} className={styles["own"]}>
              {row(view)}
              <Menu.Item
                aria-label={`Remove the view ${view.name}`}
                closeMenuOnClick={false}
                className={styles["remove"] ?? ""}
                onClick={() => remove(view.name)}
              >
                <IconTrash size={14} stroke={1.8} aria-hidden="true" />
              </Menu.Item>
            </div>
          ))}
          <Menu.Divider />
          <Menu.Item
            disabled={query === ""}
            onClick={() => setNaming(true)}
            leftSection={<IconDeviceFloppy size={14} stroke={1.8} />}
          >
            Save this one…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {isNaming && (
        <NameDialog
          onClose={() => setNaming(false)}
          onName={(name) => {
            save({ name, query });
            say(`Saved ${name}`);
          }}
        />
      )}
    </>
  );
}

function NameDialog({ onName, onClose }: { onName: (name: string) => void; onClose: () => void }) {
  return (
    <Dialog title="Save this view" onClose={onClose}>
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          onName(String(new FormData(event.currentTarget).get("name")).trim());
          onClose();
        }}
      >
        <label className={styles["field"]}>
          <span>Name</span>
          <input name="name" required pattern=".*\S.*" maxLength={80} autoComplete="off" />
        </label>
        <p className="muted">
          Filters and order are kept in this browser. To give them to others, send them the address.
        </p>
        <Button type="submit" size="xs">
          Save
        </Button>
      </form>
    </Dialog>
  );
}
