/** From tallies to what is answered: groups, their order and their last run. */
import type { Micros, StatsGroup, Status, StepKind, StepUsual } from "../flow.ts";
import type { StatsGroupBy } from "../store.ts";
import { STATUSES_TOLD } from "./outcome.ts";
import { DAY_US, dayOf, HOUR_US, hourOf } from "./slots.ts";
import { type Tally, toMs } from "./tally.ts";

/** Answers with more groups than this are no use to anyone; the others are left out, and that is said. */
export const MOST_GROUPS = 1_000;

/** The days that tell what is usual for a step, today included. */
export const USUAL_DAYS = 14;

/** What a group shares. */
export interface GroupKey {
  key: string;
  label?: { key: string; value: string };
  stepKind?: StepKind;
}

/** The newest run of a group, and how long the newest that finished took. */
export interface LastRun {
  status: Status;
  startedAt: Micros;
  durationUs: Micros | null;
}

/** The newer one is larger; of those that began at once, the one that has come further, and then the one that took longer. */
function compareRuns(a: LastRun, b: LastRun): number {
  return (
    a.startedAt - b.startedAt ||
    STATUSES_TOLD.indexOf(a.status) - STATUSES_TOLD.indexOf(b.status) ||
    (a.durationUs ?? -1) - (b.durationUs ?? -1)
  );
}

export function newerOf(a: LastRun | null, b: LastRun): LastRun {
  return a === null || compareRuns(b, a) > 0 ? b : a;
}

export function groupOf({ key, label, stepKind }: GroupKey, tally: Tally, last: LastRun | null): StatsGroup {
  const { durationMs, ...figures } = tally.figures();
  return {
    key,
    label: label ?? null,
    stepKind: stepKind ?? null,
    ...figures,
    lastStatus: last?.status ?? null,
    lastStartedAt: last?.startedAt ?? null,
    durationMs: { ...durationMs, last: toMs(last?.durationUs) },
  };
}

const ORDERS: Record<StatsGroupBy, (a: StatsGroup, b: StatsGroup) => number> = {
  name: (a, b) => (b.lastStartedAt ?? 0) - (a.lastStartedAt ?? 0) || byKey(a, b),
  day: byKey,
  hour: byKey,
  labels: (a, b) => compare(a.label?.key ?? "", b.label?.key ?? "") || b.total - a.total || byKey(a, b),
  step: (a, b) => (b.durationMs.p95 ?? -1) - (a.durationMs.p95 ?? -1) || byKey(a, b),
};

export function inOrder(groups: StatsGroup[], groupBy: StatsGroupBy): StatsGroup[] {
  return groups.sort(ORDERS[groupBy]);
}

/** The group that a time falls into, as its key. */
export function slotKey(at: Micros, groupBy: "day" | "hour"): string {
  const begin = groupBy === "day" ? dayOf(at) * DAY_US : hourOf(at) * HOUR_US;
  return new Date(begin / 1000).toISOString();
}

export function labelKey(key: string, value: string): GroupKey {
  return { key: `${key}=${value}`, label: { key, value } };
}

/** `undefined` where none has finished. */
export function stepUsualOf(name: string, kind: StepKind, tally: Tally): StepUsual | undefined {
  const { succeeded, failed, cancelled, durationMs } = tally.figures();
  const { p50, p95 } = durationMs;
  if (p50 === null || p95 === null) return undefined;
  return { name, kind, p50, p95, runs: succeeded + failed + cancelled };
}

export function byName(a: StepUsual, b: StepUsual): number {
  return compare(a.name, b.name) || compare(a.kind, b.kind);
}

function byKey(a: StatsGroup, b: StatsGroup): number {
  return compare(a.key, b.key) || compare(a.stepKind ?? "", b.stepKind ?? "");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
