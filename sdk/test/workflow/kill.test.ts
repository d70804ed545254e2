// Processes that work on workflows in SQLite are killed by SIGKILL, again and again: each run comes to its end all the same.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { startProgram } from "../../../e2e/support/processes.ts";
import { sqliteJournal } from "../../src/workflow/index.ts";

const PROCESS = fileURLToPath(new URL("./kept-process.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-kept-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROUNDS = [1, 2, 3, 4];
const WORK = ROUNDS.flatMap((round) => ["push", "a", "b", "c"].map((what) => `${what} ${round}`));

test("after kill -9 at any moment a tree goes on at the step where it was", { timeout: 60_000 }, async () => {
  const path = join(folder, "journal.db");
  const world = join(folder, "world.txt");
  const journal = sqliteJournal(path);
  const ended = async () => {
    const runs = await Promise.all(["r1", "r2", "r3"].map((id) => journal.read(id)));
    return runs.every((run) => run?.status === "succeeded");
  };
  for (let lives = 0; lives < 30 && !(await ended()); lives += 1) {
    const child = startProgram(process.execPath, [PROCESS, path, world, lives === 0 ? "begin" : "goOn"]);
    await child.printed(/ready/);
    await Promise.race([child.exited, sleep(lives < 6 ? 37 * lives : 5000)]);
    await child.stop("SIGKILL");
  }
  expect(await ended()).toBe(true);
  await journal.close();

  const did = readFileSync(world, "utf8").trim().split("\n");
  for (const id of ["r1", "r2", "r3"]) {
    const own = did.filter((line) => line.startsWith(`${id} `)).map((line) => line.slice(3));
    // At least once, and again only where the process died before it could note it: never in another order.
    expect(own.filter((line, index) => line !== own[index - 1])).toEqual(WORK);
  }
});
