import { expect, test } from "vitest";
import { expected } from "./progress.ts";

const usual = { p50: 10_000, p95: 40_000, runs: 120 };

test("a flow's progress is told by how long its runs usually take", () => {
  expect(expected(4_000, usual)).toEqual({ share: 0.1, words: "about 6.00 s left" });
  expect(expected(20_000, usual)).toEqual({ share: 0.5, words: "at most 20.0 s left, as a rule" });
  expect(expected(90_000, usual)).toEqual({ share: 1, words: "over its usual time" });
});

test("nothing is told where too few runs have finished", () => {
  expect(expected(4_000, null)).toBeUndefined();
  expect(expected(4_000, { ...usual, runs: 4 })).toBeUndefined();
  expect(expected(4_000, { p50: 0, p95: 0, runs: 9 })).toBeUndefined();
});
