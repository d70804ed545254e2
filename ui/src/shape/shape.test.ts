import { describe, expect, test } from "vitest";
import { aDetail, aStep } from "../api/flow.fixture.ts";
import { layOut } from "../waterfall/layout.ts";
import { NODE, pathThrough } from "./drawing.ts";
import { edgeFacts, factsOf, isGathered, nodeFacts } from "./facts.ts";
import { layOutGraph } from "./graph-layout.ts";
import { nodeIdsOf } from "./node-ids.ts";
import { rowsAbove, rowsOf, type TreeDefinition } from "./tree-rows.ts";
import { centredOn, fitTo, keptInSight, reveal, zoomAt } from "./viewport.ts";
import { viewOf, viewsOf } from "./views.ts";

const TREE: TreeDefinition = {
  kind: "tree",
  name: "sync",
  root: {
    id: "0",
    type: "repeat",
    children: [
      { id: "0.0", type: "wait" },
      { id: "0.1", type: "race", children: [{ id: "0.1.0", type: "run", name: "push" }] },
      { id: "0.2", type: "setState" },
    ],
  },
};
const edge = (source: string, target: string, n = 0) => ({
  id: `${source}>${target}${n}`,
  source,
  event: "out",
  target,
  slot: "in",
});
const graph = (ids: string[], edges: ReturnType<typeof edge>[]) => ({
  kind: "graph" as const,
  name: "g",
  nodes: ids.map((id) => ({ id, slots: ["in"], events: ["out"] })),
  edges,
});

const zero = Date.parse("2026-11-22T10:00:00.000Z");
/** A step of a node: milliseconds from the flow's start; no end: it is open. */
function step(node: string, start: number, end: number | null, over: Parameters<typeof aStep>[0] = {}) {
  return aStep({
    id: `${node}-${start}-${over.attempt ?? 1}`,
    name: node,
    node,
    status: end === null ? "running" : "succeeded",
    startedAt: new Date(zero + start).toISOString(),
    endedAt: end === null ? null : new Date(zero + end).toISOString(),
    durationMs: end === null ? null : end - start,
    ...over,
  });
}

function facts(steps: ReturnType<typeof aStep>[], ids: string[], over: Parameters<typeof aDetail>[0] = {}) {
  const flow = aDetail({ startedAt: new Date(zero).toISOString(), steps, ...over });
  return factsOf(flow, layOut(flow).steps, new Set(ids));
}

