/** Brings a database up to the newest of the numbered files in `migrations/`. */
import { readdirSync, readFileSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { WeirError } from "../../errors.ts";
import { wordsOf } from "../../words.ts";
import { lastSaidOf } from "../rows/flow-bytes.ts";
import { Cell, cellOfKind, packCell, statusesOfCell, unpackCell } from "../stats/cell.ts";
import { fillFailures } from "./fill-failures.ts";

/** "Weir": what the first migration writes into the file's header. */
const APPLICATION_ID = 0x57656972;

const FOLDER = new URL("../migrations/", import.meta.url);

const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".sql"))
  .sort();

/** What the program itself writes after a migration. */
const FILLED: Record<string, (db: Database) => void> = { "016_failures.sql": fillFailures };

/**
 * Each migration runs in a transaction of its own and is recorded in it, so that a process which is killed, or a
 * second one that starts at the same time, finds a whole number of them done.
 *
 * @param warn hears of it where a file that has something in it is brought up: on a large one that takes a while.
 * @throws {WeirError} where the database is of a newer version than this program, or no store of Weir.
 */
export function migrate(db: Database, warn: (line: string) => void): void {
  addFunctions(db);
  const before = versionOf(db);
  if (before > 0 && before < FILES.length) {
    warn(
      `store ${db.name}: is brought up from version ${before} to ${FILES.length}: that takes minutes where it is large`,
    );
  }
  for (;;) {
    const done = db
      .transaction(() => {
        const version = versionOf(db);
        if (version === FILES.length) return true;
        const file = FILES[version] as string;
        db.exec(readFileSync(new URL(file, FOLDER), "utf8"));
        FILLED[file]?.(db);
        db.pragma(`user_version = ${version + 1}`);
        return false;
      })
      .immediate();
    if (done) return;
  }
}

/** What a migration needs of the program to fill what it adds. */
function addFunctions(db: Database): void {
  db.function("weir_words", { deterministic: true }, (text) => JSON.stringify(wordsOf(String(text))));
  db.function("weir_last_said", { deterministic: true }, (state) => lastSaidOf(state as Buffer));
  db.function("weir_cell_of_kind", { deterministic: true }, (cell, kind) =>
    cellOfKind(cell as Buffer, kind as number),
  );
  db.function("weir_statuses", { deterministic: true }, (cell) => statusesOfCell(cell as Buffer));
  db.aggregate<Cell>("weir_cell_sum", {
    start: () => new Cell(),
    step(sum: Cell, cell: unknown) {
      unpackCell(cell as Buffer, sum);
      return sum;
    },
    result: packCell,
  });
}

/**
 * How many migrations a database has seen; 0 where it is empty.
 *
 * @throws {WeirError} where it is of a newer version than this program, or no store of Weir.
 */
export function versionOf(db: Database): number {
  const version = db.pragma("user_version", { simple: true }) as number;
  if (version > FILES.length) {
    throw new WeirError(
      "unavailable",
      `store ${db.name}: is of version ${version}, this program knows up to ${FILES.length}: use a newer program`,
    );
  }
  if (!isOurs(db)) {
    throw new WeirError(
      "unavailable",
      `store ${db.name}: is a database of another program, or of an earlier form of Weir: name another file`,
    );
  }
  return version;
}

/** A file with nothing in it is anyone's. */
function isOurs(db: Database): boolean {
  if (db.pragma("application_id", { simple: true }) === APPLICATION_ID) return true;
  return db.prepare<[], number>("SELECT count(*) FROM sqlite_schema").pluck().get() === 0;
}
