/**
 * CPU of a step (start, end, export) beside that of a bare OpenTelemetry active span with the same attributes
 * through the same exporter. Each runs in a process of its own, in turn, against a sink that answers at once.
 */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Figure, median } from "./table.ts";

const WORKER = fileURLToPath(new URL("./step-cost-worker.ts", import.meta.url));
const ROUNDS = 5;
const run = promisify(execFile);

export async function stepCost(): Promise<Figure[]> {
  const sink = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.setHeader("content-type", "application/json").end("{}"));
  });
  await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/v1/traces`;
  try {
    const cost = { short: [] as number[], long: [] as number[] };
    const ratio = { short: [] as number[], long: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const length of ["short", "long"] as const) {
        const weir = await microseconds("weir", length, endpoint);
        const bare = await microseconds("bare", length, endpoint);
        cost[length].push(weir);
        ratio[length].push(weir / bare);
      }
    }
    return [
      figure("a step shorter than the pending delay", cost.short, ratio.short),
      figure("a step that is announced while open", cost.long, ratio.long),
    ];
  } finally {
    sink.close();
  }
}

function figure(what: string, cost: number[], ratio: number[]): Figure {
  return {
    what: `CPU of ${what}`,
    value: `${median(cost).toFixed(1)} µs`,
    beside: `${median(ratio).toFixed(2)} times a bare OpenTelemetry span, through the same exporter`,
  };
}

async function microseconds(subject: string, length: string, endpoint: string): Promise<number> {
  const { stdout } = await run(process.execPath, [WORKER, subject, length, endpoint]);
  return Number(stdout);
}
