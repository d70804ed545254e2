import { useLocalStorage } from "@mantine/hooks";
import { IconChartBar, IconTable } from "@tabler/icons-react";
import { readStrings } from "./kept.ts";

/** Whether a chart is shown as a table instead: kept in this browser, for each kind of chart. */
export function useAsTable(chart: string): [boolean, () => void] {
  const [tables, setTables] = useLocalStorage<readonly string[]>({
    key: "weir-tables",
    defaultValue: [],
    deserialize: (text) => readStrings(text) ?? [],
    getInitialValueInEffect: false,
  });
  const isTable = tables.includes(chart);
  const toggle = () =>
    setTables((before) => (isTable ? before.filter((each) => each !== chart) : [...before, chart]));
  return [isTable, toggle];
}

interface AsTableButtonProps {
  isTable: boolean;
  onToggle: () => void;
  /** What the chart shows. */
  what: string;
}

/** Beside a chart: its figures as a table, for who cannot see it or would rather read; and back. */
export function AsTableButton({ isTable, onToggle, what }: AsTableButtonProps) {
  const Icon = isTable ? IconChartBar : IconTable;
  const shape = isTable ? "chart" : "table";
  return (
    <button type="button" className="aside" aria-label={`Show ${what} as a ${shape}`} onClick={onToggle}>
      <Icon size={14} stroke={1.8} aria-hidden="true" />
      As a {shape}
    </button>
  );
}
