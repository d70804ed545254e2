/** Statistics by flow name. */
import type { FlowSummary, Micros, StatsGroup } from "../flow.ts";

type Run = Omit<FlowSummary, "health">;

/** @param runs newest first */
export function statsByName(runs: readonly Run[]): StatsGroup[] {
  const byName = Map.groupBy(runs, ({ name }) => name);
  return [...byName]
    .map(([key, group]) => groupOf(key, group))
    .sort((a, b) => b.lastStartedAt - a.lastStartedAt || (a.key < b.key ? -1 : 1));
}

function groupOf(key: string, runs: readonly Run[]): StatsGroup {
  const newest = runs[0] as Run;
  const count = (...statuses: Run["status"][]) =>
    runs.filter(({ status }) => statuses.includes(status)).length;
  const durations = runs.flatMap((run) => durationOf(run) ?? []);
  const sorted = durations.toSorted((a, b) => a - b);
  const rank = (percent: number) => toMs(sorted[Math.ceil((sorted.length * percent) / 100) - 1]);
  const sum = sorted.reduce((total, each) => total + each, 0);
  return {
    key,
    total: runs.length,
    running: count("running", "paused"),
    succeeded: count("succeeded"),
    failed: count("failed"),
    cancelled: count("cancelled"),
    lastStatus: newest.status,
    lastStartedAt: newest.startedAt,
    durationMs: {
      min: toMs(sorted[0]),
      avg: sorted.length === 0 ? null : toMs(sum / sorted.length),
      p50: rank(50),
      p95: rank(95),
      max: toMs(sorted.at(-1)),
      last: toMs(durations[0]),
    },
  };
}

/** `undefined` until it has ended. */
export function durationOf({ startedAt, endedAt }: Pick<Run, "startedAt" | "endedAt">): Micros | undefined {
  return endedAt === null ? undefined : Math.max(0, endedAt - startedAt);
}

function toMs(micros: Micros | undefined): number | null {
  return micros === undefined ? null : Math.round(micros) / 1000;
}
