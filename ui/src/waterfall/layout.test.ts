import type { FlowDetail, Step } from "@weir/collector/schemas";
import { describe, expect, test } from "vitest";
import { aDetail, aStep } from "../api/flow.fixture.ts";
import { barSpan, layOut, lookedAtFirst } from "./layout.ts";

const zero = Date.UTC(2026, 10, 22, 10);
const at = (ms: number) => new Date(zero + ms).toISOString();

function step(id: string, start: number, end: number | null, over: Partial<Step> = {}): Step {
  const status = end === null ? "running" : "succeeded";
  return aStep({ id, startedAt: at(start), endedAt: end === null ? null : at(end), status, ...over });
}

function flow(steps: Step[], endedAt: number | null = 1000, over: Partial<FlowDetail> = {}): FlowDetail {
  const end = endedAt === null ? null : at(endedAt);
  return aDetail({ startedAt: at(0), endedAt: end, steps, ...over });
}

/** Start, end and how far it was moved, from the flow's start. */
function spans(detail: FlowDetail) {
  return Object.fromEntries(
    layOut(detail).steps.map(({ step, start, end, movedMs }) => [
      step.id,
      [start - zero, end === null ? null : end - zero, movedMs],
    ]),
  );
}

describe("an outline", () => {
  test("counts what is left out, below each of its steps and in all", () => {
    const steps = [step("b", 20, 30), step("a", 10, 20), step("a1", 10, 15, { parentId: "a" })];
    const counts = { total: 40, running: 0, succeeded: 40, failed: 0, cancelled: 0 };
    const { left, steps: placed } = layOut(flow(steps, 1000, { stepCounts: counts }), [3, 7, 6]);
    expect(left).toBe(37);
    expect(placed.map(({ id, descendants }) => [id, descendants])).toEqual([
      ["a", 7],
      ["a1", 6],
      ["b", 3],
    ]);
  });

  test("has nothing left out once it is whole", () => {
    const { left, steps } = layOut(flow([step("a", 10, 20), step("a1", 10, 15, { parentId: "a" })]));
    expect([left, steps[0]?.descendants]).toEqual([0, 1]);
  });
});

describe("steps without an end", () => {
  const states = (detail: FlowDetail) =>
    Object.fromEntries(
      layOut(detail).steps.map(({ step, state, end }) => [step.id, [state, end && end - zero]]),
    );

  test("run on while their flow is open, and are left over where it has ended", () => {
    expect(states(flow([step("a", 10, null)], null))).toEqual({ a: ["running", null] });
    expect(states(flow([step("a", 10, null)], 1000))).toEqual({ a: ["unended", 1000] });
  });

  test("end where a later attempt took over", () => {
    const detail = flow([step("a", 10, null), step("b", 40, null, { name: "a", attempt: 2 })], null);
    detail.steps[0] = { ...(detail.steps[0] as Step), name: "a" };
    expect(states(detail)).toEqual({ a: ["unended", 40], b: ["running", null] });
  });
});

describe("placing steps in time", () => {
  test("clocks that agree are left alone", () => {
    const detail = flow([step("a", 10, 500), step("b", 20, 300, { parentId: "a" })]);
    expect(spans(detail)).toEqual({ a: [10, 500, 0], b: [20, 300, 0] });
  });

  test("a step that began before its parent is moved to it, its length and the fact kept", () => {
    const detail = flow([step("a", 100, 500), step("b", 40, 90, { parentId: "a", service: "other" })]);
    expect(spans(detail)["b"]).toEqual([100, 150, 60]);
  });

  test("steps of the same service below it move along, those of another do not", () => {
    const detail = flow([
      step("a", 100, 500),
      step("b", 40, 90, { parentId: "a", service: "late" }),
      step("c", 60, 80, { parentId: "b", service: "late" }),
      step("d", 130, 140, { parentId: "c", service: "import-api" }),
    ]);
    expect(spans(detail)).toMatchObject({ b: [100, 150, 60], c: [120, 140, 60], d: [130, 140, 0] });
  });

  test("a step may end after its parent and after its flow: work was handed on", () => {
    const detail = flow([step("a", 10, 50), step("b", 60, 2000, { parentId: "a" })], 1000);
    expect(spans(detail)["b"]).toEqual([60, 2000, 0]);
    expect(layOut(detail).end - zero).toBe(2000);
  });

  test("a step before its flow's start begins with the flow", () => {
    expect(spans(flow([step("a", -30, 20)]))["a"]).toEqual([0, 50, 30]);
  });

  test("an end before the start has no length, and is told", () => {
    const { steps } = layOut(flow([step("q", 300, 250, { kind: "queue" })]));
    expect(steps[0]).toMatchObject({ start: zero + 300, end: zero + 300, endsBeforeStartMs: 50, movedMs: 0 });
  });

  test("a running flow is open, and so is its running step", () => {
    const layout = layOut(flow([step("a", 10, null)], null));
    expect(layout).toMatchObject({ isOpen: true, end: zero + 10 });
    expect(layout.steps[0]?.end).toBeNull();
  });

  test("a step that never ended in a flow that has is drawn to the flow's end", () => {
    const layout = layOut(flow([step("a", 10, null)], 1000));
    expect(layout.isOpen).toBe(false);
    expect(layout.steps[0]?.end).toBe(zero + 1000);
  });

  test("an event after all else is still on the picture", () => {
    const events = [{ name: "late", at: at(5000), attributes: {} }];
    expect(layOut(flow([], 1000, { events })).end).toBe(zero + 5000);
  });
});

test("what failed first and what runs is looked at first", () => {
  const { steps } = layOut(
    flow(
      [
        step("a", 0, 1),
        step("optional", 2, 3, { status: "failed", optional: true }),
        step("b", 4, 5, { status: "failed" }),
        step("c", 6, null),
        step("d", 7, null),
      ],
      null,
    ),
  );
  expect(lookedAtFirst(steps)).toEqual([2, 4]);
  expect(lookedAtFirst([])).toEqual([-1, -1]);
});

describe("bars", () => {
  test("in percent of the whole, never outside it", () => {
    expect(barSpan(25, 75, 0, 100)).toEqual({ left: 25, width: 50 });
    expect(barSpan(-50, 50, 0, 100)).toEqual({ left: 0, width: 50 });
    expect(barSpan(90, 500, 0, 100)).toEqual({ left: 90, width: 10 });
  });

  test("a flow that took no time divides by nothing", () => {
    expect(barSpan(5, 5, 5, 5)).toEqual({ left: 0, width: 0 });
  });
});
