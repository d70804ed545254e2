/** How wide the buckets of a histogram are. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketWidth, DAY_US, HOUR_US } from "../src/stores/slots.ts";

const START = Math.floor(1_790_000_000_000_000 / DAY_US) * DAY_US;

test.each([
  ["a minute", HOUR_US / 60, 1_000_000],
  ["an hour", HOUR_US, 60_000_000],
  ["a day", DAY_US, HOUR_US / 2],
  ["a week", 7 * DAY_US, 3 * HOUR_US],
  ["two weeks", 14 * DAY_US, 6 * HOUR_US],
  ["a month, by day rather than by half of one", 30 * DAY_US, DAY_US],
  ["a year", 364 * DAY_US, 7 * DAY_US],
])("of %s in up to 60 buckets", (_, time, width) => {
  expect(bucketWidth(START, START + time, 60)).toBe(width);
});

test("no more buckets than were asked for, wherever the time begins", () => {
  const time = fc.integer({ min: 1, max: 4_000 * DAY_US });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: START }),
      time,
      fc.integer({ min: 2, max: 1_000 }),
      (from, long, most) => {
        const to = from + long;
        const width = bucketWidth(from, to, most);
        expect(Math.ceil(to / width) - Math.floor(from / width)).toBeLessThanOrEqual(most);
      },
    ),
  );
});
