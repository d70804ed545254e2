/**
 * Kills processes that work on durable flows, at each boundary, again and again on one journal: no step that was finished is
 * executed again, and in the end every run has ended.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProgram } from "../e2e/support/processes.ts";
import { type Journal, sqliteJournal } from "../sdk/src/durable/index.ts";
import { BOUNDARIES, RUNS_A_ROUND, STEPS } from "./durable-plan.ts";
import type { Soak } from "./soak.ts";

export interface DurableReport {
  /** Processes that were killed, by boundary. */
  kills: Record<(typeof BOUNDARIES)[number], number>;
  runs: number;
  /** Executions of steps. */
  executed: number;
  /** Steps that were executed after they had been finished. */
  repeated: string[];
  /** Runs that have not ended as they should. */
  unended: string[];
}

const WORKER = fileURLToPath(new URL("./durable-worker.ts", import.meta.url));
/** A count that no process reaches would never kill it. */
const MOST_CALLS = 14;

export const durable: Soak = {
  what: "kills of processes that work on durable flows, on one journal",
  count: 1000,

  async run({ count, say }) {
    const report = await killAtBoundaries({
      times: count,
      onRound: (round) => round % 50 === 0 && say(`${round} rounds`),
    });
    say(`${JSON.stringify(report.kills)} kills, ${report.runs} runs, ${report.executed} steps executed`);
    if (report.repeated.length > 0)
      throw new Error(`expected no finished step to be executed again, got ${report.repeated.join(", ")}`);
    if (report.unended.length > 0)
      throw new Error(`expected every run to end, left ${report.unended.join(", ")}`);
  },
};

export async function killAtBoundaries(options: {
  times: number;
  onRound?: (round: number) => void;
}): Promise<DurableReport> {
  const folder = mkdtempSync(join(tmpdir(), "weir-durable-"));
  const [path, effects] = [join(folder, "journal.db"), join(folder, "effects")];
  writeFileSync(effects, "");
  const journal = sqliteJournal(path);
  const report: DurableReport = {
    kills: { before: 0, after: 0, function: 0, commit: 0 },
    runs: options.times * RUNS_A_ROUND,
    executed: 0,
    repeated: [],
    unended: [],
  };
  let finished = new Set<string>();
  let seen = 0;
  try {
    for (let round = 0; round < options.times; round += 1) {
      const boundary = BOUNDARIES[round % BOUNDARIES.length] as (typeof BOUNDARIES)[number];
      const count = 1 + Math.floor(Math.random() * MOST_CALLS);
      const worker = startProgram(process.execPath, [
        WORKER,
        path,
        effects,
        String(round),
        boundary,
        String(count),
      ]);
      await worker.exited;
      if (!worker.output().includes("done")) report.kills[boundary] += 1;
      await check(round + 1);
      options.onRound?.(round + 1);
    }
    const last = startProgram(process.execPath, [WORKER, path, effects, "last"]);
    await last.printed(/done/);
    await last.exited;
    await check(options.times);
    for (let round = 0; round < options.times; round += 1) {
      for (let at = 0; at < RUNS_A_ROUND; at += 1) await checkEnd(`${round}-${at}`, at === 0);
    }
    return report;
  } finally {
    await journal.close();
    rmSync(folder, { recursive: true, force: true });
  }

  /** What the process before executed is compared with what had been finished when it began. */
  async function check(rounds: number): Promise<void> {
    const lines = readFileSync(effects, "utf8").split("\n").slice(0, -1);
    for (const line of lines.slice(seen)) {
      const step = line.slice(0, line.lastIndexOf(" "));
      report.executed += 1;
      if (finished.has(step)) report.repeated.push(line);
    }
    seen = lines.length;
    finished = await finishedOf(journal, rounds);
  }

  async function checkEnd(id: string, fails: boolean): Promise<void> {
    const run = await journal.read(id);
    // Killed before it was begun.
    if (run === undefined) return;
    const expected = [...STEPS, "part x", "part y", ...(fails ? ["undo"] : [])];
    const missing = expected.filter((key) => !finished.has(`${id} ${key}`));
    if (run.status !== (fails ? "failed" : "succeeded") || missing.length > 0)
      report.unended.push(`${id} ${run.status} without ${missing.join(" and ")}`);
  }
}

/** As the worker names them. */
async function finishedOf(journal: Journal, rounds: number): Promise<Set<string>> {
  const finished = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    for (let at = 0; at < RUNS_A_ROUND; at += 1) {
      const id = `${round}-${at}`;
      for (const { path, status, kind } of await journal.entries(id)) {
        const key = path.slice(path.lastIndexOf("/") + 1);
        if (status !== "succeeded") continue;
        if (kind === "rollback") finished.add(`${id} undo`);
        if (kind === "run") finished.add(`${id} ${path.lastIndexOf("/") === 0 ? key : `part ${key}`}`);
      }
    }
  }
  return finished;
}
