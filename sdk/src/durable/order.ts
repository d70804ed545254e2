/** Questions to the graph of what was made from what. */
import type { Cell, Use } from "./cell.ts";

/** Those that can not outlive what they were made from. */
export const HARD_USE: readonly Use[] = ["value", "reactive"];
export const ANY_USE: readonly Use[] = ["asked", "value", "reactive"];

/** All that was made from `cell` by one of `uses`, directly or through others; without itself. */
export function madeFrom(cell: Cell, uses: readonly Use[]): Set<Cell> {
  const found = new Set<Cell>([cell]);
  for (const used of found) {
    for (const user of used.usedBy) {
      const use = user.uses.get(used);
      if (use !== undefined && uses.includes(use)) found.add(user);
    }
  }
  found.delete(cell);
  return found;
}

/** The cells, each after all that was made with its help; of those that know nothing of each other, the last first. */
export function dependentsFirst(cells: Iterable<Cell>): Cell[] {
  const all = [...cells];
  const order = new Set<Cell>();
  const seen = new Set<Cell>();
  for (const start of all.toReversed()) {
    // A stack of our own: a chain of ten thousand would be too deep for calls.
    const stack = [start];
    for (let cell = stack.at(-1); cell !== undefined; cell = stack.at(-1)) {
      if (seen.has(cell)) {
        order.add(cell);
        stack.pop();
      } else {
        seen.add(cell);
        for (const user of cell.usedBy) if (!seen.has(user)) stack.push(user);
      }
    }
  }
  const wanted = new Set(all);
  return [...order].filter((cell) => wanted.has(cell));
}
