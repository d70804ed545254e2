import { expect, test } from "vitest";
import { createClock } from "../src/clock.ts";

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
  expect(Math.abs(last - (start - 10_000 + 30_000))).toBeLessThan(25);
});
