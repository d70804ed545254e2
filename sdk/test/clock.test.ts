import fc from "fast-check";
import { expect, test } from "vitest";
import { createClock } from "../src/clock.ts";
import { createWallClock } from "../src/run/clock.ts";

function simulated() {
  const time = { wall: 1_000_000, ticks: 500 };
  const now = createClock(
    () => Math.trunc(time.wall),
    () => time.ticks,
  );
  return {
    now,
    pass(ms: number) {
      time.wall += ms;
      time.ticks += ms;
    },
    setBy(ms: number) {
      time.wall += ms;
    },
  };
}

test("it tells fractions of a millisecond", () => {
  const { now, pass } = simulated();
  const start = now();
  pass(0.125);
  expect(now() - start).toBeCloseTo(0.125, 6);
});

test("it follows the wall clock forwards at once", () => {
  const { now, setBy } = simulated();
  const start = now();
  setBy(3_600_000);
  expect(now() - start).toBeCloseTo(3_600_000, 0);
});

test("it never runs backwards, and is right again after twice the difference", () => {
  const { now, pass, setBy } = simulated();
  const start = now();
  setBy(-10_000);
  let last = start;
  for (let i = 0; i < 30_000; i++) {
    pass(1);
    const at = now();
    expect(at).toBeGreaterThanOrEqual(last);
    last = at;
  }
  expect(Math.abs(last - (start - 10_000 + 30_000))).toBeLessThan(2);
});

test("it stays within the millisecond that the wall clock says, however the two drift or the thread is held up", () => {
  const drift = fc.array(
    fc.tuple(fc.double({ min: 0, max: 5, noNaN: true }), fc.double({ min: 0, max: 0.4, noNaN: true })),
    {
      minLength: 1,
      maxLength: 50,
    },
  );
  fc.assert(
    fc.property(drift, (steps) => {
      const time = { wall: 1_000_000.7, ticks: 500 };
      const now = createClock(
        () => Math.trunc(time.wall),
        () => time.ticks,
      );
      for (const [ms, faster] of steps) {
        time.wall += ms + faster;
        time.ticks += ms;
        expect(now()).toBeGreaterThanOrEqual(Math.trunc(time.wall));
      }
    }),
  );
});

test("the clock of runs is within the millisecond that the wall clock says, also when it is set back", () => {
  const steps = fc.array(
    fc.tuple(fc.double({ min: 0, max: 3, noNaN: true }), fc.constantFrom(0, 0, 0.3, 7_000, -7_000)),
  );
  fc.assert(
    fc.property(steps, (passing) => {
      const time = { wall: 1_000_000_000.7, ticks: 500 };
      const now = createWallClock(
        () => Math.trunc(time.wall),
        () => time.ticks,
      );
      for (const [ms, setBy] of passing) {
        time.wall += ms + setBy;
        time.ticks += ms;
        expect(Math.floor(now())).toBe(Math.trunc(time.wall));
      }
    }),
  );
});
