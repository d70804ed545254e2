/** What a graph is: adding, connecting, describing, checking. */
import { expect, test } from "vitest";
import { custom, Graph, GraphInvalid, Routine, routine } from "../../src/graph/index.ts";
import { collector, graphOf, node } from "./routines.ts";

class Reader extends Routine {
  rows = this.defineEvent<{ row: string }>("output");
  input = this.defineSlot<{ path: string }>("input", () => {});
}

class Writer extends Routine {
  input = this.defineSlot<{ line: string }>("input", () => {});
  flush = this.defineSlot("flush", () => {});
}

function prepared() {
  const graph = new Graph("my_flow");
  graph.addRoutine(new Reader(), "reader");
  graph.addRoutine(new Writer({ optional: true }), "writer");
  return graph;
}

const LINK = { source: "reader", event: "output", target: "writer", slot: "input" } as const;

test("routines are added under an id of one's own, the name of the function routine, or of the class", () => {
  const graph = new Graph("my_flow");
  expect(graph.addRoutine(new Reader(), "reader")).toBe("reader");
  expect(graph.addRoutine(new Reader())).toBe("Reader");
  expect(graph.addRoutine(node("step"))).toBe("step");
  expect(() => graph.addRoutine(node("step"))).toThrow(/expected a new id for a routine, got step/);
  expect(() => graph.addRoutine(new Reader(), "a.b")).toThrow(/without "\.", ">".*got "a\.b"/);
  expect(() => graph.addRoutine({} as Routine)).toThrow(/expected a Routine to add, got object/);
});

test("a graph is described as plain data", () => {
  const graph = prepared();
  const id = graph.connect(LINK);
  expect(id).toBe("reader.output>writer.input");
  expect(graph.describe()).toEqual({
    kind: "graph",
    name: "my_flow",
    nodes: [
      { id: "reader", slots: ["input"], events: ["output"] },
      { id: "writer", slots: ["input", "flush"], events: [], optional: true },
    ],
    edges: [{ id, source: "reader", event: "output", target: "writer", slot: "input" }],
  });
  expect(JSON.parse(JSON.stringify(graph.describe()))).toEqual(graph.describe());
  const before = graph.describe();
  expect(graph.describe()).toBe(before);
  graph.disconnect(id);
  expect(graph.describe().edges).toEqual([]);
});

test("an event is known by its name and by the property that holds it, and by itself", () => {
  const reader = new Reader();
  const writer = new Writer();
  const graph = new Graph("my_flow");
  graph.addRoutine(reader, "reader");
  graph.addRoutine(writer, "writer");
  expect(graph.connect({ ...LINK, event: "rows" })).toBe("reader.output>writer.input");
  graph.disconnect({ ...LINK });
  expect(graph.connect(reader.rows, writer.input, { paramMapping: { row: "line" } })).toBe(
    "reader.output>writer.input",
  );
});

test.each([
  [
    "routine",
    { ...LINK, target: "printer" },
    /expected a routine that was added \(reader, writer\), got "printer"/,
  ],
  ["source", { ...LINK, source: "toString" }, /got "toString"/],
  ["event", { ...LINK, event: "outptu" }, /expected an event of reader \(output\), got "outptu"/],
  ["slot", { ...LINK, slot: "constructor" }, /expected a slot of writer \(input, flush\), got "constructor"/],
  [
    "name at all",
    { ...LINK, slot: 7 as never },
    /such as \{ source, event, target, slot \}, got number as its slot/,
  ],
])(
  "a connection to a %s that is not there is an error that names it, and changes nothing",
  (_, link, message) => {
    const graph = prepared();
    expect(() => graph.connect(link)).toThrow(message);
    expect(graph.describe().edges).toEqual([]);
  },
);

test("what is connected already is not connected again, and what is not can't be taken away", () => {
  const graph = prepared();
  graph.connect(LINK);
  expect(() => graph.connect({ ...LINK, paramMapping: { row: "line" } })).toThrow(GraphInvalid);
  expect(() => graph.connect(LINK)).toThrow(/expected a new connection, got reader\.output>writer\.input/);
  graph.disconnect(LINK);
  expect(() => graph.disconnect(LINK)).toThrow(
    /expected a connection to take away, got reader\.output>writer\.input/,
  );
});

