import { expect, test } from "vitest";
import { healthInWords } from "./words.ts";

const usual = (p95: number, runs = 120) => ({ p50: p95 / 2, p95, runs });

test("stalled says by how much, where the finished runs say so", () => {
  expect(healthInWords("stalled", 40_000, usual(10_000))).toBe(
    "Stalled: open 4.0× longer than 95 % of its 120 finished runs took (10.0 s).",
  );
});

test("stalled without enough runs to compare with", () => {
  const plain = "Stalled: it has been open far longer than its kind usually is.";
  expect(healthInWords("stalled", 40_000, null)).toBe(plain);
  expect(healthInWords("stalled", 40_000, usual(0))).toBe(plain);
  expect(healthInWords("stalled", 40_000, usual(10_000, 4))).toBe(plain);
});

test("a flow that is well says nothing until it is slow", () => {
  expect(healthInWords("ok", 14_000, usual(10_000))).toBeUndefined();
  expect(healthInWords("ok", 20_000, usual(10_000))).toMatch(/^Slow: open 2\.0× longer/);
});
