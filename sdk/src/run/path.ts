/**
 * Where in a program a unit of work stands: the path of what it is in, its key, and which occurrence of that key it is.
 * Any text is safe as a key, and two places never have one path: what would be read as part of a path is written as
 * `%<code>;`.
 */

import type { EntryKind } from "./journal.ts";

/**
 * What a part of a path stands for. `exec` is a child that has a key, where `child` goes by its flow's name. A branch of
 * parallel work has no entry, but places in it.
 */
export type PlaceKind = EntryKind | "exec" | "branch";

/** The run itself. */
export const ROOT = "";

/** Path and key separators, what escapes them, control characters, and halves of surrogate pairs, which no file keeps. */
const UNSAFE = /[%/#\p{Cc}\p{Cs}]/gu;

/**
 * @param occurrence from 1; which of those with this key and kind in `parent`
 * @param kind keeps apart what has the same key and is another thing, such as a step and a sub-flow
 * @example
 * childPath(ROOT, "charge", 1); // "/charge"
 * childPath("/charge", "a/b", 2); // "/charge/a%2f;b#2"
 * childPath(ROOT, "charge", 1, "child"); // "/%child:charge"
 */
export function childPath(parent: string, key: string, occurrence: number, kind: PlaceKind = "run"): string {
  const safe = key.replace(UNSAFE, (char) => `%${(char.codePointAt(0) as number).toString(16)};`);
  const part = kind === "run" ? safe : `%${kind}:${safe}`;
  return occurrence === 1 ? `${parent}/${part}` : `${parent}/${part}#${occurrence}`;
}

/** The path of the unit of work that this one is in; `ROOT` where that is the run. Branches of parallel work are none. */
export function parentOf(path: string): string {
  const parent = path.slice(0, path.lastIndexOf("/"));
  return parent.slice(parent.lastIndexOf("/") + 1).startsWith("%branch:") ? parentOf(parent) : parent;
}

/** The key of a path's last part, as it was given. For people and messages. */
export function keyOf(path: string): string {
  const part = path.slice(path.lastIndexOf("/") + 1);
  if (!/[%#]/.test(part)) return part;
  const [last = ""] = part.split("#", 1);
  return last
    .replace(/^%[a-z]+:/, "")
    .replace(/%([0-9a-f]+);/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}