describe("what is known of a node", () => {
  test("its steps are counted, and what they took is added up", () => {
    const of = facts(
      [step("a", 0, 100), step("a", 200, 250), step("a", 300, null), step("b", 0, 7)],
      ["a", "b"],
    );
    expect(nodeFacts(of, "a")).toMatchObject({
      succeeded: 2,
      running: 1,
      failed: 0,
      spentMs: 150,
      openSince: [zero + 300],
      state: "running",
    });
    expect(nodeFacts(of, "b")).toMatchObject({ succeeded: 1, spentMs: 7, state: "succeeded" });
    expect(nodeFacts(of, "c")).toMatchObject({ steps: [], state: undefined });
  });

  test("a failure that a later attempt took over is a retry, one that none did is a failure", () => {
    const failed = { status: "failed" as const };
    const retried = [step("a", 0, 10, failed), step("a", 20, 30, { attempt: 2 })];
    expect(nodeFacts(facts(retried, ["a"]), "a")).toMatchObject({
      succeeded: 1,
      failed: 0,
      retries: 1,
      state: "succeeded",
    });
    const again = [...retried, step("a", 40, 50, failed), step("a", 60, 70)];
    expect(nodeFacts(facts(again, ["a"]), "a")).toMatchObject({ failed: 1, succeeded: 2, state: "failed" });
    const last = [step("a", 0, 10, failed), step("a", 20, 30, { attempt: 2, ...failed })];
    expect(nodeFacts(facts(last, ["a"]), "a")).toMatchObject({ failed: 1, retries: 1, state: "failed" });
  });

  test("what holds the flow holds its open steps", () => {
    const open = [step("a", 0, null)];
    const stateWith = (over: Parameters<typeof aDetail>[0]) => nodeFacts(facts(open, ["a"], over), "a").state;
    expect(stateWith({ health: "ok" })).toBe("running");
    expect(stateWith({ health: "lost" })).toBe("lost");
    expect(stateWith({ status: "paused" })).toBe("paused");
    // Its end has not arrived.
    expect(stateWith({ status: "succeeded", health: null, endedAt: new Date(zero + 50).toISOString() })).toBe(
      "unended",
    );
  });

  test("what came over an edge is counted by delivery, not by attempt", () => {
    const over = { edge: "r>a" };
    const of = facts(
      [
        step("a", 0, 10, { ...over, status: "failed" }),
        step("a", 20, 30, { ...over, attempt: 2, attemptOf: "a-0-1" }),
        step("a", 40, 45, { ...over, status: "failed" }),
        step("a", 47, null, over),
        step("a", 50, 60),
      ],
      ["a"],
    );
    expect(edgeFacts(of, "r>a")).toEqual({ deliveries: 3, running: 1, failed: 1 });
    expect(edgeFacts(of, "r>b")).toEqual({ deliveries: 0, running: 0, failed: 0 });
  });

  test("what is joined or batched names no edge, and is said to be taken together", () => {
    const of = facts(
      [step("a", 0, 10), step("b", 20, 30), step("c", 40, 50, { edge: "b>c" })],
      ["a", "b", "c"],
    );
    const over = (source: string, target: string) =>
      isGathered(of, { id: `${source}>${target}`, source, target });
    expect([over("a", "b"), over("b", "c"), over("a", "c"), over("gone", "b"), over("a", "gone")]).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  test("a step of a node that is not there is counted apart; one of no node is the user's own", () => {
    const of = facts([step("gone", 0, 1), step("a", 0, 1), { ...step("x", 0, 1), node: null }], ["a"]);
    expect(of.elsewhere).toBe(1);
    expect([...of.nodes.keys()]).toEqual(["a"]);
  });

  test("nodes may have the names of an object's own", () => {
    const ids = ["__proto__", "constructor"];
    expect(nodeFacts(facts([step("constructor", 0, 1)], ids), "constructor").succeeded).toBe(1);
    expect(nodeFacts(facts([], ids), "__proto__").state).toBeUndefined();
  });
});

describe("a tree", () => {
  test("is rows, parents before their children", () => {
    expect(rowsOf(TREE.root).map(({ node, depth, parentIndex }) => [node.id, depth, parentIndex])).toEqual([
      ["0", 0, -1],
      ["0.0", 1, 0],
      ["0.1", 1, 0],
      ["0.1.0", 2, 2],
      ["0.2", 1, 0],
    ]);
    expect([...nodeIdsOf(TREE)]).toEqual(["0", "0.0", "0.1", "0.1.0", "0.2"]);
  });

  test("tells what is above the nodes at which it stands", () => {
    const rows = rowsOf(TREE.root);
    expect([...rowsAbove(rows, ({ id }) => id === "0.1.0")].sort()).toEqual([0, 2]);
    expect([...rowsAbove(rows, () => false)]).toEqual([]);
  });
});

describe("a graph", () => {
  test("is laid out from left to right, or down; nothing overlaps, and all of it is in the drawing", () => {
    const definition = graph(
      ["a", "b", "c", "d"],
      [edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "d")],
    );
    for (const direction of ["LR", "TB"] as const) {
      const { nodes, edges, width, height } = layOutGraph(definition, direction);
      const along = direction === "LR" ? ("x" as const) : ("y" as const);
      const [a, b, c, d] = nodes.map((node) => node[along]) as [number, number, number, number];
      expect(a).toBeLessThan(b);
      expect(b).toBe(c);
      expect(c).toBeLessThan(d);
      for (const one of nodes) {
        expect(one.x).toBeGreaterThanOrEqual(0);
        expect(one.x + NODE.width).toBeLessThanOrEqual(width);
        expect(one.y + NODE.height).toBeLessThanOrEqual(height);
        for (const other of nodes) {
          const apart = Math.abs(one.x - other.x) >= NODE.width || Math.abs(one.y - other.y) >= NODE.height;
          expect(apart || one === other).toBe(true);
        }
      }
      expect(edges.map(({ id }) => id)).toEqual(definition.edges.map(({ id }) => id));
    }
  });

  test("may have rings, edges to itself, two edges between the same, and parts that hang on nothing", () => {
    const definition = graph(
      ["a", "b", "__proto__", "alone"],
      [edge("a", "b"), edge("a", "b", 2), edge("b", "a"), edge("b", "b"), edge("__proto__", "a")],
    );
    const { nodes, edges } = layOutGraph(definition, "LR");
    expect(nodes.map(({ id }) => id)).toEqual(["a", "b", "__proto__", "alone"]);
    expect(edges).toHaveLength(5);
    for (const { points, label } of edges) {
      expect(points.length).toBeGreaterThan(1);
      expect(Number.isFinite(label.x + label.y)).toBe(true);
      expect(pathThrough(points)).toMatch(/^M[-\d. ]+([QL][-\d. ]+)+$/);
    }
    expect(layOutGraph(graph([], []), "LR")).toMatchObject({ nodes: [], edges: [] });
  });
});

describe("the part of a drawing that is seen", () => {
  const frame = { width: 400, height: 200 };

  test("is all of it, in the middle, and never larger than it is", () => {
    expect(fitTo({ width: 800, height: 200 }, frame)).toEqual({ scale: 0.5, x: 0, y: 50 });
    expect(fitTo({ width: 100, height: 100 }, frame)).toEqual({ scale: 1, x: 150, y: 50 });
    expect(fitTo({ width: 0, height: 0 }, frame)).toEqual({ scale: 1, x: 200, y: 100 });
  });

  test("is zoomed about a point, which stays where it is", () => {
    const at = { x: 30, y: 70 };
    const before = { scale: 1, x: 10, y: 20 };
    const after = zoomAt(before, 1.5, at);
    expect(after.scale).toBe(1.5);
    expect((at.x - after.x) / after.scale).toBeCloseTo((at.x - before.x) / before.scale);
    expect((at.y - after.y) / after.scale).toBeCloseTo((at.y - before.y) / before.scale);
    expect(zoomAt(before, 1000, at).scale).toBe(2);
    expect(zoomAt(before, 0, at).scale).toBeGreaterThan(0);
    expect(zoomAt(before, Number.NaN, at).scale).toBe(1);
  });

  test("can't be moved off the drawing", () => {
    const drawing = { width: 1000, height: 1000 };
    expect(keptInSight({ scale: 1, x: 9999, y: -9999 }, drawing, frame)).toEqual({
      scale: 1,
      x: 352,
      y: -952,
    });
    expect(keptInSight({ scale: 1, x: 5, y: -5 }, drawing, frame)).toEqual({ scale: 1, x: 5, y: -5 });
  });

  test("is moved as far as needed to show a node, and centred on one", () => {
    const view = { scale: 1, x: 0, y: 0 };
    const box = { x: 380, y: 20, width: 100, height: 50 };
    const shown = reveal(view, box, frame);
    expect(box.x + box.width + shown.x).toBeLessThanOrEqual(frame.width);
    expect(shown.y).toBe(0);
    expect(reveal(view, { ...box, x: 10 }, frame)).toEqual(view);
    expect(reveal({ ...view, x: -50 }, { ...box, x: 10 }, frame).x).toBeGreaterThan(-10);
    const { scale, x } = centredOn(box, frame);
    expect((box.x + box.width / 2) * scale + x).toBe(frame.width / 2);
  });
});

test("a flow has the views that its definition has, and the timeline where another is asked for", () => {
  const definition = graph(["a"], []);
  expect([viewsOf(null), viewsOf(TREE), viewsOf(definition)]).toEqual([
    ["timeline"],
    ["timeline", "tree"],
    ["timeline", "graph", "routines"],
  ]);
  expect(viewOf(definition, "routines")).toBe("routines");
  expect(viewOf(TREE, "graph")).toBe("timeline");
  expect(viewOf(null, "tree")).toBe("timeline");
});
