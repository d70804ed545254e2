/** Every snippet of docs/guides/routine-graphs.md stands in here, line by line, and runs. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  custom,
  ErrorHandler,
  ErrorStrategy,
  Graph,
  JobState,
  Routine,
  routine,
  sqliteJournal,
} from "@weir/sdk/graph";
import { TestClock } from "@weir/sdk/testing";
import { beforeEach, expect, test, vi } from "vitest";
import { runInOwnFolder, snippetsIn } from "../guide.ts";

const GUIDE = new URL("../../../docs/guides/routine-graphs.md", import.meta.url);
const shown: unknown[] = [];
const show = (value: unknown) => void shown.push(value);
const table = { insert: vi.fn(async (_line: string) => {}) };

async function* rowsOf(path: string, _signal: AbortSignal): AsyncGenerator<string> {
  yield `${path}:1`;
  yield `${path}:2`;
}

runInOwnFolder();
beforeEach(() => {
  shown.length = 0;
});

/** Without layout: one line of the guide may be several here. */
function flat(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.trim().startsWith("import ") && !line.includes("biome-ignore"))
    .join(" ")
    .replaceAll(/\s+|,(?=\s*[)\]}])/g, "");
}

test("every snippet of the guide is in this file", () => {
  const here = flat(readFileSync(fileURLToPath(import.meta.url), "utf8"));
  const snippets = snippetsIn(GUIDE);
  expect(snippets.length).toBeGreaterThan(12);
  for (const snippet of snippets) expect(here, snippet).toContain(flat(snippet));
});

class Reader extends Routine {
  output = this.defineEvent<{ row: string }>("output");
  input = this.defineSlot<{ path: string }>("input", async ({ path }, { signal }) => {
    for await (const row of rowsOf(path, signal)) await this.output.emit({ row });
  });
}

class Writer extends Routine {
  input = this.defineSlot<{ line: string }>("input", ({ line }) => table.insert(line));
}

const split = routine(
  "split",
  { in: custom<{ text: string }>(), out: { word: custom<{ word: string }>() } },
  async ({ text }, { emit }) => {
    for (const word of text.split(" ")) await emit("word", { word });
  },
);

const count = routine("count", { in: custom<{ word: string }>() }, ({ word }, { state, shared }) => {
  state.update<number>(word, (times = 0) => times + 1);
  shared.update<number>("words", (words = 0) => words + 1);
});

test("a graph, and how it is executed", async () => {
  const graph = new Graph("import");
  graph.addRoutine(new Reader(), "reader");
  graph.addRoutine(new Writer(), "writer");
  graph.connect({
    source: "reader",
    event: "output",
    target: "writer",
    slot: "input",
    paramMapping: { row: "line" },
  });

  const job = graph.execute({ entry: "reader", params: { path: "a.csv" }, tenant: "acme-corp" });
  const { status, error } = await job.done;

  expect({ status, error }).toEqual({ status: "succeeded", error: undefined });
  expect(table.insert.mock.calls).toEqual([["a.csv:1"], ["a.csv:2"]]);
});

test("routines with types, by names and by themselves, and what they remember", async () => {
  const typed = new Graph("words", { routines: { split, count }, concurrent: 8 });
  typed.connect({ source: "split", event: "word", target: "count", slot: "in" });
  const state = await typed.execute({ entry: "split", params: { text: "a b a" } }).done;
  expect(state.routine("count").values).toEqual(
    new Map([
      ["a", 2],
      ["b", 1],
    ]),
  );
  expect(state.shared.get("words")).toBe(3);

  const [reader, writer] = [new Reader(), new Writer()];
  const check = routine(
    "check",
    { in: custom<{ row: string }>(), out: { wrong: custom<{ row: string }>() } },
    () => {},
  );
  const mend = routine(
    "mend",
    { in: custom<{ row: string }>(), out: { row: custom<{ row: string }>() } },
    () => {},
  );
  const graph = new Graph("objects");
  for (const each of [reader, writer, check, mend]) graph.addRoutine(each);
  graph.connect(reader.output, writer.input, { paramMapping: { row: "line" } });
  graph.connect({ source: "check", event: "wrong", target: "mend", slot: "in", maxTurns: 5 });
  graph.connect({ source: "mend", event: "row", target: "check", slot: "in" });
  graph.validate();
});

