import { Menu } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { labelsQuery } from "../../api/queries.ts";
import { visible } from "../../format/text.ts";
import { choosable, columnOfLabel, defaultColumns, labelOfColumn } from "./columns.tsx";

interface ColumnsMenuProps {
  tenant: string | null;
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}

const mostLabels = 30;

/** Which columns the list has; each label can be one. */
export function ColumnsMenu({ tenant, chosen, onChange }: ColumnsMenuProps) {
  const labels = useQuery(labelsQuery(tenant)).data ?? [];
  // One that is chosen must be there to be taken away, though no flow has it any more.
  const keys = new Set([
    ...chosen.flatMap((id) => labelOfColumn(id) ?? []),
    ...labels.slice(0, mostLabels).map(({ key }) => key),
  ]);
  const item = (id: string, title: string) => (
    <Menu.CheckboxItem
      key={id}
      checked={chosen.includes(id)}
      onChange={(isOn) => onChange(isOn ? [...chosen, id] : chosen.filter((other) => other !== id))}
    >
      <span className="cut">{title}</span>
    </Menu.CheckboxItem>
  );
  return (
    <Menu position="bottom-end" width={230} shadow="md" transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <button type="button" className="tool">
          <IconColumns3 size={14} stroke={1.8} aria-hidden="true" /> Columns
        </button>
      </Menu.Target>
      <Menu.Dropdown mah="70dvh" style={{ overflowY: "auto" }}>
        {choosable
          .filter(({ id }) => id !== "tenant" || tenant === null)
          .map(({ id, title }) => item(id, title))}
        {keys.size > 0 && <Menu.Label>A label each</Menu.Label>}
        {[...keys].map((key) => item(columnOfLabel(key), visible(key)))}
        <Menu.Divider />
        <Menu.Item onClick={() => onChange(defaultColumns)}>As they were at first</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
