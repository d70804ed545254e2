/** What the store says of itself, for whoever watches it. */
import { statSync } from "node:fs";
import type { StoreFigures } from "../store.ts";
import type { Commits } from "../stores/commits.ts";
import type { FlowCounts } from "./flow-counts.ts";
import type { Db } from "./open.ts";
import type { UnwellFlows } from "./unwell.ts";

export function figuresOf(
  db: Db,
  parts: { commits: Commits; counts: FlowCounts; unwell: UnwellFlows },
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
