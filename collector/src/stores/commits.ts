/** What was committed since the store was opened. */
import type { CommitFigures } from "../store.ts";
import { Histogram } from "./histogram.ts";

/** Seconds. A commit is a sync of the disk at least; one of seconds keeps every request waiting. */
const COMMIT_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export class Commits {
  readonly #seconds = new Histogram(COMMIT_BOUNDS);
  #observations = 0;
  #failed = 0;

  done(startedMs: number, observations: number): void {
    this.#seconds.observe((performance.now() - startedMs) / 1000);
    this.#observations += observations;
  }

  failed(): void {
    this.#failed += 1;
  }

  figures(): CommitFigures {
    return {
      commitSeconds: this.#seconds.figures(),
      observations: this.#observations,
      failedCommits: this.#failed,
    };
  }
}
