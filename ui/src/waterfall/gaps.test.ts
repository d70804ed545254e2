import type { FlowDetail, FlowEvent, Step } from "@weir/collector/schemas";
import { expect, test } from "vitest";
import { aDetail, aStep } from "../api/flow.fixture.ts";
import { gapsOf, ranAgain } from "./gaps.ts";
import { layOut } from "./layout.ts";

const zero = Date.UTC(2026, 10, 22, 10);
const at = (ms: number) => new Date(zero + ms).toISOString();

const step = (id: string, start: number, end: number | null, over: Partial<Step> = {}) =>
  aStep({ id, name: id, startedAt: at(start), endedAt: end === null ? null : at(end), ...over });

const takenOver = (ms: number): FlowEvent => ({
  name: "taken over",
  at: at(ms),
  attributes: { attempt: 1, journaled: 1 },
});

function flow(steps: Step[], events: FlowEvent[]): FlowDetail {
  return aDetail({ startedAt: at(0), endedAt: at(60_000), steps, events });
}

const gaps = (detail: FlowDetail) => gapsOf(detail).map(({ start, end }) => [start - zero, end - zero]);

test("a gap reaches from the last thing that is known before it to the takeover", () => {
  const steps = [step("validate", 0, 100), step("charge", 120, 31_000), step("ship", 31_000, 31_200)];
  expect(gaps(flow(steps, [takenOver(30_000)]))).toEqual([[120, 30_000]]);
});

test("each takeover has its own, also where nothing happened between them", () => {
  const detail = flow([step("charge", 120, 31_000)], [takenOver(10_000), takenOver(30_000)]);
  expect(gaps(detail)).toEqual([
    [120, 10_000],
    [10_000, 30_000],
  ]);
});

test("a run that was given back, and an event of the user's, are no gaps", () => {
  const events: FlowEvent[] = [
    { name: "resumed", at: at(5_000), attributes: { attempt: 1, journaled: 2 } },
    { name: "taken over", at: at(6_000), attributes: { by: "the night shift" } },
  ];
  expect(gaps(flow([], events))).toEqual([]);
});

test("the work that was open over a gap ran again; what had ended, what waits and what holds others did not", () => {
  const steps = [
    step("validate", 0, 100),
    step("sub-flow", 110, 40_000),
    step("charge", 120, 31_000, { parentId: "sub-flow" }),
    step("pause", 120, 35_000, { kind: "sleep" }),
    step("ship", 31_000, 31_200),
  ];
  const detail = flow(steps, [takenOver(30_000)]);
  const again = layOut(detail).steps.filter((placed) => ranAgain(placed, gapsOf(detail)));
  expect(again.map((placed) => placed.step.id)).toEqual(["charge"]);
});
