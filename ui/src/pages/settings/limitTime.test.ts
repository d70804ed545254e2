import { expect, test } from "vitest";
import { readLimit, writeLimit } from "./limitTime.ts";

test.each([
  ["90s", 90_000, "90s"],
  [" 10 m ", 600_000, "10m"],
  ["120m", 7_200_000, "2h"],
  ["24h", 86_400_000, "1d"],
])("%s is %d ms, and is written as %s", (text, ms, written) => {
  expect(readLimit(text)).toBe(ms);
  expect(writeLimit(ms)).toBe(written);
});

test("what is no such time is none", () => {
  expect(["", "10", "m", "-1m", "1.5h", "1w"].map(readLimit)).toEqual(Array(6).fill(undefined));
  expect(writeLimit(1_234)).toBe("1234 ms");
});
