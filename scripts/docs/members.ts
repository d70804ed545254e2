/** Finds what an entry exports by its name. */
import type { Entry, Export, Member } from "./declarations.ts";

/** @throws {Error} where the file has no such export */
export function exportOf({ exports }: Entry, name: string): Export {
  const found = exports.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new Error(`expected an export ${name}, got ${exports.map((each) => each.name).join(", ")}`);
}

/** Properties of a constant, an interface or a class. */
export function membersOf(entry: Entry, name: string): readonly Member[] {
  return exportOf(entry, name).declarations.flatMap(({ members }) => members);
}
