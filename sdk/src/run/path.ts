/**
 * Where in a program a unit of work stands: the path of what it is in, its key, and which occurrence of that key it is.
 * Any text is safe as a key, and two places never have one path: what would be read as part of a path is written as
 * `%<code>;`.
 */

/** The run itself. */
export const ROOT = "";

/** Path and key separators, what escapes them, control characters, and halves of surrogate pairs, which no file keeps. */
const UNSAFE = /[%/#\p{Cc}\p{Cs}]/gu;

/**
 * @param occurrence from 1; which of those with this key in `parent`
 * @example
 * childPath(ROOT, "charge", 1); // "/charge"
 * childPath("/charge", "a/b", 2); // "/charge/a%2f;b#2"
 */
export function childPath(parent: string, key: string, occurrence: number): string {
  const safe = key.replace(UNSAFE, (char) => `%${(char.codePointAt(0) as number).toString(16)};`);
  return occurrence === 1 ? `${parent}/${safe}` : `${parent}/${safe}#${occurrence}`;
}

/** The key of a path's last part, as it was given. For people and messages. */
export function keyOf(path: string): string {
  const [last = ""] = path.slice(path.lastIndexOf("/") + 1).split("#", 1);
  return last.replace(/%([0-9a-f]+);/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}
