/** What a journal promises to processes that race each other, and to those that are killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startProgram } from "../../../e2e/support/processes.ts";
import type { Journal } from "../../src/run/journal.ts";
import { FLOW, newRun } from "./places.ts";

const PROGRAM = fileURLToPath(new URL("./process.ts", import.meta.url));
const RUNS = 1_000;
/** How often a process is killed; more of them in a soak. */
const KILLS = Number(process.env["WEIR_SOAK_KILLS"] ?? 30);

export interface SharedPlace {
  /** Tells another process where it is. */
  address: string;
  journal: Journal;
}

export function processesContract(name: string, makePlace: () => Promise<SharedPlace>): void {
  test(`${name}: two processes race for ${RUNS} runs; each is had by one at a time`, {
    timeout: 60_000,
  }, async () => {
    const { address, journal } = await makePlace();
    const ids = Array.from({ length: RUNS }, (_, at) => `run-${at}`);
    await Promise.all(ids.map((id) => journal.open(newRun(id))));
    const racers = ["one", "two"].map((owner) =>
      startProgram(process.execPath, [PROGRAM, "race", address, owner]),
    );
    const seen = await Promise.all(
      racers.map(
        async (racer) => JSON.parse((await racer.printed(/^\{.*\}$/m))[0]) as Record<string, number>,
      ),
    );
    await Promise.all(racers.map(({ exited }) => exited));
    const sum = (what: string) => seen.reduce((all, each) => all + (each[what] ?? 0), 0);
    expect({ ended: sum("ended"), landed: sum("landed") }).toEqual({ ended: RUNS, landed: 0 });
    expect(sum("refused")).toBeGreaterThan(0);
    for (const each of seen) expect(each["ended"]).toBeGreaterThan(0);
    for (const id of ids) {
      const run = await journal.read(id);
      expect(run).toMatchObject({ status: "succeeded" });
      const paths = (await journal.entries(id)).map(({ path }) => path);
      expect(paths).toEqual([`/step/${run?.token}`]);
    }
    expect(await journal.nextDue({ flows: [FLOW] })).toBeUndefined();
    await journal.close();
  });

  test(`${name}: killed ${KILLS} times while it writes, all that was told is kept, and all of it`, {
    timeout: 60_000 + KILLS * 1_000,
  }, async () => {
    const { address, journal } = await makePlace();
    let total = 0;
    for (let round = 0; round < KILLS; round++) {
      const writer = startProgram(process.execPath, [PROGRAM, "write", address, `writer-${round}`]);
      await writer.printed(/kept/);
      await sleep(Math.random() * 30);
      await writer.stop("SIGKILL");
      for (const id of ["a", "b", "c", "d"]) {
        const entries = await journal.entries(id);
        const numbers = entries.map(({ path }) => Number(path.slice(1)));
        expect(numbers).toEqual(entries.map((_, at) => at));
        const broken = entries.filter(({ value, path }) => value !== `${path.slice(1)};`.repeat(500));
        expect(broken).toEqual([]);
        const told = [...writer.output().matchAll(new RegExp(`^kept ${id} (\\d+)$`, "gm"))].map(([, n]) =>
          Number(n),
        );
        expect(entries.length).toBeGreaterThan(Math.max(-1, ...told));
        total += told.length;
      }
    }
    expect(total).toBeGreaterThan(KILLS);
    await journal.close();
  });
}
