import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Definition, DefinitionError, readDefinition, withoutDetails } from "../src/definition.ts";

const TREE = {
  kind: "tree",
  name: "sync_book",
  root: {
    id: "0",
    type: "repeat",
    children: [
      { id: "0.0", type: "debounce", detail: "500 ms" },
      { id: "0.1", type: "run", name: "push" },
    ],
  },
} satisfies Definition;

const GRAPH = {
  kind: "graph",
  name: "copy",
  nodes: [
    { id: "reader", slots: ["input"], events: ["output"], critical: true },
    { id: "writer", slots: ["input"], events: [], optional: true },
  ],
  edges: [
    { id: "reader.output>writer.input", source: "reader", event: "output", target: "writer", slot: "input" },
  ],
} satisfies Definition;

const read = (value: unknown) => readDefinition(JSON.stringify(value));

describe("a definition", () => {
  test.each([TREE, GRAPH])("of a $kind is read as it was written", (definition) => {
    expect(read(definition)).toEqual(definition);
  });

  test("of a newer program is read without what is not known of it", () => {
    const { root } = TREE;
    expect(read({ ...TREE, version: 2, root: { ...root, type: "forever", color: "red" } })).toEqual({
      ...TREE,
      root: { ...root, type: "forever" },
    });
    const [reader] = GRAPH.nodes;
    const nodes = [{ ...reader, optional: "yes", critical: null, host: "h" }];
    expect(read({ ...GRAPH, nodes, edges: [] })).toEqual({
      ...GRAPH,
      nodes: [{ id: "reader", slots: ["input"], events: ["output"] }],
      edges: [],
    });
  });

  test("may have ids that are names of an object's own", () => {
    const ids = ["__proto__", "constructor", "toString"];
    const nodes = ids.map((id) => ({ id, slots: [], events: [] }));
    expect(read({ ...GRAPH, nodes, edges: [] })).toMatchObject({ nodes });
  });

  test("with half a character is mended: it could not be stored", () => {
    expect(read({ ...TREE, name: "a\ud800" }).name).toBe("a\ufffd");
  });

  test.each<[string, unknown, string]>([
    ["nothing", null, "expected an object, got null"],
    ["a list", [], "expected an object, got a list"],
    ["another kind", { ...TREE, kind: "loop" }, 'kind: expected "tree" or "graph", got "loop"'],
    ["no name", { ...TREE, name: "" }, 'name: expected text, got ""'],
    ["no root", { kind: "tree", name: "n" }, "root: expected an object, got nothing"],
    [
      "a child without a type",
      { ...TREE, root: { id: "0", type: "race", children: [{ id: "0.0" }] } },
      "root.children[0].type: expected text, got nothing",
    ],
    [
      "children that are none",
      { ...TREE, root: { id: "0", type: "race", children: 7 } },
      "root.children: expected a list, got 7",
    ],
    [
      "an id twice",
      { ...TREE, root: { id: "0", type: "race", children: [{ id: "0", type: "run" }] } },
      'root.children[0].id: expected an id that no other has, got "0"',
    ],
    [
      "an edge to nowhere",
      { ...GRAPH, nodes: [] },
      'edges[0].source: expected the id of a node, got "reader"',
    ],
    [
      "slots that are no text",
      { ...GRAPH, nodes: [{ id: "a", slots: [1], events: [] }] },
      "nodes[0].slots[0]: expected text, got 1",
    ],
    ["too much", { ...TREE, name: "n".repeat(65_536) }, "expected at most 65536 characters, got 656"],
    [
      "too many nodes in one another",
      { ...TREE, root: nested(65) },
      "expected at most 64 nodes in one another",
    ],
  ])("with %s is refused by name", (_, value, message) => {
    expect(() => read(value)).toThrow(DefinitionError);
    expect(() => read(value)).toThrow(message);
  });

  test("may nest so deep, and no deeper", () => {
    expect(read({ ...TREE, root: nested(64) })).toEqual({ ...TREE, root: nested(64) });
  });

  test("as hostile as it likes is read or refused, and never anything else", () => {
    const texts = [JSON.stringify(TREE), JSON.stringify(GRAPH)];
    for (const text of [
      "",
      "{",
      "[".repeat(65_000),
      `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
      '{"kind":"tree"',
    ])
      expect(() => readDefinition(text)).toThrow(DefinitionError);
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.nat(300),
        fc.nat(20),
        fc.oneof(fc.string({ maxLength: 5 }), fc.json()),
        (text, at, cut, put) => {
          try {
            const once = readDefinition(text.slice(0, at) + put + text.slice(at + cut));
            // What was taken is taken again, just so.
            expect(read(once)).toEqual(once);
          } catch (error) {
            expect(error).toBeInstanceOf(DefinitionError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("keeps names without its details", () => {
    expect(JSON.stringify(withoutDetails(TREE))).toBe(JSON.stringify(TREE).replace(',"detail":"500 ms"', ""));
    expect(withoutDetails(GRAPH)).toEqual(GRAPH);
  });
});

function nested(depth: number): object {
  let node: object = { id: `${depth}`, type: "run" };
  for (let id = depth - 1; id > 0; id--) node = { id: `${id}`, type: "sequence", children: [node] };
  return node;
}
