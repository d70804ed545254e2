import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { sqliteJournal } from "../../src/run/sqlite-journal.ts";
import { processesContract } from "./processes.contract.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-journal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let places = 0;

processesContract("SQLite", async () => {
  const address = join(folder, `journal-${++places}.db`);
  return { address, journal: sqliteJournal(address) };
});
