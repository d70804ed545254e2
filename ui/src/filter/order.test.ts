import fc from "fast-check";
import { expect, test } from "vitest";
import { aFlow } from "../api/flow.fixture.ts";
import { compareBy, type FlowOrder, isOrder, orders } from "./order.ts";

const at = (second: number) => new Date(Date.UTC(2026, 10, 22, 10, 0, second)).toISOString();
const ended = (id: string, start: number, end: number, active = end) =>
  aFlow({
    id,
    status: "succeeded",
    startedAt: at(start),
    endedAt: at(end),
    durationMs: (end - start) * 1000,
    updatedAt: at(active),
  });
const open = (id: string, start: number, active: number) =>
  aFlow({ id, startedAt: at(start), updatedAt: at(active) });

const flows = [ended("slow", 1, 40), ended("quick", 20, 21, 50), open("old", 2, 45), open("young", 30, 30)];

test.each<[FlowOrder, string[]]>([
  ["newest", ["young", "quick", "old", "slow"]],
  ["oldest", ["slow", "old", "quick", "young"]],
  ["last-ended", ["slow", "quick", "young", "old"]],
  ["first-ended", ["quick", "slow", "old", "young"]],
  ["longest", ["slow", "quick", "young", "old"]],
  ["shortest", ["quick", "slow", "old", "young"]],
  ["last-active", ["quick", "old", "slow", "young"]],
  ["first-active", ["young", "slow", "old", "quick"]],
])("%s", (order, expected) => {
  expect(flows.toSorted(compareBy[order]).map(({ id }) => id)).toEqual(expected);
});

test("every order puts any two flows the same way round, whichever is asked about", () => {
  const flow = fc
    .record({ id: fc.constantFrom("a", "b", "c"), start: fc.nat(3), length: fc.option(fc.nat(3)) })
    .map(({ id, start, length }) =>
      length === null ? open(id, start, start) : ended(id, start, start + length),
    );
  fc.assert(
    fc.property(fc.constantFrom(...orders), flow, flow, (order, a, b) => {
      const compare = compareBy[order];
      expect(Math.sign(compare(a, b)) === -Math.sign(compare(b, a))).toBe(true);
    }),
  );
});

test("a word that is no order is none", () => {
  expect(orders.every(isOrder)).toBe(true);
  expect(["", "Newest", "toString"].some(isOrder)).toBe(false);
});
