import { useQuery } from "@tanstack/react-query";
import type { FlowSummary } from "@weir/collector/schemas";
import { useCallback, useState } from "react";
import { meQuery } from "../../api/queries.ts";
import { copyText } from "../../components/copyText.ts";
import { say } from "../../components/said.ts";
import { focusedRow } from "../../components/useRowKeys.ts";
import { useKeys } from "../../keyboard/useKeys.ts";
import { copies } from "./copies.ts";
import type { OpenRow } from "./RowMenu.tsx";

/** Copies from the rows of a list: by keys from the one that has the focus, by a menu from any. */
export function useRowCopies(list: React.RefObject<HTMLElement | null>, flows: readonly FlowSummary[]) {
  const [row, setRow] = useState<OpenRow | null>(null);
  const { data: me } = useQuery(meQuery());
  const openMenu = useCallback((flow: FlowSummary, button: HTMLElement) => setRow({ flow, button }), []);

  async function copy(kind: keyof typeof copies, flow: FlowSummary): Promise<void> {
    const { what, of } = copies[kind];
    const isCopied = await copyText(of(flow, me !== undefined && me.via !== "open"));
    say(isCopied ? `Copied ${what} of ${flow.id}` : "The browser did not allow it");
  }

  const copyFocused = (kind: keyof typeof copies) => {
    const index = focusedRow(list.current);
    const flow = index === null ? undefined : flows[index];
    if (flow) void copy(kind, flow);
  };
  useKeys({ c: () => copyFocused("id"), l: () => copyFocused("link") });

  const menu = row && {
    row,
    onCopy: (kind: keyof typeof copies, flow: FlowSummary) => void copy(kind, flow),
    onClose: () => setRow(null),
  };
  return { openMenu, menu };
}
