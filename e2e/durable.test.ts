import { expect, test } from "vitest";
import { killAtBoundaries } from "../soak/durable.ts";

test("killed a hundred times, at each boundary in turn: no finished step is executed again, every run ends", {
  timeout: 180_000,
}, async () => {
  const { kills, runs, executed, repeated, unended } = await killAtBoundaries({ times: 100 });
  expect({ repeated, unended }).toEqual({ repeated: [], unended: [] });
  expect(executed).toBeGreaterThan(runs);
  for (const boundary of ["before", "after", "function", "commit"] as const)
    expect(kills[boundary]).toBeGreaterThan(10);
});
