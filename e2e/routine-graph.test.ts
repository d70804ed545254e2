// The example of a routine graph: paused from the terminal, killed, resumed in another process; and killed without a pause.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isGood } from "../examples/routine-graph/src/rows.ts";
import { JobState } from "../sdk/src/graph/index.ts";
import { flowOf, until } from "./support/api.ts";
import { openPage, startBrowser } from "./support/browser.ts";
import { type RunningCollector, startCollector } from "./support/processes.ts";

const ROWS = 100;
const MAIN = fileURLToPath(new URL("../examples/routine-graph/src/main.ts", import.meta.url));
const good = Array.from({ length: ROWS }, (_, at) => at + 1).filter(isGood);

let folder: string;
let collector: RunningCollector;
const programs: Program[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "weir-graph-"));
  collector = await startCollector();
});

afterAll(async () => {
  await Promise.all(programs.map((program) => program.kill()));
  await collector?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Program {
  output(): string;
  type(line: string): void;
  says(pattern: RegExp): Promise<true>;
  kill(): Promise<void>;
  /** Resolves when it has ended, also where that was before. */
  ended: Promise<unknown>;
}

/** The example, with a terminal that types. */
function start(command: "start" | "resume", speed: number): Program {
  const env = {
    ...process.env,
    WEIR_ENDPOINT: collector.url,
    WEIR_HEARTBEAT_INTERVAL: "1000",
    ROWS_FOLDER: folder,
    DEMO_ROWS: String(ROWS),
    DEMO_SPEED: String(speed),
  };
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, command], {
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      output += chunk;
    });
  const program: Program = {
    output: () => output,
    type: (line) => void child.stdin.write(`${line}\n`),
    says: (pattern) =>
      until(`${pattern} of ${command}`, async () => {
        if (pattern.test(output)) return true as const;
        if (child.exitCode !== null) throw new Error(`it ended:\n${output}`);
        return false;
      }),
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    ended,
  };
  programs.push(program);
  return program;
}

function written(): number[] {
  try {
    return readFileSync(join(folder, "written.jsonl"), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => (JSON.parse(line) as { id: number }).id);
  } catch {
    return [];
  }
}

test("paused from the terminal, killed, resumed, killed again, and done: no row lost, nothing finished twice", async () => {
  const first = start("start", 4);
  await until("the first rows", async () => written().length >= 10);
  first.type("p");
  await first.says(/is paused, \d+ deliveries wait/);
  const saved = await JobState.read(join(folder, "job.txt"));
  expect(saved).toMatchObject({ id: "catalogue-1", status: "paused", reason: "typed in the terminal" });
  expect(saved.pending.length).toBeGreaterThan(0);
  const atPause = written();
  // The rows that were finished were finished once.
  expect(new Set(atPause).size).toBe(atPause.length);
  const seen = await until("the pause", async () => {
    const flow = await flowOf(collector.url, "acme-corp", "catalogue-1");
    return flow.status === "paused" && flow;
  });
  expect(seen.currentSteps).toEqual([]);
  expect(written()).toEqual(atPause);
  await first.kill();

  const second = start("resume", 2);
  await until("that it is seen again, and more rows", async () => {
    const { events } = await flowOf(collector.url, "acme-corp", "catalogue-1");
    return events.some(({ name }) => name === "resumed") && written().length > atPause.length;
  });
  await second.kill();
  const atKill = written();
  expect(atKill.length).toBeLessThan(good.length);

  const third = start("resume", 10);
  await third.says(/catalogue-1 succeeded/);
  await third.ended;
  const all = written();
  expect([...new Set(all)].toSorted((a, b) => a - b)).toEqual(good);
  // At least once: only what was in hand when the process was killed, one batch, may have been written again.
  expect(all.length - good.length).toBeLessThanOrEqual(10);

  const [, succeeded = "", pictures = "", without = ""] =
    /succeeded: (\d+) deliveries, \d+ retries, (\d+) pictures, (\d+) without, 0 not done/.exec(
      third.output(),
    ) ?? [];
  const noPicture = good.filter((id) => id % 13 === 0).length;
  expect(Number(without)).toBe(noPicture);
  expect(Number(pictures)).toBe(good.length - noPicture);
  // read, validate, reject, price and stock, pictures, aggregate: each counted once, in whichever process; and the batches.
  const unbatched = 1 + ROWS + (ROWS - good.length) + 2 * good.length + Number(pictures) + good.length;
  const batches = Number(succeeded) - unbatched;
  expect(batches).toBeGreaterThanOrEqual(Math.ceil(good.length / 10));
  expect(batches).toBeLessThan(good.length);
}, 60_000);

test("by the collector: one flow with all its steps, retries made good, in two resumptions", async () => {
  const flow = await until("the end", async () => {
    const found = await flowOf(collector.url, "acme-corp", "catalogue-1");
    return found.status === "succeeded" && found;
  });
  expect(flow.events.filter(({ name }) => name === "resumed")).toHaveLength(1);
  expect(flow.events.filter(({ name }) => name === "taken over")).toHaveLength(1);
  expect(flow.failedStep).toBeNull();
  const finished = new Set(
    flow.steps
      .filter(({ name, status }) => name === "price.in" && status === "succeeded")
      .map(({ attributes }) => attributes["delivery"]),
  );
  expect(finished.size).toBe(good.length);
  expect(
    flow.steps.some(
      ({ name, attempt, status }) => name === "price.in" && attempt === 2 && status === "succeeded",
    ),
  ).toBe(true);
});

test("on the page: its graph, with what each routine did", async () => {
  const browser = await startBrowser();
  try {
    const url = `${collector.url}/tenants/acme-corp/flows/catalogue-1?view=graph`;
    const { page, troubles } = await openPage(browser, url);
    const routine = (id: string) =>
      page.getByRole("group", { name: /^Graph of/ }).getByRole("button", { name: new RegExp(`\\b${id}\\b`) });
    await routine("price")
      .filter({ hasText: `${good.length} done` })
      .waitFor();
    await routine("write").waitFor();
    expect(troubles).toEqual([]);
  } finally {
    await browser.close();
  }
});