test("a routine that is there twice, or not at all, can't be connected by itself", () => {
  const reader = new Reader();
  const graph = prepared();
  expect(() => graph.connect(reader.rows, new Writer().input as never)).toThrow(/that was not/);
  graph.addRoutine(reader, "one");
  graph.addRoutine(reader, "two");
  expect(() => graph.connect(reader.rows, new Writer().input as never)).toThrow(/got one that is one, two/);
});

test.each([
  [{ row: 7 }, /to give row another name, got 7/],
  [{ row: "line", at: "line" }, /a name of its own, got line twice/],
  [["row"], /an object such as \{ row: "line" \}/],
])("a mapping that can't be meant is an error: %j", (paramMapping, message) => {
  expect(() => prepared().connect({ ...LINK, paramMapping: paramMapping as never })).toThrow(message);
});

test("a cycle without a bound is no graph that runs, however long it is", () => {
  const graph = graphOf([node("a"), node("b"), node("c")], ["a>b", "b>c", "c>b"]);
  expect(() => graph.validate()).toThrow(
    /expected each cycle to have a connection with maxTurns, got one without: b → c → b/,
  );
  expect(() => graph.execute({ entry: "a", params: { id: 1 } })).toThrow(GraphInvalid);
  graph.disconnect("c.out>b.in");
  graph.connect({ source: "c", event: "out", target: "b", slot: "in", maxTurns: 2 });
  graph.validate();
  const self = graphOf([node("a")], ["a>a"]);
  expect(() => self.validate()).toThrow(/a → a/);
});

test("an entry must be there and have one slot, or be told which", () => {
  const graph = prepared();
  graph.addRoutine(routineWithoutSlots(), "bare");
  expect(() => graph.execute({ entry: "nobody" })).toThrow(/expected a routine that was added/);
  expect(() => graph.execute({ entry: "bare" })).toThrow(
    /expected an entry with a slot, got bare, which has none/,
  );
  expect(() => graph.execute({ entry: "writer" })).toThrow(
    /expected the slot of writer that gets the parameters \(input, flush\)/,
  );
  expect(() => new Graph("empty").validate()).toThrow(/expected at least one routine, got none/);
});

function routineWithoutSlots(): Routine {
  return new (class Bare extends Routine {
    output = this.defineEvent("output");
  })();
}

test("options that can't be meant are errors that name them", () => {
  expect(() => new Graph("")).toThrow(/a name of 1 to 100 characters/);
  expect(() => new Graph("g", { concurrent: 0 })).toThrow(
    /expected concurrent to be a whole number from 1, got 0/,
  );
  expect(() => new Graph("g", { leaseMs: Number.NaN })).toThrow(/leaseMs/);
  expect(() => new Graph("g", { version: 1.5 })).toThrow(/version/);
  expect(() => node("n", undefined, { timeout: 0 })).toThrow(
    /slot in: expected timeout to be milliseconds above 0, got 0/,
  );
  expect(() => node("n", undefined, { concurrency: 1.5 })).toThrow(/slot in: expected concurrency/);
  expect(() => node("n", undefined, { optional: true, critical: true })).toThrow(
    /optional or critical, got both/,
  );
  expect(() => routine("n", { in: custom(), join: "some" as "any" }, () => {})).toThrow(
    /join to be all or any, got some/,
  );
  expect(() => routine("n", { in: custom(), batch: 0 }, () => {})).toThrow(
    /batch.size to be a whole number from 1, got 0/,
  );
  expect(() => routine("n", { in: custom(), join: "all", batch: 2 } as never, () => {})).toThrow(
    /at most one of merge, join and batch, got join and batch/,
  );
  expect(() => routine("n", { in: 7 as never }, () => {})).toThrow(
    /expected in to be custom<Type>\(\) or a schema, got number/,
  );
  expect(() => graphOf([node("a")], []).setErrorHandler({} as never)).toThrow(
    /expected an ErrorHandler, got object/,
  );
  const join = graphOf([node("a"), collector("b", [])], ["a>b"]);
  join.addRoutine(routine("c", { in: custom<{ id: number }>(), join: 3 }, () => {}));
  join.connect({ source: "a", event: "out", target: "c", slot: "in" });
  expect(() => join.validate()).toThrow(/expected 3 connections to c\.in, which joins so many, got 1/);
});

test("a routine's names are its own", () => {
  class Twice extends Routine {
    constructor() {
      super();
      this.defineEvent("out");
      this.defineEvent("out");
    }
  }
  expect(() => new Twice()).toThrow(
    /event of routine Twice: expected a new name, got "out", which it has already/,
  );
});
