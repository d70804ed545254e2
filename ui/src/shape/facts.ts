/** What the steps of a flow say of each node and edge of its workflow. Pure. */
import type { FlowDetail } from "@weir/collector/schemas";
import { type State, stateOf } from "../components/StatusMark.tsx";
import type { PlacedStep } from "../waterfall/layout.ts";

export interface NodeFacts {
  /** In the order of their start. */
  steps: PlacedStep[];
  running: number;
  succeeded: number;
  /** Without those that a later attempt took over. */
  failed: number;
  cancelled: number;
  /** Attempts after a first. */
  retries: number;
  /** Milliseconds that the ended ones took, all in all. */
  spentMs: number;
  /** When the open ones began: milliseconds since the epoch. */
  openSince: number[];
  /** Where it stands; `undefined` where the flow has not been there. */
  state: State | undefined;
}

export interface EdgeFacts {
  /** How often something came over it; attempts of one delivery count once. */
  deliveries: number;
  running: number;
  failed: number;
}

export interface ShapeFacts {
  nodes: ReadonlyMap<string, NodeFacts>;
  edges: ReadonlyMap<string, EdgeFacts>;
  /** Steps that name a node which the definition does not have. */
  elsewhere: number;
}

const NOTHING: NodeFacts = {
  steps: [],
  running: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  retries: 0,
  spentMs: 0,
  openSince: [],
  state: undefined,
};
const UNUSED: EdgeFacts = { deliveries: 0, running: 0, failed: 0 };

export function nodeFacts({ nodes }: ShapeFacts, id: string): NodeFacts {
  return nodes.get(id) ?? NOTHING;
}

export function edgeFacts({ edges }: ShapeFacts, id: string): EdgeFacts {
  return edges.get(id) ?? UNUSED;
}

/**
 * What came over the edge was joined or batched with others: the work that it became names no edge, and so nobody counted.
 */
export function isGathered(
  facts: ShapeFacts,
  { id, source, target }: { id: string; source: string; target: string },
): boolean {
  if (edgeFacts(facts, id).deliveries > 0 || nodeFacts(facts, source).succeeded === 0) return false;
  return nodeFacts(facts, target).steps.some(({ step }) => step.edge === null);
}

/** @param nodeIds those of the definition */
export function factsOf(
  flow: Pick<FlowDetail, "status" | "health">,
  steps: readonly PlacedStep[],
  nodeIds: ReadonlySet<string>,
): ShapeFacts {
  const byNode = new Map<string, PlacedStep[]>();
  const byEdge = new Map<string, PlacedStep[]>();
  let elsewhere = 0;
  for (const placed of steps) {
    const { node, edge } = placed.step;
    if (node === null) continue;
    if (!nodeIds.has(node)) elsewhere++;
    else add(byNode, node, placed);
    if (edge !== null) add(byEdge, edge, placed);
  }
  const open = openState(flow);
  return {
    nodes: new Map([...byNode].map(([id, ofNode]) => [id, factsOfNode(ofNode, open)])),
    edges: new Map([...byEdge].map(([id, ofEdge]) => [id, factsOfEdge(ofEdge)])),
    elsewhere,
  };
}

/** What an open step is, seen from the flow: what holds the flow holds its open steps. */
function openState({ status, health }: Pick<FlowDetail, "status" | "health">): State {
  return status === "paused" ? "paused" : stateOf({ status: "running", health });
}

function factsOfNode(steps: PlacedStep[], open: State): NodeFacts {
  steps.sort((a, b) => a.start - b.start || a.step.attempt - b.step.attempt);
  const facts: NodeFacts = { ...NOTHING, steps, openSince: [], failed: stillFailed(steps) };
  for (const { step, state, start, end } of steps) {
    if (state === "running") facts.openSince.push(start);
    if (state === "running" || state === "succeeded" || state === "cancelled") facts[state]++;
    if (step.attempt > 1) facts.retries++;
    if (end !== null) facts.spentMs += end - start;
  }
  if (facts.running > 0) facts.state = open;
  else facts.state = facts.failed > 0 ? "failed" : steps.at(-1)?.state;
  return facts;
}

function factsOfEdge(steps: PlacedStep[]): EdgeFacts {
  return {
    deliveries: steps.filter(({ step }) => step.attempt === 1).length,
    running: steps.filter(({ state }) => state === "running").length,
    failed: stillFailed(steps),
  };
}

/** Each later attempt takes over one failure of the attempt before it; which one, nobody needs to know. */
function stillFailed(steps: readonly PlacedStep[]): number {
  const failed = new Map<number, number>();
  const begun = new Map<number, number>();
  for (const { step, state } of steps) {
    count(begun, step.attempt);
    if (state === "failed") count(failed, step.attempt);
  }
  let still = 0;
  for (const [attempt, times] of failed) still += Math.max(0, times - (begun.get(attempt + 1) ?? 0));
  return still;
}

function count(counts: Map<number, number>, attempt: number): void {
  counts.set(attempt, (counts.get(attempt) ?? 0) + 1);
}

function add(lists: Map<string, PlacedStep[]>, key: string, placed: PlacedStep): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [placed]);
  else list.push(placed);
}
