/** Workflows whose shape is known, for tests of how they are drawn. */

const HOSTILE = `<img src=x onerror="document.title='owned'">`;

export const SYNC_BOOK = {
  kind: "tree",
  name: "sync_book",
  root: {
    id: "0",
    type: "repeat",
    children: [
      { id: "0.0", type: "waitUntil", name: "dirty" },
      { id: "0.1", type: "debounce", detail: "500 ms" },
      { id: "0.2", type: "setState" },
      {
        id: "0.3",
        type: "parallel",
        name: "check",
        detail: "2 at once",
        children: [
          { id: "0.3.0", type: "run", name: "lint" },
          { id: "0.3.1", type: "run", name: HOSTILE },
        ],
      },
      { id: "0.4", type: "run", name: "push", detail: "4 attempts, exponential" },
    ],
  },
};

export const IMPORT = {
  kind: "graph",
  name: "import_rows",
  nodes: [
    { id: "reader", slots: ["input"], events: ["row", "broken"] },
    { id: "validate", slots: ["row"], events: ["valid", "invalid"] },
    { id: "enrich", slots: ["row"], events: ["enriched"], optional: true },
    { id: "aggregate", slots: ["rows"], events: ["total"] },
    { id: "write", slots: ["total"], events: [], critical: true },
    { id: "report", slots: ["problem"], events: ["again"] },
  ],
  edges: [
    edge("reader", "row", "validate", "row"),
    edge("reader", "broken", "report", "problem"),
    edge("validate", "valid", "enrich", "row"),
    edge("validate", "invalid", "report", "problem"),
    edge("enrich", "enriched", "aggregate", "rows"),
    edge("aggregate", "total", "write", "total"),
    // Round again: a graph may have cycles.
    edge("report", "again", "validate", "row"),
  ],
};

/** Parts of four steps each. */
export function longTree(parts: number) {
  const leaf = (part: number, n: number) => ({
    id: `0.${part}.${n}`,
    type: "run",
    name: `leaf ${part}.${n}`,
  });
  const part = (n: number) => ({
    id: `0.${n}`,
    type: "sequence",
    name: `part ${n}`,
    children: [0, 1, 2, 3].map((each) => leaf(n, each)),
  });
  const children = Array.from({ length: parts }, (_, n) => part(n));
  return { kind: "tree", name: "long", root: { id: "0", type: "sequence", children } };
}

/** As many as fit into a definition. */
export function largeGraph(nodes: number) {
  const ids = Array.from({ length: nodes }, (_, n) => `r${n}`);
  const near = (n: number) => Math.max(0, n - 1 - ((n * 7) % 5));
  const links = ids.slice(1).map((id, n) => ({
    id: `${n}`,
    source: ids[near(n + 1)] as string,
    event: "out",
    target: id,
    slot: "in",
  }));
  return {
    kind: "graph",
    name: "large",
    nodes: ids.map((id) => ({ id, slots: ["in"], events: ["out"] })),
    edges: links,
  };
}

function edge(source: string, event: string, target: string, slot: string) {
  return { id: `${source}.${event}>${target}.${slot}`, source, event, target, slot };
}
