import { AsTableButton, useAsTable } from "../../components/AsTable.tsx";
import type { ChartProps } from "./Charts.tsx";
import styles from "./StatsPage.module.css";

interface ChartCardProps {
  /** Of its heading; also what the browser keeps it by. */
  id: string;
  title: string;
  Chart: React.ComponentType<ChartProps>;
  AsTable: React.ComponentType<ChartProps>;
  data: ChartProps;
}

/** A chart with its heading, drawn or as a table. */
export function ChartCard({ id, title, Chart, AsTable, data }: ChartCardProps) {
  const [isTable, toggle] = useAsTable(id);
  const Shown = isTable ? AsTable : Chart;
  return (
    <section className={styles["card"]} aria-labelledby={id}>
      <div className={styles["cardHead"]}>
        <h2 id={id}>{title}</h2>
        <AsTableButton isTable={isTable} onToggle={toggle} what={id} />
      </div>
      <Shown {...data} />
    </section>
  );
}
