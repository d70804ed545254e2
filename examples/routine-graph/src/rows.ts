/** The file that is read: a few rows in it are no good. */
import { existsSync, writeFileSync } from "node:fs";
import { ROWS } from "./places.ts";

export interface Row {
  id: number;
  item: string;
  count: number;
}

const ITEMS = ["anvil", "magnet", "paint", "rocket skates"];

/** Every 17th row has no count. */
export function isGood(id: number): boolean {
  return id % 17 !== 0;
}

export function makeRows(count: number): void {
  if (existsSync(ROWS)) return;
  const rows = Array.from({ length: count }, (_, at) => {
    const id = at + 1;
    return `${id};${ITEMS[id % ITEMS.length]};${isGood(id) ? (id % 5) + 1 : "none"}`;
  });
  writeFileSync(ROWS, `${rows.join("\n")}\n`);
}
