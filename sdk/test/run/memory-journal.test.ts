import type { Journal } from "../../src/run/journal.ts";
import { memoryJournal } from "../../src/run/memory-journal.ts";
import { journalContract } from "./journal.contract.ts";

journalContract({
  name: "memory",
  async makePlace() {
    let journal: Journal | undefined;
    return {
      async open(clock) {
        journal ??= memoryJournal({ clock });
        return journal;
      },
      async remove() {
        await journal?.close();
      },
    };
  },
});
