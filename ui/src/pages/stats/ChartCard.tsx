import { AsTableButton, useAsTable } from "../../components/AsTable.tsx";
import type { ChartProps } from "./Charts.tsx";
import styles from "./StatsPage.module.css";

interface ChartCardProps {
  /** Of its heading; also what the browser keeps it by. */
  id: string;
  title: string;
  Chart: React.ComponentType<ChartProps>;
  AsTable: React.ComponentType<ChartProps>;
  /** What stands in the card, of the one of both that is shown. */
  children: (Shown: React.ComponentType<ChartProps>) => React.ReactNode;
}

/** A chart with its heading, drawn or as a table. */
export function ChartCard({ id, title, Chart, AsTable, children }: ChartCardProps) {
  const [isTable, toggle] = useAsTable(id);
  return (
    <section className={styles["card"]} aria-labelledby={id}>
      <div className={styles["cardHead"]}>
        <h2 id={id}>{title}</h2>
        <AsTableButton isTable={isTable} onToggle={toggle} what={id} />
      </div>
      {children(isTable ? AsTable : Chart)}
    </section>
  );
}
