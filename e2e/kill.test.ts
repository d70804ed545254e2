import { expect, test } from "vitest";
import { killUnderLoad } from "../soak/kill.ts";

test("100 times kill -9 under load: nothing acknowledged is lost, nothing is there by half", async () => {
  // Two collectors side by side, each on a file of its own: most of the time is spent starting them.
  const reports = await Promise.all([1, 2].map(() => killUnderLoad({ times: 50 })));
  for (const { kills, lost, half } of reports) {
    expect({ kills, lost, half }).toEqual({ kills: 50, lost: [], half: [] });
  }
  expect(reports.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(1000);
}, 300_000);
