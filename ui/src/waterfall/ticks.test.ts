import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTick, ticks, wordSides } from "./ticks.ts";

describe("ticks", () => {
  test.each([
    [0, 6, ["0"]],
    [7, 6, ["0", "2 ms", "4 ms", "6 ms"]],
    [950, 6, ["0", "200 ms", "400 ms", "600 ms", "800 ms"]],
    [4_210, 6, ["0", "1 s", "2 s", "3 s", "4 s"]],
    [150_000, 6, ["0", "30 s", "1m", "1m 30s", "2m", "2m 30s"]],
    [5 * 3_600_000, 6, ["0", "1h", "2h", "3h", "4h", "5h"]],
    [9 * 86_400_000, 6, ["0", "2d", "4d", "6d", "8d"]],
  ])("over %d ms, at most %d", (duration, most, labels) => {
    expect(ticks(0, duration, most).map(formatTick)).toEqual(labels);
  });

  test("never too many, never past the end, evenly apart", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e12 }),
        fc.double({ min: 0, max: 1e13, noNaN: true }),
        fc.integer({ min: 4, max: 20 }),
        (from, duration, most) => {
          const all = ticks(from, from + duration, most);
          expect(all.length).toBeLessThanOrEqual(most);
          for (const tick of all) expect(tick).toBeGreaterThanOrEqual(from);
          expect(all.at(-1) ?? 0).toBeLessThanOrEqual(from + duration);
          if (duration >= 5) expect(all.length).toBeGreaterThan(0);
          if (from === 0) expect(all[0]).toBe(0);
        },
      ),
    );
  });
});

describe("the words of ticks", () => {
  test("stand on the right, and of the last one on the left", () => {
    expect(wordSides([0, 100, 200, 290], 300, 40)).toEqual(["right", "right", "right", "left"]);
  });

  test("are left out where they would run into those before", () => {
    expect(wordSides([0, 100, 150], 155, 40)).toEqual(["right", "right", null]);
    expect(wordSides([0, 30, 60, 90], 200, 40)).toEqual(["right", null, "right", null]);
    expect(wordSides([0, 10], 20, 40)).toEqual(["left", null]);
  });
});
