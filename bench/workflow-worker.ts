/** What workflow trees cost, one figure a process: `node workflow-worker.ts waiting | steps | lag`. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { debounce, ok, repeat, run, setState, wait, waitUntil, workflow } from "../sdk/src/workflow/index.ts";
import { settledHeap } from "./settled-heap.ts";

const WAITING = 100_000;
const STEPS = 3_000_000;
const LAG_FOR_MS = 2000;
process.on("warning", () => {});

const [what = "steps"] = process.argv.slice(2);
if (what === "waiting") console.log(JSON.stringify(await waiting()));
else if (what === "lag") console.log(JSON.stringify(await lag()));
else console.log(await stepsASecond());

/** Bytes of heap of each run, half of which wait for a signal and half for a time. */
async function waiting(): Promise<{ bytes: number; timers: number }> {
  const initialState = { dirty: false as boolean | "processing", bookId: null as string | null };
  const push = run<typeof initialState>("push", () => ok());
  const signalled = workflow(
    "signalled",
    { initialState },
    repeat(
      waitUntil((state) => state.dirty),
      debounce(500),
      push,
    ),
  );
  const timed = workflow("timed", { initialState }, repeat(wait(3_600_000), push));
  const runs: unknown[] = [];
  const start = (count: number) => {
    for (let n = 0; n < count; n += 1)
      runs.push((n % 2 === 0 ? signalled : timed).start({ tenant: "acme-corp" }));
  };
  start(1000);
  const before = await settledHeap();
  start(WAITING);
  const bytes = ((await settledHeap()) - before) / WAITING;
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  setImmediate(() => process.exit());
  return { bytes, timers };
}

async function stepsASecond(): Promise<number> {
  const add = setState((state: { n: number }) => ({ n: state.n + 1 }));
  const tree = workflow("steps", { initialState: { n: 0 } }, repeat(add, { times: STEPS }));
  await tree.start({ initialState: { n: 0 } }).done;
  const started = performance.now();
  await tree.start().done;
  return (STEPS * 1000) / (performance.now() - started);
}

/** By how many milliseconds the event loop was late in 99 of 100 turns, beside such a workflow and beside nothing. */
async function lag(): Promise<{ beside: number; idle: number }> {
  const idle = await lateness();
  const add = setState((state: { n: number }) => ({ n: state.n + 1 }));
  const busy = workflow("busy", { initialState: { n: 0 } }, repeat(add)).start();
  const beside = await lateness();
  await busy.stop();
  return { beside, idle };
}

async function lateness(): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await new Promise((resolve) => setTimeout(resolve, LAG_FOR_MS));
  delay.disable();
  return delay.percentile(99) / 1e6;
}
