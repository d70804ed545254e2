import type { StatsGroup } from "@weir/collector/schemas";
import { describe, expect, test } from "vitest";
import { slotsOf, weeksOf } from "./slots.ts";

const at = (text: string) => Date.parse(text);
const group = (key: string) => ({ key, total: 3 }) as StatsGroup;

describe("slots", () => {
  test("are all there, with nothing where nothing began", () => {
    const groups = [group("2026-11-20T00:00:00.000Z"), group("2026-11-22T00:00:00.000Z")];
    const slots = slotsOf(groups, "day", at("2026-11-20T07:00:00Z"), at("2026-11-22T10:00:00Z"));
    expect(slots.map(({ group }) => group?.total ?? null)).toEqual([3, null, 3]);
    expect(slots[0]).toMatchObject({ from: at("2026-11-20T00:00:00Z"), to: at("2026-11-21T00:00:00Z") });
  });

  test("of hours", () => {
    const slots = slotsOf([], "hour", at("2026-11-22T07:30:00Z"), at("2026-11-22T10:00:00Z"));
    expect(slots.map(({ from }) => new Date(from).getUTCHours())).toEqual([7, 8, 9]);
  });

  test("of days stand in weeks, Monday first", () => {
    // 2026-11-22 is a Sunday.
    const weeks = weeksOf(slotsOf([], "day", at("2026-11-20T00:00:00Z"), at("2026-11-25T00:00:00Z")));
    expect(weeks.map((week) => week.map((cell) => cell && new Date(cell.from).getUTCDate()))).toEqual([
      [null, null, null, null, 20, 21, 22],
      [23, 24],
    ]);
    expect(weeksOf([])).toEqual([]);
  });
});
