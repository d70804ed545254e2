import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { useMemo } from "react";
import { readStrings } from "../../components/kept.ts";
import { useNarrow } from "../../components/useNarrow.ts";
import { columnsOf, defaultColumns } from "./columns.tsx";

/** The columns that this browser's owner chose, kept for the next visit and for other tabs. */
export function useChosenColumns() {
  return useLocalStorage<readonly string[]>({
    key: "weir-columns",
    defaultValue: defaultColumns,
    deserialize: readColumns,
    getInitialValueInEffect: false,
  });
}

/** Whatever lies in the storage, as columns. */
export function readColumns(text: string | undefined): readonly string[] {
  return readStrings(text) ?? defaultColumns;
}

/** What the list shows now. */
export function useColumns(showTenant: boolean, chosen: readonly string[]) {
  const isNarrow = useNarrow();
  const isMedium = useMediaQuery("(max-width: 1099px)", false, { getInitialValueInEffect: false });
  const width = isNarrow ? "narrow" : isMedium ? "medium" : "wide";
  return useMemo(() => columnsOf({ chosen, showTenant, width }), [chosen, showTenant, width]);
}
