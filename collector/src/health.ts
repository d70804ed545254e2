/**
 * Health of a flow that has not ended: worked out when asked, for it changes by the mere passing of time.
 */
import type { Health, Micros } from "./flow.ts";

/** A process is held to be gone after this many heartbeats in a row were missed. */
const MISSED_HEARTBEATS = 3;
/** "Far longer than usual": this many times the 95th percentile of finished runs. */
const STALLED_FACTOR = 3;
/** Below this many milliseconds nothing is called stalled, however short its kind usually is. */
const STALLED_FLOOR_MS = 30_000;
/** Fewer finished runs than this tell nothing about what is usual. */
export const RUNS_THAT_TELL = 5;

/** A process as last heard of. */
export interface Instance {
  /** By the collector's own clock: the clocks of others are not to be relied on here. */
  heardAt: Micros;
  /** Milliseconds between its heartbeats; `null` where it sends none, so that its silence means nothing. */
  intervalMs: number | null;
  /** What it last called itself. */
  service: string | null;
}

/** Flow name → milliseconds after which an open flow of that name is stalled, whatever is usual for it. */
export type StalledAfter = ReadonlyMap<string, number>;
/** The same where they may change: asked anew each time. */
export type StalledLimits = Pick<StalledAfter, "get">;

export interface HealthInput {
  now: Micros;
  startedAt: Micros;
  /** The processes that must be alive for the flow to go on. */
  runners: string[];
  instance: (id: string) => Instance | undefined;
  /** 95th percentile in milliseconds of finished runs of this tenant and name; `null` with too few of them. Asked only where it matters. */
  usualMs: () => number | null;
  /** How long this flow may be open, where someone has said so: then what is usual does not matter. */
  limitMs: number | null;
  /** Since when this collector listens: before that, silence is its own fault. */
  listeningSince: Micros;
}

/** How an open flow is, and since when. */
export interface Condition {
  health: Health;
  /** Where it is `ok`, since its start. */
  since: Micros;
}

export function conditionOf(input: HealthInput): Condition {
  const { now, startedAt } = input;
  const lostSince = lastDue(input);
  if (now > lostSince) return { health: "lost", since: lostSince };
  const stalledSince = startedAt + (input.limitMs ?? limitByUsual(input)) * 1000;
  if (now > stalledSince) return { health: "stalled", since: stalledSince };
  return { health: "ok", since: startedAt };
}

/** Until when all of its processes may stay silent; the first that was due counts. */
function lastDue({ runners, instance: find, listeningSince }: HealthInput): Micros {
  let due = Number.POSITIVE_INFINITY;
  for (const id of runners) {
    const instance = find(id);
    if (instance === undefined || instance.intervalMs === null) continue;
    const heardAt = Math.max(instance.heardAt, listeningSince);
    due = Math.min(due, heardAt + MISSED_HEARTBEATS * instance.intervalMs * 1000);
  }
  return due;
}

function limitByUsual({ now, startedAt, usualMs }: HealthInput): number {
  // Until then nothing is stalled, whatever is usual.
  if (now <= startedAt + STALLED_FLOOR_MS * 1000) return STALLED_FLOOR_MS;
  const usual = usualMs();
  if (usual === null) return Number.POSITIVE_INFINITY;
  return Math.max(STALLED_FLOOR_MS, STALLED_FACTOR * usual);
}
