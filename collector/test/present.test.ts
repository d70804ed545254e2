import fc from "fast-check";
import { expect, test } from "vitest";
import { time } from "../src/http/present.ts";

test("a time is written as a date writes it, whichever was written before", () => {
  const second = fc.integer({ min: -1e9, max: 300e9 });
  const micros = fc.integer({ min: 0, max: 999_999 });
  fc.assert(
    fc.property(fc.array(fc.tuple(second, micros), { minLength: 1 }), (times) => {
      for (const [seconds, rest] of [...times, ...times.toReversed()]) {
        const at = seconds * 1e6 + rest;
        expect(time(at)).toBe(new Date(Math.floor(at / 1000)).toISOString());
      }
    }),
  );
});
