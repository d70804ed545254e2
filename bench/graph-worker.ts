/** What routine graphs cost, one figure a process: `node graph-worker.ts rate | rate-async | chain | fan | pause | journal <file>`. */
import { custom, Graph, JobState, routine, sqliteJournal } from "../sdk/src/graph/index.ts";

const row = custom<{ id: number; name: string; ok: boolean }>();
process.on("warning", () => {});

const MEASURES: Record<string, (file: string) => Promise<unknown>> = {
  rate: () => deliveriesASecond(false),
  "rate-async": () => deliveriesASecond(true),
  chain: () => chain(10_000),
  fan: () => fan(10_000),
  pause: () => pause(100_000),
  journal: (file) => journaled(file),
};
const [what = "", file = ""] = process.argv.slice(2);
const measure = MEASURES[what];
if (measure === undefined)
  throw new Error(`expected any of ${Object.keys(MEASURES).join(", ")}, got ${JSON.stringify(what)}`);
console.log(JSON.stringify(await measure(file)));

/** A pipeline of three routines, each row of which is three deliveries. */
async function deliveriesASecond(isAsync: boolean): Promise<number> {
  const graph = pipeline(isAsync);
  const rates: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    const rows = 100_000;
    const began = performance.now();
    const { status, numbers } = await graph.execute({ entry: "read", params: { rows } }).done;
    if (status !== "succeeded" || numbers.succeeded !== 1 + 3 * rows)
      throw new Error(`expected ${1 + 3 * rows} deliveries to succeed, got ${numbers.succeeded}; ${status}`);
    rates.push((numbers.succeeded * 1000) / (performance.now() - began));
  }
  return rates.slice(1).sort((a, b) => a - b)[2] as number;
}

function pipeline(isAsync: boolean): Graph {
  const graph = new Graph("rate");
  graph.addRoutine(
    routine("read", { in: custom<{ rows: number }>(), out: { row } }, ({ rows }, { emit }) => {
      for (let id = 0; id < rows; id += 1) void emit("row", { id, name: "widget", ok: true });
    }),
  );
  for (const name of ["check", "enrich"]) {
    graph.addRoutine(
      isAsync
        ? routine(name, { in: row, out: { row } }, async (given, { emit }) => {
            await emit("row", given);
          })
        : routine(name, { in: row, out: { row } }, (given, { emit }) => void emit("row", given)),
    );
  }
  graph.addRoutine(routine("write", { in: row }, () => {}));
  graph.connect({ source: "read", event: "row", target: "check", slot: "in" });
  graph.connect({ source: "check", event: "row", target: "enrich", slot: "in" });
  graph.connect({ source: "enrich", event: "row", target: "write", slot: "in" });
  return graph;
}

/** Milliseconds, and KB of heap beyond those of the graph while it runs. */
async function chain(length: number): Promise<{ ms: number; kb: number }> {
  const graph = new Graph("chain");
  const pass = () => routine("pass", { in: row, out: { row } }, (given, { emit }) => void emit("row", given));
  for (let at = 0; at < length; at += 1) {
    graph.addRoutine(pass(), `r${at}`);
    if (at > 0) graph.connect({ source: `r${at - 1}`, event: "row", target: `r${at}`, slot: "in" });
  }
  graph.validate();
  return await measured(
    () => graph.execute({ entry: "r0", params: { id: 1, name: "widget", ok: true } }).done,
    length,
  );
}

async function fan(width: number): Promise<{ ms: number; kb: number }> {
  const graph = new Graph("fan");
  graph.addRoutine(routine("root", { in: row, out: { row } }, (given, { emit }) => void emit("row", given)));
  for (let at = 0; at < width; at += 1) {
    graph.addRoutine(
      routine("leaf", { in: row }, () => {}),
      `leaf${at}`,
    );
    graph.connect({ source: "root", event: "row", target: `leaf${at}`, slot: "in" });
  }
  graph.validate();
  return await measured(
    () => graph.execute({ entry: "root", params: { id: 1, name: "widget", ok: true } }).done,
    width + 1,
  );
}

async function measured(run: () => Promise<JobState>, expected: number): Promise<{ ms: number; kb: number }> {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const began = performance.now();
  const state = await run();
  const ms = performance.now() - began;
  if (state.numbers.succeeded !== expected)
    throw new Error(`expected ${expected} deliveries to succeed, got ${state.numbers.succeeded}`);
  globalThis.gc?.();
  return { ms, kb: (process.memoryUsage().heapUsed - before) / 1024 };
}

/** Milliseconds from the wish to pause to the text, and its size. */
async function pause(queued: number): Promise<{ ms: number; mb: number; loadMs: number }> {
  const graph = new Graph("pause");
  graph.addRoutine(
    routine("read", { in: custom<{ rows: number }>(), out: { row } }, ({ rows }, { emit, pause }) => {
      for (let id = 0; id < rows; id += 1) void emit("row", { id, name: `widget ${id}`, ok: true });
      pause("enough");
    }),
  );
  graph.addRoutine(routine("write", { in: row }, () => {}));
  graph.connect({ source: "read", event: "row", target: "write", slot: "in" });
  const job = graph.execute({ entry: "read", params: { rows: queued } });
  while (job.status === "running") await new Promise((resolve) => setImmediate(resolve));
  const began = performance.now();
  const text = job.serialize();
  const ms = performance.now() - began;
  const since = performance.now();
  const { pending } = JobState.load(text);
  if (pending.length !== queued) throw new Error(`expected ${queued} that wait, got ${pending.length}`);
  return { ms, mb: text.length / 1024 ** 2, loadMs: performance.now() - since };
}

async function journaled(path: string): Promise<number> {
  const journal = sqliteJournal(path);
  const graph = new Graph("rate", { journal, concurrent: 64 });
  graph.addRoutine(
    routine("read", { in: custom<{ rows: number }>(), out: { row } }, ({ rows }, { emit }) => {
      for (let id = 0; id < rows; id += 1) void emit("row", { id, name: "widget", ok: true });
    }),
  );
  graph.addRoutine(routine("check", { in: row, out: { row } }, (given, { emit }) => void emit("row", given)));
  graph.addRoutine(routine("write", { in: row }, () => {}));
  graph.connect({ source: "read", event: "row", target: "check", slot: "in" });
  graph.connect({ source: "check", event: "row", target: "write", slot: "in" });
  const rates: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const rows = 5_000;
    const began = performance.now();
    const { numbers } = await graph.execute({ entry: "read", params: { rows } }).done;
    rates.push((numbers.succeeded * 1000) / (performance.now() - began));
  }
  await journal.close();
  return rates.slice(1).sort((a, b) => a - b)[1] as number;
}
