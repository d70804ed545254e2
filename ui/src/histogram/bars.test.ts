import type { FlowHistogram } from "@weir/collector/schemas";
import { expect, test } from "vitest";
import { barsOf, scaleOf, spanOf } from "./bars.ts";

const minute = 60_000;
const at = (minutes: number) => new Date(Date.UTC(2026, 10, 22, 10, minutes)).toISOString();
const bucket = (minutes: number, over = {}) => ({
  at: at(minutes),
  running: 0,
  paused: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  ...over,
});
const histogram: FlowHistogram = {
  from: at(0),
  to: at(10),
  complete: true,
  bucketMs: minute,
  buckets: [bucket(2, { succeeded: 3, failed: 1 }), bucket(7, { succeeded: 2 })],
};
const scale = scaleOf(histogram);

test("the edges are those that were asked for, in whole buckets", () => {
  expect(scale).toEqual({ start: Date.parse(at(0)), end: Date.parse(at(10)), bucketMs: minute });
  const cut = {
    ...histogram,
    from: at(0).replace(":00.000", ":30.000"),
    to: at(9).replace(":00.000", ":01.000"),
  };
  expect(scaleOf(cut)).toEqual(scale);
});

test("without edges they are those of the bars; one bar fills them", () => {
  const open = { ...histogram, from: null, to: null };
  expect(scaleOf(open)).toEqual({ start: Date.parse(at(2)), end: Date.parse(at(8)), bucketMs: minute });
  const one = { ...open, buckets: [bucket(2, { failed: 1 })] };
  expect(barsOf(one, scaleOf(one))).toMatchObject([{ x: 0, width: 1 }]);
});

test("bars stand where their time is, what failed at the foot, the highest as high as there is room", () => {
  const [first, second] = barsOf(histogram, scale);
  expect(first).toMatchObject({
    total: 4,
    x: 0.2,
    width: 0.1,
    parts: [
      { status: "failed", y: 0, height: 0.25 },
      { status: "succeeded", y: 0.25, height: 0.75 },
    ],
  });
  expect(second?.parts).toEqual([{ status: "succeeded", y: 0, height: 0.5 }]);
});

test.each([
  ["from left to right", 0.21, 0.38, 2, 4],
  ["from right to left", 0.38, 0.21, 2, 4],
  ["a click is one bucket", 0.25, 0.25, 2, 3],
  ["beyond the edges", -4, 9, 0, 10],
  ["a click on the right edge", 1, 1, 9, 10],
])("a span dragged %s", (_, a, b, from, to) => {
  expect(spanOf(scale, a, b)).toEqual({ from: Date.parse(at(from)), to: Date.parse(at(to)) });
});
