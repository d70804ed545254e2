/** A run as it is now. */
import type { RunRecord } from "../journal.ts";
import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { runFrom } from "./records.ts";

/** @returns `undefined` where there is none of this id */
export async function readRun(link: Link, keys: Keys, runId: string): Promise<RunRecord | undefined> {
  const row = (await link.script("read", [keys.run(runId).run], [])) as string[];
  return row.length === 0 ? undefined : runFrom(row);
}
