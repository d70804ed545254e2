/** A job as it is before anything of it was done: one delivery, of its parameters to its entry. */
import type { JobData } from "./job-data.ts";
import type { Plan, SlotOfNode } from "./plan.ts";

export interface NewJob extends Pick<JobData, "id" | "tenant" | "labels"> {
  readonly plan: Plan;
  /** Its entry. */
  readonly slot: SlotOfNode;
  /** A copy, frozen. */
  readonly params: unknown;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export function newJob({ id, tenant, labels, plan, slot, params, at }: NewJob): JobData {
  return {
    id,
    tenant,
    graph: { name: plan.name, version: plan.version },
    labels: { ...labels },
    status: "running",
    reason: undefined,
    error: undefined,
    createdAt: at,
    endedAt: undefined,
    entry: { routine: slot.node.id, slot: slot.name, params },
    next: 1,
    pending: [
      { n: 0, slot: slot.key, connection: undefined, payload: params, attempts: 0, turns: undefined },
    ],
    merged: [],
    gathering: [],
    routines: [],
    shared: [],
    deadLetters: [],
    deadLettersDropped: 0,
    history: [],
    historyDropped: 0,
    pauses: [],
  };
}
