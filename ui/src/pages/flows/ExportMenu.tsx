import { Menu } from "@mantine/core";
import { IconBraces, IconDownload, IconTable, IconTerminal2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { apiRoot } from "../../api/client.ts";
import { flowsParams, meQuery } from "../../api/queries.ts";
import { copyText } from "../../components/copyText.ts";
import { say } from "../../components/said.ts";
import { defaultOrder } from "../../filter/order.ts";
import { flowFilter, type ListSearch } from "../../filter/search.ts";
import { curl } from "./copies.ts";

interface ExportMenuProps {
  search: ListSearch;
  tenant: string | null;
}

/** The whole list, as it is filtered and ordered, to take away. */
export function ExportMenu({ search, tenant }: ExportMenuProps) {
  const { data: me } = useQuery(meQuery());
  const needsKey = me !== undefined && me.via !== "open";
  // Worked out when the menu is drawn: "the last hour" goes on.
  const pathOf = (ending: string) => {
    const filter = flowFilter(tenant === null ? search : { ...search, tenant: [tenant] });
    const query = flowsParams(filter, search.order ?? defaultOrder).toString();
    return `${apiRoot}/flows${ending}${query ? `?${query}` : ""}`;
  };
  async function copy(): Promise<void> {
    const isCopied = await copyText(curl(pathOf(""), needsKey));
    say(isCopied ? "Copied the curl command of this list" : "The browser did not allow it");
  }
  return (
    <Menu position="bottom-end" width={220} shadow="md" transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <button type="button" className="tool">
          <IconDownload size={14} stroke={1.8} aria-hidden="true" /> Export
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          component="a"
          href={pathOf(".csv")}
          download
          leftSection={<IconTable size={15} stroke={1.7} />}
        >
          All as CSV
        </Menu.Item>
        <Menu.Item
          component="a"
          href={pathOf(".ndjson")}
          download
          leftSection={<IconBraces size={15} stroke={1.7} />}
        >
          All as lines of JSON
        </Menu.Item>
        <Menu.Item onClick={() => void copy()} leftSection={<IconTerminal2 size={15} stroke={1.7} />}>
          Copy curl
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
