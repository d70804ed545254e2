import { formatDuration } from "../../format/duration.ts";
import { plural } from "../../format/text.ts";
import { slotTime } from "../../format/time.ts";
import { Behind } from "./Behind.tsx";
import styles from "./Charts.module.css";
import { durationScale } from "./durationScale.ts";
import { type Slot, weekdays, weeksOf } from "./slots.ts";

export interface ChartProps {
  slots: readonly Slot[];
  unit: "day" | "hour";
  tenant: string;
  name: string[] | undefined;
}

const statuses = ["failed", "cancelled", "running", "succeeded"] as const;

/** A bar for each day or hour, by status. Each leads to the flows behind it. */
export function RunsChart({ slots, unit, tenant, name }: ChartProps) {
  const most = Math.max(1, ...slots.map(({ group }) => group?.total ?? 0));
  return (
    <>
      <div className={styles["scale"]}>
        <span className="muted">{most.toLocaleString("en")}</span>
      </div>
      <ol className={styles["bars"]} aria-label={`Runs by ${unit}`}>
        {slots.map((slot) => (
          <li key={slot.from}>
            <Behind
              slot={slot}
              tenant={tenant}
              name={name}
              words={runWords(slot, unit)}
              className={styles["bar"]}
            >
              {statuses.map((status) => (
                <span
                  key={status}
                  data-state={status}
                  style={{ height: `${((slot.group?.[status] ?? 0) / most) * 100}%` }}
                />
              ))}
            </Behind>
          </li>
        ))}
      </ol>
      <Ends slots={slots} unit={unit} />
    </>
  );
}

/**
 * From half of the runs to 95 % of them, for each day or hour: a stretch, on a scale on which as many times longer is as
 * much higher. Flows of hours and of milliseconds stand beside each other here.
 */
export function DurationsChart({ slots, unit, tenant, name }: ChartProps) {
  const scale = durationScale(slots);
  return (
    <div className={styles["durations"]}>
      <div className={styles["marks"]} aria-hidden="true">
        {scale.marks.map((ms) => (
          <span key={ms} style={{ bottom: `${scale.at(ms)}%` }}>
            {formatDuration(ms)}
          </span>
        ))}
      </div>
      <ol className={styles["bars"]} aria-label={`Durations by ${unit}`}>
        {slots.map((slot) => {
          const { p50, p95 } = slot.group?.durationMs ?? { p50: null, p95: null };
          const words = `${slotTime(slot.from, unit)}: ${
            p50 === null || p95 === null
              ? "no run has finished"
              : `half took at most ${formatDuration(p50)}, 95 % at most ${formatDuration(p95)}`
          }`;
          return (
            <li key={slot.from}>
              <Behind slot={slot} tenant={tenant} name={name} words={words} className={styles["bar"]}>
                {p50 !== null && p95 !== null && (
                  <>
                    <span data-part="upper" style={{ height: `${scale.at(p95) - scale.at(p50)}%` }} />
                    <span data-part="half" />
                    <span style={{ height: `${scale.at(p50)}%` }} />
                  </>
                )}
              </Behind>
            </li>
          );
        })}
      </ol>
      <Ends slots={slots} unit={unit} />
    </div>
  );
}

const shades = 4;

/** A square for each day, darker where more began; with a mark where some failed. */
export function DaysHeatmap({ slots, tenant, name }: ChartProps) {
  const most = Math.max(1, ...slots.map(({ group }) => group?.total ?? 0));
  return (
    <div className={styles["weeks"]}>
      <div className={styles["weekdays"]} aria-hidden="true">
        {weekdays.map((weekday) => (
          <span key={weekday}>{weekday}</span>
        ))}
      </div>
      {weeksOf(slots).map((week, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: weeks have no identity but their place
        <ol key={index} className={styles["week"]}>
          {week.map((slot, day) =>
            slot === null ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: a place before the first day
              <li key={day} className={styles["nothing"]} />
            ) : (
              <li key={slot.from}>
                <Behind
                  slot={slot}
                  tenant={tenant}
                  name={name}
                  words={runWords(slot, "day")}
                  className={styles["day"]}
                  shade={Math.ceil(((slot.group?.total ?? 0) / most) * shades)}
                >
                  {(slot.group?.failed ?? 0) > 0 && <span className={styles["failures"]} />}
                </Behind>
              </li>
            ),
          )}
        </ol>
      ))}
    </div>
  );
}

function Ends({ slots, unit }: Pick<ChartProps, "slots" | "unit">) {
  const [first, last] = [slots.at(0), slots.at(-1)];
  return (
    <div className={styles["ends"]} aria-hidden="true">
      <span>{first && slotTime(first.from, unit)}</span>
      <span>{last && slotTime(last.from, unit)}</span>
    </div>
  );
}

function runWords({ from, group }: Slot, unit: "day" | "hour"): string {
  if (group === null) return `${slotTime(from, unit)}: no runs`;
  const failed = group.failed > 0 ? `, ${group.failed.toLocaleString("en")} failed` : "";
  return `${slotTime(from, unit)}: ${plural(group.total, "run")}${failed}`;
}
