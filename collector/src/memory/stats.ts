/** Statistics, each by a look at every flow. */
import type {
  DayCounts,
  ErrorStats,
  FlowHistogram,
  HistogramBucket,
  Micros,
  Stats,
  StepKind,
  StepUsual,
} from "../flow.ts";
import type { Picture } from "../fold/index.ts";
import type { ErrorsQuery, HistogramQuery, StatsQuery } from "../store.ts";
import { type ErrorKind, kindFromText, kindOfError, kindText } from "../stores/error-kind.ts";
import { outcomeOf } from "../stores/outcome.ts";
import { bucketWidth, DAY_US, dayOf, emptyBucket } from "../stores/slots.ts";
import {
  byName,
  type GroupKey,
  groupOf,
  inOrder,
  type LastRun,
  labelKey,
  MOST_GROUPS,
  newerOf,
  slotKey,
  stepUsualOf,
} from "../stores/stats.ts";
import { Tally } from "../stores/tally.ts";

type Summary = Picture["summary"];

interface Group {
  key: GroupKey;
  tally: Tally;
  last: LastRun | null;
  lastFinished: LastRun | null;
}

export function statsOf(runs: readonly Picture[], { groupBy, from, to }: StatsQuery): Stats {
  const groups = new Map<string, Group>();
  const group = (key: GroupKey) => {
    const name = JSON.stringify(key);
    const known = groups.get(name) ?? { key, tally: new Tally(), last: null, lastFinished: null };
    groups.set(name, known);
    return known;
  };
  for (const { summary, steps } of runs) {
    if (groupBy === "step") {
      for (const { name, kind, status, startedAt, endedAt } of steps) {
        group({ key: name, stepKind: kind }).tally.add(outcomeOf(status, spanOf(startedAt, endedAt)));
      }
      continue;
    }
    for (const key of keysOf(summary, groupBy)) {
      const { status, startedAt } = summary;
      const durationUs = durationOf(summary);
      const known = group(key);
      known.tally.add(outcomeOf(status, durationUs));
      if (groupBy === "hour") continue;
      const run = { status, startedAt, durationUs };
      known.last = newerOf(known.last, run);
      if (durationUs !== null) known.lastFinished = newerOf(known.lastFinished, run);
    }
  }
  const all = inOrder(
    [...groups.values()].map(({ key, tally, last, lastFinished }) =>
      groupOf(key, tally, last && { ...last, durationUs: lastFinished?.durationUs ?? null }),
    ),
    groupBy,
  );
  return {
    groups: all.slice(0, MOST_GROUPS),
    from: from ?? null,
    to: to ?? null,
    complete: all.length <= MOST_GROUPS,
  };
}

function keysOf({ name, startedAt, labels }: Summary, groupBy: StatsQuery["groupBy"]): GroupKey[] {
  switch (groupBy) {
    case "day":
    case "hour":
      return [{ key: slotKey(startedAt, groupBy) }];
    case "labels":
      return Object.entries(labels).map(([key, value]) => labelKey(key, value));
    default:
      return [{ key: name }];
  }
}

/** @param runs newest first */
export function errorsOf(runs: readonly Picture[], { from, to, limit }: ErrorsQuery): ErrorStats {
  const kinds = new Map<string, { kind: ErrorKind; summary: Summary; count: number }>();
  for (const { summary } of runs) {
    if (summary.error === null || summary.status !== "failed") continue;
    const kind = kindOfError(summary.error);
    const text = kindText(kind);
    const known = kinds.get(text) ?? { kind: kindFromText(text), summary, count: 0 };
    known.count += 1;
    kinds.set(text, known);
  }
  const errors = [...kinds.values()]
    .map(({ kind, summary: { tenant, id, startedAt }, count }) => ({
      ...kind,
      count,
      example: { tenant, id },
      lastAt: startedAt,
    }))
    .sort((a, b) => b.count - a.count || b.lastAt - a.lastAt);
  return { errors: errors.slice(0, limit), from: from ?? null, to: to ?? null, complete: true };
}

export function histogramOf(runs: readonly Summary[], query: HistogramQuery, now: Micros): FlowHistogram {
  const starts = runs.map(({ startedAt }) => startedAt);
  const from = query.from ?? starts.reduce((a, b) => Math.min(a, b), now);
  const to = query.to ?? Math.max(now, starts.reduce((a, b) => Math.max(a, b), 0) + 1);
  const width = bucketWidth(from, to, query.buckets);
  const buckets = new Map<number, HistogramBucket>();
  for (const { startedAt, status } of runs) {
    const at = Math.floor(startedAt / width) * width;
    const bucket = buckets.get(at) ?? emptyBucket(at);
    bucket[status] += 1;
    buckets.set(at, bucket);
  }
  return {
    from,
    to,
    complete: true,
    bucketMs: width / 1000,
    buckets: [...buckets.values()].sort((a, b) => a.at - b.at),
  };
}

/** @param runs of one tenant and name. */
export function stepUsualIn(runs: readonly Picture[]): StepUsual[] {
  const tallies = new Map<string, { name: string; kind: StepKind; tally: Tally }>();
  for (const { name, kind, status, startedAt, endedAt } of runs.flatMap(({ steps }) => steps)) {
    const key = `${kind} ${name}`;
    const known = tallies.get(key) ?? { name, kind, tally: new Tally() };
    known.tally.add(outcomeOf(status, spanOf(startedAt, endedAt)));
    tallies.set(key, known);
  }
  return [...tallies.values()]
    .flatMap(({ name, kind, tally }) => stepUsualOf(name, kind, tally) ?? [])
    .sort(byName);
}

/** @param days so many, of which the last is that of `now`. */
export function historyOf(runs: readonly Summary[], days: number, now: Micros): DayCounts[] {
  const today = dayOf(now);
  const history = Array.from({ length: days }, (_, n) => ({
    day: (today - days + 1 + n) * DAY_US,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    running: 0,
  }));
  for (const { startedAt, status } of runs) {
    const day = history[dayOf(startedAt) - today + days - 1];
    if (day !== undefined) day[status === "paused" ? "running" : status] += 1;
  }
  return history;
}

/** `null` until it has ended. */
export function durationOf({ startedAt, endedAt }: Pick<Summary, "startedAt" | "endedAt">): Micros | null {
  return spanOf(startedAt, endedAt);
}

function spanOf(startedAt: Micros, endedAt: Micros | null): Micros | null {
  return endedAt === null ? null : Math.max(0, endedAt - startedAt);
}
