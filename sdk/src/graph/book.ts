/** What a job keeps of one routine: what it remembers, and its numbers. */
import { Durations } from "./durations.ts";
import type { RoutineData } from "./job-data.ts";

export class Book {
  succeeded = 0;
  failures = 0;
  retries = 0;
  failed = 0;
  skipped = 0;
  readonly durations: Durations;
  readonly state: Map<string, unknown>;

  constructor(data?: RoutineData) {
    this.durations = data === undefined ? new Durations() : Durations.from(data.durations);
    this.state = new Map(data?.state);
    if (data === undefined) return;
    this.succeeded = data.succeeded;
    this.failures = data.failures;
    this.retries = data.retries;
    this.failed = data.failed;
    this.skipped = data.skipped;
  }

  data(): RoutineData {
    const { succeeded, failures, retries, failed, skipped } = this;
    return {
      succeeded,
      failures,
      retries,
      failed,
      skipped,
      durations: this.durations.data(),
      state: [...this.state],
    };
  }
}
