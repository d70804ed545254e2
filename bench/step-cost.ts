/**
 * CPU of a step (start, end, export) beside that of a bare OpenTelemetry active span with the same attributes
 * through the same exporter. Each runs in a process of its own, in turn, against a sink that answers at once.
 */
import { fileURLToPath } from "node:url";
import { type Figure, median } from "./table.ts";
import { measureIn, startSink } from "./workers.ts";

const WORKER = fileURLToPath(new URL("./step-cost-worker.ts", import.meta.url));
const ROUNDS = 5;

export async function stepCost(): Promise<Figure[]> {
  const sink = await startSink();
  const microseconds = async (subject: string, length: string): Promise<number> =>
    Number(await measureIn(WORKER, [subject, length, sink.good]));
  try {
    const cost = { short: [] as number[], long: [] as number[] };
    const ratio = { short: [] as number[], long: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const length of ["short", "long"] as const) {
        const weir = await microseconds("weir", length);
        const bare = await microseconds("bare", length);
        cost[length].push(weir);
        ratio[length].push(weir / bare);
      }
    }
    return [
      figure("a step shorter than the pending delay", cost.short, ratio.short),
      figure("a step that is announced while open", cost.long, ratio.long),
    ];
  } finally {
    await sink.stop();
  }
}

function figure(what: string, cost: number[], ratio: number[]): Figure {
  return {
    what: `CPU of ${what}`,
    value: `${median(cost).toFixed(1)} µs`,
    beside: `${median(ratio).toFixed(2)} times a bare OpenTelemetry span, through the same exporter`,
  };
}
