/** How often there was which status, whatever the durations. */
import type { Status } from "../flow.ts";
import type { Adds, Counts } from "./counts.ts";
import { placeOfStatus, STATUSES_TOLD } from "./outcome.ts";

export class StatusTally implements Adds {
  /** Each in its place among `STATUSES_TOLD`. */
  readonly #counts = new Float64Array(STATUSES_TOLD.length);

  add(outcome: number, count = 1): void {
    const place = placeOfStatus(outcome);
    this.#counts[place] = (this.#counts[place] as number) + count;
  }

  addCounts({ size, outcomes, counts }: Counts): void {
    const sums = this.#counts;
    for (let at = 0; at < size; at += 1) {
      const place = placeOfStatus(outcomes[at] as number);
      sums[place] = (sums[place] as number) + (counts[at] as number);
    }
  }

  counts(): Record<Status, number> {
    const [running = 0, paused = 0, succeeded = 0, failed = 0, cancelled = 0] = this.#counts;
    return { running, paused, succeeded, failed, cancelled };
  }
}
