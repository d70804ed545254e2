import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Journal } from "../../src/run/journal.ts";
import { sqliteJournal } from "../../src/run/sqlite-journal.ts";
import { journalContract } from "./journal.contract.ts";

journalContract({
  name: "SQLite",
  async makePlace() {
    const folder = mkdtempSync(join(tmpdir(), "weir-journal-"));
    const journals: Journal[] = [];
    return {
      async open(clock) {
        const journal = sqliteJournal(join(folder, "journal.db"), { clock });
        journals.push(journal);
        return journal;
      },
      async remove() {
        await Promise.all(journals.map((journal) => journal.close()));
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
});