test("what comes together", async () => {
  const reading = custom<{ celsius: number }>();
  const fact = custom<{ id: number }>();
  const last = routine("last", { in: reading, merge: "override" }, (newest) => show(newest));
  const all = routine("all", { in: reading, merge: "append" }, ({ celsius }) => show(celsius));
  const sum = routine(
    "sum",
    { in: reading, merge: (sum: number | undefined, { celsius }) => (sum ?? 0) + celsius },
    (sum) => show(sum),
  );
  const both = routine("both", { in: fact, join: { by: ({ id }) => id, timeout: 60_000 } }, ({ parts }) =>
    show(parts),
  );
  for (const each of [last, all, sum]) {
    const graph = new Graph("together");
    graph.addRoutine(each);
    await graph.execute({ entry: each.name, params: { celsius: 21 } }).done;
  }
  const joining = new Graph("joining");
  joining.addRoutine(both);
  await joining.execute({ entry: "both", params: { id: 1 } }).done;
  expect(shown).toEqual([{ celsius: 21 }, [21], 21, [{ source: "", event: "", payload: { id: 1 } }]]);
});

test("errors, pausing, and going on from a file", async () => {
  const mailer = routine("mailer", { in: custom<{ word: string }>() }, () => {
    throw new Error("no mail today");
  });
  const graph = new Graph("mail", { routines: { split, mailer } });
  graph.setErrorHandler(
    new ErrorHandler({ strategy: ErrorStrategy.RETRY, maxRetries: 3, retryDelay: 200, jitter: 0.5 }),
  );
  mailer.setErrorHandler(new ErrorHandler({ strategy: ErrorStrategy.SKIP }));
  graph.connect({ source: "split", event: "word", target: "mailer", slot: "in" });
  const job = graph.execute({ entry: "split", params: { text: "a b" } });
  await job.pause("waits for the audit", { page: 7 });
  await job.save("./job.txt");
  const again = graph.resume(await JobState.read("./job.txt"));
  const state = await again.done;
  expect(state).toMatchObject({ status: "succeeded", deadLetters: [{ skipped: true }, { skipped: true }] });
  expect(await job.done).toBe(state);
});

test("jobs that outlive their process, and what is known of them", async () => {
  const journal = sqliteJournal("./jobs.db");
  const graph = new Graph("import", { journal });
  graph.addRoutine(split);
  await graph.execute({ entry: "split", params: { text: "a b" }, id: "import-42" }).done;
  {
    const job = graph.execute({ entry: "split", params: { text: "a b" }, id: "import-43" });
    await job.pause();
    const left = await graph.recover();
    expect(left).toEqual([]);
    const resumed = await graph.resume("import-43");
    await resumed.done;
    const { pending, deadLetters, history, numbers, shared } = job.state;
    const { status, count, failures, avg, p95, max, values } = job.state.routine("split");
    expect([pending.length, deadLetters, history.length, numbers.count, shared.size]).toEqual([
      1,
      [],
      2,
      0,
      0,
    ]);
    expect([status, count, failures, avg, p95, max, values.size]).toEqual(["waiting", 0, 0, 0, 0, 0, 0]);
  }
  {
    const job = graph.execute({ entry: "split", params: { text: "a b" }, id: "import-44" });
    await job.pause();
  }
  await journal.close();
});

test("taking what is left", async () => {
  const journal = sqliteJournal("./jobs.db");
  const graph = new Graph("import", { journal });
  graph.addRoutine(split);
  await graph.execute({ entry: "split", params: { text: "a b" }, id: "import-42" }).pause();
  {
    const left = await graph.recover();
    const paused = await graph.resume("import-42");
    await using worker = graph.worker({ concurrency: 10 });
    expect(left).toEqual([]);
    expect((await paused.done).status).toBe("succeeded");
    await worker.stop();
  }
  await graph.close({ grace: 5_000 });
  await journal.close();
});

test("a test of an hour takes no time", async () => {
  const flaky = routine("flaky", { in: custom<{ text: string }>() }, (_, { attempt }) => {
    if (attempt === 1) throw new Error("once");
  });
  const clock = new TestClock();
  const graph = new Graph("import", { clock });
  graph.addRoutine(flaky, "flaky");
  graph.setErrorHandler(new ErrorHandler({ strategy: ErrorStrategy.RETRY, retryDelay: 60_000 }));
  const job = graph.execute({ entry: "flaky", params: { text: "a b" } });
  await vi.waitFor(() => expect(job.state.numbers.failures).toBe(1));
  await clock.advance(60_000);
  expect((await job.done).status).toBe("succeeded");
});
