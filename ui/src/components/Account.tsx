import { ActionIcon, Menu } from "@mantine/core";
import { IconLogout, IconUserCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Me } from "@weir/collector/schemas";
import { meQuery } from "../api/queries.ts";
import { visible } from "../format/text.ts";
import styles from "./Account.module.css";

/** Who is logged in, and the way out. Nothing while the collector asks for no keys. */
export function Account() {
  const { data: me } = useQuery(meQuery());
  if (me === undefined || me.key === null) return null;
  return (
    <Menu position="bottom-end" width={240} shadow="md" transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Who is logged in" size={30}>
          <IconUserCircle size={18} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={styles["who"]}>
          <strong className="cut">
            {me.key.name === null ? "A key without a name" : visible(me.key.name)}
          </strong>
          <span className="mono muted">{me.key.id}</span>
          <span>{mayWords[me.role]}</span>
          {me.tenant !== null && <span className="cut">Sees {visible(me.tenant)} only</span>}
        </div>
        {/* A form, so that it works as the log-in does: the server answers with the next page. */}
        <form method="post" action="/logout">
          {/* A menu that closed at once would take the form away before it is sent. */}
          <Menu.Item
            component="button"
            type="submit"
            closeMenuOnClick={false}
            leftSection={<IconLogout size={15} stroke={1.7} />}
          >
            Log out
          </Menu.Item>
        </form>
      </Menu.Dropdown>
    </Menu>
  );
}

const mayWords: Record<Me["role"], string> = {
  admin: "May do everything",
  ingest: "May send only",
  read: "May read only",
};
