// What a sender was told is stored is stored: whatever ends the collector, at whatever moment.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FlowDetail } from "@weir/collector/schemas";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bodies, CONTENT_TYPE } from "../bench/payloads.ts";
import { startCollector } from "./support/processes.ts";

const CONNECTIONS = 8;
const REQUESTS = 4_000;
const SPANS = 4;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-durability-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Sends until nobody answers any more.
 *
 * @param enough is called once so many were answered.
 * @returns the numbers of the bodies that were answered with 200.
 */
async function sendUntilItEnds(
  url: string,
  seed: number,
  answers: number,
  enough: () => void,
): Promise<number[]> {
  const waiting = [...bodies("protobuf", REQUESTS, seed, SPANS).entries()];
  const acknowledged: number[] = [];
  const headers = { "content-type": CONTENT_TYPE.protobuf };
  const connection = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [n, body] = next;
      const request = { method: "POST", body: new Uint8Array(body), headers };
      const response = await fetch(`${url}/v1/traces`, request).catch(() => undefined);
      if (response?.status !== 200) return;
      acknowledged.push(n);
      if (acknowledged.length === answers) enough();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  return acknowledged;
}

test.each([
  ["SIGKILL", null, 50],
  ["SIGKILL", null, 333],
  ["SIGKILL", null, 800],
  ["SIGTERM", 0, 400],
] as const)(
  "%s under load, exit code %s, after %i answers: each flow that was acknowledged is there, whole",
  async (signal, code, answers) => {
    const path = join(folder, `${signal}-${answers}.db`);
    const collector = await startCollector({ path });
    const acknowledged = await sendUntilItEnds(
      collector.url,
      answers,
      answers,
      () => void collector.stop(signal),
    );
    // Where it was too few, nobody has ended it.
    if (acknowledged.length < answers) await collector.stop("SIGKILL");
    expect(acknowledged.length).toBeGreaterThanOrEqual(answers);
    expect(acknowledged.length).toBeLessThan(REQUESTS);
    expect(await collector.exited).toBe(code);

    const again = await startCollector({ path });
    try {
      for (const n of acknowledged) {
        // As bodies() names them.
        const response = await fetch(`${again.url}/api/v1/tenants/tenant-0/flows/${answers}-${n * 1000}`);
        const flow = (await response.json()) as FlowDetail;
        expect(flow).toMatchObject({ status: "succeeded", incomplete: [], stepCounts: { total: SPANS - 1 } });
      }
    } finally {
      await again.stop();
    }
  },
);
