/** Graphs that several tests run. */
import { custom, type EmitContext, Graph, type GraphOptions, routine } from "../../src/graph/index.ts";
import type { AnyRoutines } from "../../src/graph/typed.ts";

export interface Item {
  id: number;
}

export const item = custom<Item>();

type Handle = (given: Item, ctx: EmitContext<{ out: Item }>) => unknown;

/** A routine with one slot and one event, which passes on what it gets unless told otherwise. */
export function node(
  name: string,
  handle: Handle = (given, { emit }) => void emit("out", given),
  options: Omit<Parameters<typeof routine<Item, { out: Item }>>[1], "in" | "out" | "merge"> = {},
) {
  return routine<Item, { out: Item }>(name, { ...options, in: item, out: { out: item } }, handle);
}

/** `edges`: `"a>b"` from the event of one to the slot of the other. */
export function graphOf(
  nodes: readonly ReturnType<typeof node>[],
  edges: readonly string[],
  options: GraphOptions<AnyRoutines> = {},
) {
  const graph = new Graph("test", options);
  for (const each of nodes) graph.addRoutine(each);
  for (const edge of edges) {
    const [source = "", target = ""] = edge.split(">");
    graph.connect({ source, event: "out", target, slot: "in" });
  }
  return graph;
}

/** Emits as many as it is told to. */
export function source(name = "source") {
  return node(name, ({ id: count }, { emit }) => {
    for (let id = 1; id <= count; id += 1) void emit("out", { id });
  });
}

export function collector(name: string, into: number[]) {
  return node(name, ({ id }) => void into.push(id));
}
