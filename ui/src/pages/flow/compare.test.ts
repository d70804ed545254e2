import { describe, expect, test } from "vitest";
import { aDetail, aStep } from "../../api/flow.fixture.ts";
import { compare } from "./compare.ts";

const here = aDetail({
  status: "failed",
  failedStep: "validate",
  error: { type: "ValueError", message: "bad row 7", stack: null },
  labels: { env: "production", region: "eu" },
  steps: [
    aStep({ id: "1", name: "import", durationMs: 900 }),
    aStep({
      id: "2",
      name: "validate",
      parentId: "1",
      durationMs: 500,
      attempt: 1,
      attributes: { rows: 120 },
    }),
    aStep({
      id: "3",
      name: "validate",
      parentId: "1",
      durationMs: 300,
      attempt: 2,
      attributes: { rows: 120 },
    }),
  ],
});
const there = aDetail({
  status: "succeeded",
  labels: { env: "production", region: "us" },
  steps: [
    aStep({ id: "a", name: "import", durationMs: 1_000 }),
    aStep({ id: "b", name: "validate", parentId: "a", durationMs: 200, attributes: { rows: 99 } }),
    aStep({ id: "c", name: "write", parentId: "a", durationMs: 50 }),
  ],
});

describe("two runs compared", () => {
  test("differ in what came of them, in labels and in attributes; what is the same is left out", () => {
    expect(compare(here, there).differences).toEqual([
      { what: "Status", here: "failed", there: "succeeded" },
      { what: "Failed at", here: "validate", there: null },
      { what: "Error", here: "ValueError: bad row 7", there: null },
      { what: "Label region", here: "eu", there: "us" },
      { what: "validate · rows", here: "120", there: "99" },
    ]);
  });

  test("and in how long their steps took, attempts added up, the largest difference first", () => {
    expect(compare(here, there).steps).toEqual([
      { path: ["import", "validate"], here: 800, there: 200, byMs: 600 },
      { path: ["import"], here: 900, there: 1_000, byMs: -100 },
      { path: ["import", "write"], here: null, there: 50, byMs: null },
    ]);
  });

  test("what is in one of them alone is neither faster nor slower, and stands by the time that it took", () => {
    const long = aStep({ id: "4", name: "upload", durationMs: 700 });
    const steps = compare(aDetail({ steps: [...here.steps, long] }), there).steps;
    expect(steps[0]).toEqual({ path: ["upload"], here: 700, there: null, byMs: null });
  });

  test("what is still open took no time yet that could be compared, and comes first", () => {
    const open = aDetail({
      steps: [
        aStep({ id: "1", name: "import", durationMs: null, endedAt: null, status: "running" }),
        aStep({ id: "2", name: "validate", parentId: "1", durationMs: 5_000 }),
      ],
    });
    expect(compare(open, there).steps.slice(0, 2)).toEqual([
      { path: ["import"], here: "open", there: 1_000, byMs: null },
      { path: ["import", "validate"], here: 5_000, there: 200, byMs: 4_800 },
    ]);
  });

  test("a run compared with itself differs in nothing", () => {
    const { differences, steps } = compare(here, here);
    expect([differences, steps.every(({ byMs }) => byMs === 0)]).toEqual([[], true]);
  });

  test("steps that hang in a ring are compared too", () => {
    const ring = [aStep({ id: "1", parentId: "2", name: "a" }), aStep({ id: "2", parentId: "1", name: "b" })];
    expect(compare(aDetail({ steps: ring }), there).steps.length).toBe(5);
  });
});
