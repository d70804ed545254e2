/** What the store says of itself, for whoever watches it. */
import { statSync } from "node:fs";
import type { CommitFigures, StoreFigures } from "../store.ts";
import type { FlowCounts } from "./flow-counts.ts";
import { Histogram } from "./histogram.ts";
import type { Db } from "./open.ts";
import type { UnwellCounts } from "./unwell.ts";

/** Seconds. A commit is a sync of the disk at least; one of seconds keeps every request waiting. */
const COMMIT_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** What was committed since the store was opened. */
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

export function figuresOf(
  db: Db,
  parts: { commits: Commits; counts: FlowCounts; unwell: UnwellCounts },
): () => StoreFigures {
  return () => {
    const flows = parts.counts.read();
    const { stalled, lost } = parts.unwell.total();
    return {
      flows,
      // What was counted at two moments need not add up.
      health: { ok: Math.max(0, flows.running + flows.paused - stalled - lost), stalled, lost },
      ...parts.commits.figures(),
      sizeBytes: { database: sizeOf(db.name), wal: sizeOf(`${db.name}-wal`) },
    };
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
