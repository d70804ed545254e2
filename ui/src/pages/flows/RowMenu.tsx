import { Menu } from "@mantine/core";
import { IconHash, IconLink, IconTerminal2 } from "@tabler/icons-react";
import type { FlowSummary } from "@weir/collector/schemas";
import { useEffect } from "react";
import type { copies } from "./copies.ts";

/** The flow whose menu is open, and the button that opened it. */
export interface OpenRow {
  flow: FlowSummary;
  button: HTMLElement;
}

interface RowMenuProps {
  row: OpenRow;
  onCopy: (copy: keyof typeof copies, flow: FlowSummary) => void;
  onClose: () => void;
}

const entries = [
  { copy: "id", words: "Copy id", key: "c", Icon: IconHash },
  { copy: "link", words: "Copy link", key: "l", Icon: IconLink },
  { copy: "curl", words: "Copy curl", key: null, Icon: IconTerminal2 },
] as const;

/** One menu for all rows: a list may have a hundred thousand of them. */
export function RowMenu({ row: { flow, button }, onCopy, onClose }: RowMenuProps) {
  const { left, top, width, height } = button.getBoundingClientRect();
  useEffect(() => {
    button.setAttribute("aria-expanded", "true");
    return () => {
      button.removeAttribute("aria-expanded");
      button.focus({ preventScroll: true });
    };
  }, [button]);
  return (
    <Menu
      opened
      onClose={onClose}
      position="bottom-end"
      width={180}
      shadow="md"
      transitionProps={{ duration: 0 }}
    >
      <Menu.Target>
        <span style={{ position: "fixed", left, top, width, height, pointerEvents: "none" }} />
      </Menu.Target>
      <Menu.Dropdown>
        {entries.map(({ copy, words, key, Icon }) => (
          <Menu.Item
            key={copy}
            leftSection={<Icon size={15} stroke={1.7} />}
            rightSection={key && <kbd className="key">{key}</kbd>}
            onClick={() => onCopy(copy, flow)}
          >
            {words}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
