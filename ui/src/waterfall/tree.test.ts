import type { Step } from "@weir/collector/schemas";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aStep } from "../api/flow.fixture.ts";
import { buildTree } from "./tree.ts";

const at = (ms: number) => new Date(Date.UTC(2026, 10, 22, 10) + ms).toISOString();
const shape = (steps: Step[]) => buildTree(steps).map(({ step, depth }) => `${"  ".repeat(depth)}${step.id}`);

describe("the tree of steps", () => {
  test("children follow their parent, by start", () => {
    const steps = [
      aStep({ id: "c", startedAt: at(30) }),
      aStep({ id: "a2", parentId: "a", startedAt: at(20) }),
      aStep({ id: "a1", parentId: "a", startedAt: at(10) }),
      aStep({ id: "a1x", parentId: "a1", startedAt: at(11) }),
      aStep({ id: "a", startedAt: at(0) }),
    ];
    expect(shape(steps)).toEqual(["a", "  a1", "    a1x", "  a2", "c"]);
    expect(buildTree(steps).map(({ descendants }) => descendants)).toEqual([3, 1, 0, 0, 0]);
    expect(buildTree(steps).map(({ parentIndex }) => parentIndex)).toEqual([-1, 0, 1, 0, -1]);
  });

  test("a step whose parent has not arrived stands below the flow and says so", () => {
    const [only] = buildTree([aStep({ id: "a", parentId: "gone" })]);
    expect(only).toMatchObject({ depth: 0, isOrphan: true });
  });

  test("rings of parents are shown, once each", () => {
    const ring = [
      aStep({ id: "a", parentId: "b" }),
      aStep({ id: "b", parentId: "a" }),
      aStep({ id: "c", parentId: "c" }),
    ];
    expect(shape(ring)).toEqual(["a", "  b", "c"]);
  });

  test("attempts of one step are counted together", () => {
    const attempt = (id: string, attempt: number, over = {}) =>
      aStep({ id, attempt, startedAt: at(attempt), ...over });
    const tree = buildTree([
      attempt("1", 1),
      attempt("2", 2),
      attempt("3", 3),
      attempt("other", 1, { name: "process" }),
      attempt("nested", 1, { parentId: "1" }),
    ]);
    expect(Object.fromEntries(tree.map(({ step, attempts }) => [step.id, attempts]))).toEqual({
      1: 3,
      2: 3,
      3: 3,
      other: 1,
      nested: 1,
    });
  });

  test("attempts that name the first are told from steps of the same name beside them", () => {
    const delivery = (id: string, attempt: number, attemptOf: string | null) =>
      aStep({ id, attempt, attemptOf, startedAt: at(attempt), endedAt: null, status: "running" });
    const tree = buildTree([delivery("a1", 1, null), delivery("b1", 1, null), delivery("a2", 2, "a1")]);
    expect(tree.map(({ step, attempts, givenUpAt }) => [step.id, attempts, givenUpAt])).toEqual([
      ["a1", 2, at(2)],
      ["b1", 1, null],
      ["a2", 2, null],
    ]);
  });

  test("an open attempt is given up when the next one begins, and what is open in it too", () => {
    const attempt = (id: string, attempt: number, over = {}) =>
      aStep({ id, attempt, startedAt: at(attempt * 10), endedAt: null, status: "running", ...over });
    const tree = buildTree([
      attempt("1", 1),
      attempt("inner", 1, { parentId: "1", name: "inner" }),
      attempt("done", 1, { parentId: "1", name: "done", endedAt: at(12), status: "succeeded" }),
      attempt("2", 2),
      attempt("3", 3),
    ]);
    expect(Object.fromEntries(tree.map(({ step, givenUpAt }) => [step.id, givenUpAt]))).toEqual({
      1: at(20),
      inner: at(20),
      done: null,
      2: at(30),
      3: null,
    });
  });

  test("a chain of fifty thousand steps is a tree too", () => {
    const steps = Array.from({ length: 50_000 }, (_, i) =>
      aStep({ id: `s${i}`, parentId: i === 0 ? null : `s${i - 1}`, startedAt: at(i) }),
    );
    const tree = buildTree(steps);
    expect(tree.length).toBe(50_000);
    expect(tree.at(-1)?.depth).toBe(49_999);
    expect(tree[0]?.descendants).toBe(49_999);
  });

  test("whatever the parents are, every step is there once, below its parent's place", () => {
    const id = fc.integer({ min: 0, max: 12 }).map(String);
    const step = fc.record({ id, parentId: fc.option(id), startedAt: fc.nat(50).map(at) }).map(aStep);
    fc.assert(
      fc.property(fc.uniqueArray(step, { selector: (s) => s.id }), (steps) => {
        const tree = buildTree(steps);
        expect(tree.map((node) => node.step.id).sort()).toEqual(steps.map((s) => s.id).sort());
        tree.forEach((node, index) => {
          expect(node.parentIndex).toBeLessThan(index);
          if (node.parentIndex >= 0) expect(tree[node.parentIndex]?.step.id).toBe(node.step.parentId);
        });
      }),
    );
  });
});
