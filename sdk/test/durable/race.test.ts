import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startProgram } from "../../../e2e/support/processes.ts";
import { flow, sqliteJournal } from "../../src/durable/index.ts";
import { scopeOn } from "./places.ts";
import { RACE } from "./race-process.ts";

const PROGRAM = fileURLToPath(new URL("./race-process.ts", import.meta.url));
const RUNS = 1000;

test(`two processes race for ${RUNS} runs: each takes a part, and no step executes twice`, {
  timeout: 60_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "weir-race-"));
  const [path, effects] = [join(folder, "journal.db"), join(folder, "effects")];
  writeFileSync(effects, "");
  const journal = sqliteJournal(path);
  try {
    const race = flow(RACE, (_ctx, _n: number) => {});
    const scope = scopeOn(journal);
    const all = Array.from({ length: RUNS }, (_, n) => n);
    await Promise.all(all.map((n) => scope.enqueue(race, n, { id: `run-${n}` })));
    const racers = [1, 2].map(() => startProgram(process.execPath, [PROGRAM, path, effects]));
    await Promise.all(racers.map(({ exited }) => exited));
    const lines = readFileSync(effects, "utf8").split("\n").slice(0, -1);
    const steps = lines.map((line) => line.split(" ").slice(0, 2).join(" "));
    expect(steps.toSorted()).toEqual(all.flatMap((n) => [`${n} a`, `${n} b`]).toSorted());
    expect(new Set(lines.map((line) => line.split(" ")[2])).size).toBe(2);
    for (const n of all)
      expect(await journal.read(`run-${n}`)).toMatchObject({ status: "succeeded", token: 1 });
  } finally {
    await journal.close();
    await rm(folder, { recursive: true, force: true });
  }
});
