import type { StatsGroup } from "@weir/collector/schemas";
import fc from "fast-check";
import { expect, test } from "vitest";
import { durationScale } from "./durationScale.ts";

function slot(p50: number | null, p95: number | null) {
  return { group: { durationMs: { min: p50, avg: p50, p50, p95, max: p95, last: p95 } } as StatsGroup };
}

test("as many times longer stands as much higher, between round durations", () => {
  const { at, marks } = durationScale([slot(20, 800), slot(400, 900), { group: null }, slot(null, null)]);
  expect(marks).toEqual([10, 100, 1_000]);
  expect(marks.map((ms) => Math.round(at(ms)))).toEqual([0, 50, 100]);
});

test("milliseconds and days have their place on one scale, with few marks", () => {
  const { at, marks } = durationScale([slot(13, 200_000_000)]);
  expect(marks.length).toBeLessThanOrEqual(4);
  expect(at(13)).toBeGreaterThan(0);
  expect(at(200_000_000)).toBeLessThanOrEqual(100);
});

test("every duration has a place, and a longer one none that is lower", () => {
  const durations = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { maxLength: 20 });
  fc.assert(
    fc.property(durations, (all) => {
      const sorted = all.toSorted((a, b) => a - b);
      const { at, marks } = durationScale(sorted.map((ms) => slot(ms, ms)));
      const places = sorted.map(at);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      for (const place of [...places, ...marks.map(at)]) {
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThanOrEqual(100.000001);
      }
    }),
  );
});
