/** What the store says of itself, for whoever watches it. */
import { statSync } from "node:fs";
import type { FlowCount, StoreFigures } from "../../store.ts";
import type { Commits } from "../../stores/commits.ts";
import type { Db } from "../file/open.ts";
import type { FlowCounts } from "../rows/flow-counts.ts";
import type { UnwellFlows } from "./unwell.ts";

/** Of all flows, from what is kept of them. Health is that of a moment ago. */
export function allCounted(parts: { counts: FlowCounts; unwell: UnwellFlows }): () => FlowCount {
  return () => {
    const status = parts.counts.read();
    const { stalled, lost } = parts.unwell.total();
    // What was counted at two moments need not add up.
    const ok = Math.max(0, status.running + status.paused - stalled - lost);
    const total = Object.values(status).reduce((sum, flows) => sum + flows);
    return { total, status, health: { ok, stalled, lost }, complete: true };
  };
}

export function figuresOf(
  db: Db,
  parts: { commits: Commits; counts: FlowCounts; unwell: UnwellFlows },
): () => StoreFigures {
  const counted = allCounted(parts);
  return () => {
    const { status: flows, health } = counted();
    return {
      flows,
      health,
      ...parts.commits.figures(),
      sizeBytes: { database: sizeOf(db.name), wal: sizeOf(`${db.name}-wal`) },
    };
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
