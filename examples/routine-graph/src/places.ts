/** Where things are kept: all processes of one go share a folder. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const FOLDER = process.env["ROWS_FOLDER"] ?? "data";

mkdirSync(FOLDER, { recursive: true });

/** What is known of each job. */
export const JOURNAL = join(FOLDER, "jobs.db");
/** The rows that are read, and those that were written. */
export const ROWS = join(FOLDER, "rows.csv");
export const WRITTEN = join(FOLDER, "written.jsonl");
/** Where a paused job is saved, to be looked at. */
export const SAVED = join(FOLDER, "job.txt");
