/** What workflow trees cost: runs that wait, steps a second, and what a repeat that never waits leaves of the event loop. */
import { fileURLToPath } from "node:url";
import { type Figure, median, whole } from "./table.ts";
import { measureIn } from "./workers.ts";

const WORKER = fileURLToPath(new URL("./workflow-worker.ts", import.meta.url));
const ROUNDS = 3;

export async function workflow(): Promise<Figure[]> {
  const steps: number[] = [];
  const lags: { beside: number; idle: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    steps.push(Number(await measureIn(WORKER, ["steps"])));
    lags.push(JSON.parse(await measureIn(WORKER, ["lag"])));
  }
  const { bytes, timers } = JSON.parse(await measureIn(WORKER, ["waiting"])) as {
    bytes: number;
    timers: number;
  };
  return [
    {
      what: "heap of each of 100,000 waiting runs of a workflow",
      value: `${whole(bytes)} bytes`,
      beside: `${timers} timers in all; the goal is 2,000`,
    },
    {
      what: "`setState` steps of a workflow a second",
      value: whole(median(steps)),
      beside: "the goal is 1,000,000",
    },
    {
      what: "lateness of the event loop beside a `repeat` that never waits, 99 of 100 turns",
      value: `${median(lags.map(({ beside }) => beside)).toFixed(1)} ms`,
      beside: `${median(lags.map(({ idle }) => idle)).toFixed(1)} ms beside nothing; the goal is 20`,
    },
  ];
}
