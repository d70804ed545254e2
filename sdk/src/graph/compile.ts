/** From the routines of a graph and their connections to the plan that its jobs run by. */
import { unboundedCycle } from "./cycles.ts";
import { type ErrorHandler, STOPS } from "./error-handler.ts";
import { GraphInvalid } from "./errors/graph-invalid.ts";
import { listed } from "./listed.ts";
import type { Mapping } from "./mapping.ts";
import type { Edge, GraphDefinition, Node, Plan, SlotOfNode } from "./plan.ts";
import type { Routine } from "./routine.ts";
import type { Slot } from "./slot.ts";

export interface Added {
  readonly routine: Routine;
  /** Of the graph that it was added with. */
  readonly errorHandler: ErrorHandler | undefined;
}

/** By the names of its ends, which there are. */
export interface Connected {
  readonly id: string;
  readonly source: string;
  readonly event: string;
  readonly target: string;
  readonly slot: string;
  readonly mapping: Mapping | undefined;
  readonly maxTurns: number | undefined;
}

/** What a graph is made of. */
export interface Wired {
  readonly name: string;
  readonly version: number;
  readonly routines: ReadonlyMap<string, Added>;
  readonly connections: ReadonlyMap<string, Connected>;
  /** For routines that have none of their own. */
  readonly errorHandler: ErrorHandler | undefined;
}

/** @throws {GraphInvalid} it can't be run, with all that stands against it */
export function compiled(wired: Wired): Plan {
  const { name, version } = wired;
  const { nodes, slots } = nodesOf(wired);
  const edges = joined(wired, nodes, slots);
  const problems = [...problemsOf(nodes, slots)];
  if (problems.length > 0) throw new GraphInvalid(name, problems);
  return { name, version, nodes, slots, edges, definition: definitionOf(wired) };
}

/** Parts that are connected one after the other. */
interface OpenNode extends Node {
  readonly slots: Map<string, OpenSlot>;
  readonly edges: Map<string, Edge[]>;
}

interface OpenSlot extends SlotOfNode {
  readonly edges: Edge[];
}

type Nodes = Map<string, OpenNode>;
type Slots = Map<string, OpenSlot>;

function nodesOf({ routines, errorHandler: ofGraph }: Wired): { nodes: Nodes; slots: Slots } {
  const nodes: Nodes = new Map();
  const slots: Slots = new Map();
  for (const [id, { routine, errorHandler }] of routines) {
    const handler = routine.errorHandler ?? errorHandler ?? ofGraph ?? STOPS;
    const node: OpenNode = { id, routine, errorHandler: handler, slots: new Map(), edges: new Map() };
    nodes.set(id, node);
    for (const { name, parts } of Object.values(routine.slots) as unknown as Slot<unknown>[]) {
      const slot: OpenSlot = { key: `${id}.${name}`, node, name, parts, edges: [] };
      node.slots.set(name, slot);
      slots.set(slot.key, slot);
    }
  }
  return { nodes, slots };
}

function joined({ connections }: Wired, nodes: Nodes, slots: Slots): Map<string, Edge> {
  const edges = new Map<string, Edge>();
  for (const { id, source, event, target: to, slot, mapping, maxTurns } of connections.values()) {
    const target = slots.get(`${to}.${slot}`) as OpenSlot;
    const edge: Edge = { id, source, event, target, mapping, maxTurns };
    edges.set(id, edge);
    target.edges.push(edge);
    const out = (nodes.get(source) as OpenNode).edges;
    const others = out.get(event) ?? [];
    others.push(edge);
    out.set(event, others);
  }
  return edges;
}

function* problemsOf(nodes: Nodes, slots: Slots): Generator<string> {
  if (nodes.size === 0) yield "expected at least one routine, got none: addRoutine adds one";
  const cycle = unboundedCycle(
    new Map([...nodes].map(([id, { edges }]) => [id, [...edges.values()].flat()])),
  );
  if (cycle !== undefined)
    yield `expected each cycle to have a connection with maxTurns, got one without: ${listed(cycle, " → ")}`;
  for (const { key, parts, edges } of slots.values()) {
    const need = parts.join?.need;
    if (typeof need === "number" && need > Math.max(1, edges.length))
      yield `expected ${need} connections to ${key}, which joins so many, got ${edges.length}`;
  }
}

function definitionOf({ name, routines, connections }: Wired): GraphDefinition {
  return {
    kind: "graph",
    name,
    nodes: [...routines].map(([id, { routine }]) => ({
      id,
      slots: Object.keys(routine.slots),
      events: Object.keys(routine.events),
      ...(routine.optional ? { optional: true as const } : {}),
      ...(routine.critical ? { critical: true as const } : {}),
    })),
    edges: [...connections.values()].map(({ id, source, event, target, slot }) => ({
      id,
      source,
      event,
      target,
      slot,
    })),
  };
}
