import { StatusIcon, stateWord } from "../components/StatusMark.tsx";
import { visible } from "../format/text.ts";
import { Counts, Spent } from "./Counts.tsx";
import type { GraphDefinition } from "./drawing.ts";
import { edgeFacts, nodeFacts, type ShapeFacts } from "./facts.ts";
import styles from "./RoutineList.module.css";

interface RoutineListProps {
  definition: GraphDefinition;
  facts: ShapeFacts;
  selected: string | undefined;
  onSelect: (node: string | undefined) => void;
}

/** What the graph shows, as a table: for who can't see the drawing, or would rather read. */
export function RoutineList({ definition, facts, selected, onSelect }: RoutineListProps) {
  const { nodes, edges } = definition;
  const links = (node: string, near: "source" | "target", far: "source" | "target") =>
    edges
      .filter((edge) => edge[near] === node)
      .map((edge) => {
        const { deliveries } = edgeFacts(facts, edge.id);
        return deliveries === 0 ? visible(edge[far]) : `${visible(edge[far])} ${deliveries}×`;
      })
      .join(", ");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a table that is wider than the screen is scrolled with the keys
    <section className={styles["frame"]} aria-label="Routines" tabIndex={0}>
      <table className={styles["table"]}>
        <thead>
          <tr>
            <th scope="col">Routine</th>
            <th scope="col">Status</th>
            <th scope="col">Work</th>
            <th scope="col" className={styles["number"]}>
              Took
            </th>
            <th scope="col">From</th>
            <th scope="col">To</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map(({ id, optional }) => {
            const own = nodeFacts(facts, id);
            return (
              <tr key={id} data-selected={id === selected || undefined}>
                <th scope="row">
                  <button
                    type="button"
                    className={`cut ${styles["name"]}`}
                    title={id}
                    aria-pressed={id === selected}
                    onClick={() => onSelect(id === selected ? undefined : id)}
                  >
                    {visible(id)}
                  </button>
                  {optional && <span className="muted"> optional</span>}
                </th>
                <td>
                  <span className={styles["status"]}>
                    {own.state && <StatusIcon state={own.state} />}
                    {own.state ? stateWord(own.state) : <span className="muted">Not reached</span>}
                  </span>
                </td>
                <td>
                  <Counts facts={own} />
                </td>
                <td className={styles["number"]}>
                  <Spent facts={own} />
                </td>
                <td className={styles["links"]}>{links(id, "target", "source")}</td>
                <td className={styles["links"]}>{links(id, "source", "target")}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
