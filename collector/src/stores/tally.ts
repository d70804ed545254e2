/** How often there was which outcome: a set with counts, to which is added and from which is taken away. */
import type { DurationStats, StatusCounts } from "../flow.ts";
import { durationOfOutcome, statusOfOutcome } from "./outcome.ts";

/** What is worked out from a tally. */
export interface TallyFigures extends StatusCounts {
  total: number;
  /** Of those that finished, how many failed: 0 to 1; `null` where none has. */
  failureRate: number | null;
  durationMs: Omit<DurationStats, "last">;
}

export class Tally {
  readonly counts = new Map<number, number>();

  /** @param count may be negative: then it is taken away. */
  add(outcome: number, count = 1): void {
    const now = (this.counts.get(outcome) ?? 0) + count;
    if (now === 0) this.counts.delete(outcome);
    else this.counts.set(outcome, now);
  }

  addAll({ counts }: Tally): void {
    for (const [outcome, count] of counts) this.add(outcome, count);
  }

  get isEmpty(): boolean {
    return this.counts.size === 0;
  }

  figures(): TallyFigures {
    const byStatus = { running: 0, paused: 0, succeeded: 0, failed: 0, cancelled: 0 };
    const durations: { us: number; count: number }[] = [];
    for (const outcome of Uint32Array.from(this.counts.keys()).sort()) {
      const count = this.counts.get(outcome) ?? 0;
      byStatus[statusOfOutcome(outcome)] += count;
      const us = durationOfOutcome(outcome);
      if (us !== null) durations.push({ us, count });
    }
    const { running, paused, succeeded, failed, cancelled } = byStatus;
    const finished = succeeded + failed + cancelled;
    return {
      total: finished + running + paused,
      running: running + paused,
      succeeded,
      failed,
      cancelled,
      failureRate: finished === 0 ? null : failed / finished,
      durationMs: durationsOf(durations, finished),
    };
  }
}

/** @param durations rising */
function durationsOf(durations: { us: number; count: number }[], runs: number): Omit<DurationStats, "last"> {
  const at = (percent: number) => toMs(ranked(durations, Math.ceil((runs * percent) / 100)));
  const sum = durations.reduce((total, { us, count }) => total + us * count, 0);
  return {
    min: toMs(durations[0]?.us),
    avg: runs === 0 ? null : toMs(sum / runs),
    p50: at(50),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    max: toMs(durations.at(-1)?.us),
  };
}

/** The duration that so many are not longer than. */
function ranked(durations: { us: number; count: number }[], rank: number): number | undefined {
  let seen = 0;
  for (const { us, count } of durations) {
    seen += count;
    if (seen >= rank) return us;
  }
  return undefined;
}

/** Microseconds to milliseconds, without digits that mean nothing. */
export function toMs(micros: number | undefined | null): number | null {
  return micros === undefined || micros === null ? null : Math.round(micros) / 1000;
}
