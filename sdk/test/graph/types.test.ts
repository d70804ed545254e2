/** What the compiler says. Each line that must not compile stands under a @ts-expect-error; `tsc` reads this file. */
import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { type Appended, custom, Graph, type Joined, Routine, routine } from "../../src/graph/index.ts";

class Reader extends Routine {
  output = this.defineEvent<{ row: string; at: number }>("output");
  done = this.defineEvent("done");
  input = this.defineSlot<{ path: string }>("input", ({ path }, { signal }) => {
    expectTypeOf(path).toEqualTypeOf<string>();
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    void this.done.emit();
    // @ts-expect-error a number is no row
    if (path === "never") void this.output.emit({ row: 7, at: 7 });
  });
}

class Writer extends Routine<{ table: string }> {
  input = this.defineSlot<{ line: string }>("input", ({ line }) => {
    expectTypeOf(line).toEqualTypeOf<string>();
    expectTypeOf(this.config.table).toEqualTypeOf<string>();
  });
  rows = this.defineSlot<{ row: string }>("rows", () => {});
  all = this.defineSlot<{ row: string }>(
    "all",
    (all) => void expectTypeOf(all).toEqualTypeOf<Appended<{ row: string }>>(),
    { merge: "append" },
  );
  count = this.defineSlot<{ row: string }, number>(
    "count",
    (count) => void expectTypeOf(count).toEqualTypeOf<number>(),
    { merge: (count, _row) => (count ?? 0) + 1 },
  );
  pair = this.defineSlot<{ row: string }>(
    "pair",
    (pair) => void expectTypeOf(pair).toEqualTypeOf<Joined<{ row: string }>>(),
    { join: "all" },
  );
  batch = this.defineSlot<{ row: string }>(
    "batch",
    (batch) => void expectTypeOf(batch).toEqualTypeOf<readonly { row: string }[]>(),
    { batch: 10 },
  );
}

const count = routine(
  "count",
  { in: z.object({ row: z.string() }), out: { counted: custom<{ count: number }>() } },
  ({ row }, { emit }) => {
    expectTypeOf(row).toEqualTypeOf<string>();
    void emit("counted", { count: row.length });
    // @ts-expect-error there is no such event
    if (row === "never") void emit("count", { count: 7 });
    // @ts-expect-error text is no number
    if (row === "never") void emit("counted", { count: row });
  },
);

function typed() {
  return new Graph("typed", {
    routines: { reader: new Reader(), writer: new Writer({ config: { table: "rows" } }), count },
  });
}

test("by names, where the graph was made with its routines", () => {
  const graph = typed();
  const fromReader = { source: "reader", event: "output", target: "writer" } as const;
  graph.connect({ ...fromReader, slot: "rows" });
  graph.connect({ ...fromReader, slot: "input", paramMapping: { row: "line" } });
  graph.connect({ source: "reader", event: "output", target: "count", slot: "in" });
  // @ts-expect-error the slot wants `row`, and gets `line`
  graph.connect({ ...fromReader, slot: "all", paramMapping: { row: "line" } });
  const fromCount = { source: "count", event: "counted", target: "writer" } as const;
  // @ts-expect-error the slot wants `row`, and gets `count`
  graph.connect({ ...fromCount, slot: "rows" });
  // @ts-expect-error `count` is a number
  graph.connect({ ...fromCount, slot: "pair", paramMapping: { count: "row" } });
  const names = { source: "reader", event: "output", target: "writer", slot: "rows" } as const;
  // @ts-expect-error there is no such routine
  expect(() => graph.connect({ ...names, source: "printer" })).toThrow();
  // @ts-expect-error there is no such event
  expect(() => graph.connect({ ...names, event: "outptu" })).toThrow();
  // @ts-expect-error there is no such slot
  expect(() => graph.connect({ ...names, slot: "row" })).toThrow();
});

test("by events and slots, in any graph", () => {
  const reader = new Reader();
  const writer = new Writer({ config: { table: "rows" } });
  const graph = new Graph("any");
  graph.addRoutine(reader);
  graph.addRoutine(writer);
  graph.addRoutine(count);
  graph.connect(reader.output, writer.rows);
  graph.connect(reader.output, writer.input, { paramMapping: { row: "line" } });
  graph.connect(reader.output, count.slots.in, { maxTurns: 3 });
  // @ts-expect-error the slot wants `row`
  graph.connect(count.events.counted, writer.rows);
  // @ts-expect-error the slot wants `row`, which is text
  graph.connect(count.events.counted, writer.pair, { paramMapping: { count: "row" } });
  // @ts-expect-error there is no such event
  expect(() => graph.connect(count.events.none, writer.pair)).toThrow();
});

test("by names in a graph whose routines were added, nothing is known", () => {
  const graph = new Graph("any");
  const id = graph.addRoutine(new Reader(), "reader");
  expectTypeOf(id).toEqualTypeOf<"reader">();
  graph.addRoutine(count);
  graph.connect({
    source: "reader",
    event: "output",
    target: "count",
    slot: "in",
    paramMapping: { row: "word" },
  });
});

test("parameters are those of the entry's slot", async () => {
  const graph = typed();
  await graph.execute({ entry: "reader", params: { path: "a.csv" } }).cancel();
  // @ts-expect-error a path is text
  await graph.execute({ entry: "reader", params: { path: 7 } }).cancel();
  await graph.execute({ entry: "writer", slot: "input", params: { line: "x" } }).cancel();
  // @ts-expect-error there is no such slot
  expect(() => graph.execute({ entry: "writer", slot: "inputs" })).toThrow();
  // @ts-expect-error there is no such routine
  expect(() => graph.execute({ entry: "printer" })).toThrow();
});
