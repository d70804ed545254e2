// Far more than the collector can take, for a few seconds; `soak/overload.ts` does the same for as long as one likes.
import { expect, test } from "vitest";
import { flood } from "../soak/overload.ts";

test("a flood is refused in part, all that was acknowledged is stored, questions are answered, memory is bounded", async () => {
  const { acknowledged, refused, answered, peakMiB, missing, faults } = await flood({ seconds: 3 });
  expect(faults).toEqual([]);
  expect(missing).toEqual([]);
  expect(acknowledged).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
  expect(answered).toBeGreaterThan(0);
  expect(peakMiB).toBeLessThan(800);
}, 60_000);
