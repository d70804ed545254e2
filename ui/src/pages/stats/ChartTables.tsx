import { Table } from "../../components/Table.tsx";
import { formatDuration } from "../../format/duration.ts";
import { slotTime } from "../../format/time.ts";
import { Behind } from "./Behind.tsx";
import type { ChartProps } from "./Charts.tsx";
import styles from "./StatsPage.module.css";
import { type Slot, weekdays, weeksOf } from "./slots.ts";

const dayMs = 24 * 3_600_000;
const unitWords = { day: "Day", hour: "Hour" } as const;

/** What the bars of runs show, the newest first. */
export function RunsTable(props: ChartProps) {
  const heads = [unitWords[props.unit], "Runs", "Succeeded", "Failed", "Cancelled", "Open"];
  return (
    <Table label={`Runs by ${props.unit}`} heads={heads} figures isLow>
      {props.slots.toReversed().map((slot) => {
        const { total = 0, succeeded = 0, failed = 0, cancelled = 0, running = 0 } = slot.group ?? {};
        return (
          <SlotRow key={slot.from} {...props} slot={slot}>
            <td>{figure(total)}</td>
            <td>{figure(succeeded)}</td>
            <td className={failed > 0 ? styles["bad"] : undefined}>{figure(failed)}</td>
            <td>{figure(cancelled)}</td>
            <td>{figure(running)}</td>
          </SlotRow>
        );
      })}
    </Table>
  );
}

/** What the bars of durations show, the newest first. */
export function DurationsTable(props: ChartProps) {
  const heads = [unitWords[props.unit], "Half within", "95 % within"];
  return (
    <Table label={`Durations by ${props.unit}`} heads={heads} figures isLow>
      {props.slots.toReversed().map((slot) => {
        const { p50 = null, p95 = null } = slot.group?.durationMs ?? {};
        return (
          <SlotRow key={slot.from} {...props} slot={slot}>
            <td>{p50 === null ? "–" : formatDuration(p50)}</td>
            <td>{p95 === null ? "–" : formatDuration(p95)}</td>
          </SlotRow>
        );
      })}
    </Table>
  );
}

/** What the squares show: a week in each row, the newest first. */
export function DaysTable({ slots, tenant, name }: ChartProps) {
  return (
    <Table label="Runs by weekday" heads={["Week of", ...weekdays]} figures isLow>
      {weeksOf(slots)
        .toReversed()
        .map((week) => (
          <tr key={mondayOf(week)}>
            <td>{slotTime(mondayOf(week), "day")}</td>
            {week.map((slot, day) => (
              <td key={weekdays[day]}>
                {slot?.group && (
                  <Behind slot={slot} tenant={tenant} name={name} className={styles["link"]}>
                    {figure(slot.group.total)}
                    {slot.group.failed > 0 && (
                      <span className={styles["bad"]}> ({figure(slot.group.failed)} failed)</span>
                    )}
                  </Behind>
                )}
              </td>
            ))}
          </tr>
        ))}
    </Table>
  );
}

/** Its first days may lie before the first that is counted. */
function mondayOf(week: readonly (Slot | null)[]): number {
  const day = week.findIndex((slot) => slot !== null);
  return (week[day]?.from ?? 0) - day * dayMs;
}

function SlotRow({
  slot,
  unit,
  tenant,
  name,
  children,
}: ChartProps & { slot: Slot; children: React.ReactNode }) {
  return (
    <tr>
      <td>
        <Behind slot={slot} tenant={tenant} name={name} className={styles["link"]}>
          {slotTime(slot.from, unit)}
        </Behind>
      </td>
      {children}
    </tr>
  );
}

function figure(count: number): string {
  return count.toLocaleString("en");
}
