/** Where things are kept: all processes of one go share a folder. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export const FOLDER = process.env["ORDERS_FOLDER"] ?? "data";

mkdirSync(FOLDER, { recursive: true });

/** What is known of each run. */
export const JOURNAL = join(FOLDER, "journal.db");
/** What bank, stock, carrier and mail have done: the world outside, which knows nothing of journals. */
export const WORLD = join(FOLDER, "world.db");
