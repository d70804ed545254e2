import { expect, test } from "vitest";
import { healthInWords } from "./words.ts";

const usual = (p95: number | null, succeeded = 120) => ({
  succeeded,
  failed: 0,
  cancelled: 0,
  durationMs: { min: null, avg: null, p50: null, p90: null, p95, p99: null, max: null, last: null },
});

test("stalled says by how much, where the finished runs say so", () => {
  expect(healthInWords("stalled", 40_000, usual(10_000))).toBe(
    "Stalled: open 4.0× longer than 95 % of its 120 finished runs took (10.0 s).",
  );
});

test("stalled without enough runs to compare with", () => {
  const plain = "Stalled: it has been open far longer than its kind usually is.";
  expect(healthInWords("stalled", 40_000, undefined)).toBe(plain);
  expect(healthInWords("stalled", 40_000, usual(null))).toBe(plain);
  expect(healthInWords("stalled", 40_000, usual(10_000, 4))).toBe(plain);
});

test("a flow that is well says nothing until it is slow", () => {
  expect(healthInWords("ok", 14_000, usual(10_000))).toBeUndefined();
  expect(healthInWords("ok", 20_000, usual(10_000))).toMatch(/^Slow: open 2\.0× longer/);
});
