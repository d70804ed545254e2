import { describe, expect, test } from "vitest";
import { isWhole, panned, within, zoomed } from "./view.ts";

const whole = { start: 1_000, end: 2_000 };

describe("the stretch that is looked at", () => {
  test("never leaves the whole, and keeps its length where there is room", () => {
    expect(within({ start: 900, end: 1_100 }, whole)).toEqual({ start: 1_000, end: 1_200 });
    expect(within({ start: 1_950, end: 2_150 }, whole)).toEqual({ start: 1_800, end: 2_000 });
    expect(within({ start: 0, end: 9_000 }, whole)).toEqual(whole);
    expect(within({ start: 1_500, end: 1_400 }, whole)).toEqual({ start: 1_500, end: 1_505 });
  });

  test("of a whole that is shorter than anything there is to see is all of it", () => {
    expect(within({ start: 5, end: 5 }, { start: 5, end: 5 })).toEqual({ start: 5, end: 5 });
  });

  test("comes closer around a time, which stays where it is", () => {
    expect(zoomed(whole, whole, 0.5, 1_250)).toEqual({ start: 1_125, end: 1_625 });
    expect(zoomed(whole, whole, 0.5)).toEqual({ start: 1_250, end: 1_750 });
    expect(zoomed({ start: 1_250, end: 1_750 }, whole, 4)).toEqual(whole);
    expect(zoomed({ start: 1_500, end: 1_505 }, whole, 0.1)).toEqual({ start: 1_500, end: 1_505 });
  });

  test("moves by a share of itself, up to the ends", () => {
    const view = { start: 1_200, end: 1_400 };
    expect(panned(view, whole, 0.5)).toEqual({ start: 1_300, end: 1_500 });
    expect(panned(view, whole, -9)).toEqual({ start: 1_000, end: 1_200 });
    expect(isWhole(view, whole)).toBe(false);
    expect(isWhole(whole, whole)).toBe(true);
  });
});
