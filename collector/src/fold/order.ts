/**
 * The orders that the fold picks by. Each is total over everything that can differ, so that which of two
 * observations wins never depends on which arrived first, even where they contradict each other.
 */
import type { Micros } from "../flow.ts";

/** When something was said, and by which span. */
export interface Mark {
  at: Micros;
  span: string;
}

/** A value and who said it. The lower rank knows better. */
export interface Said<T> extends Mark {
  rank: number;
  value: T;
}

/** Negative where `a` is before `b`. */
export function compareMarks(a: Mark, b: Mark): number {
  return a.at - b.at || compareText(a.span, b.span);
}

/** By code unit: the same everywhere, unlike a locale's order. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Of two sayings of one fact: the better rank, then the earlier. */
export function first<T>(a: Said<T> | null, b: Said<T>): Said<T> {
  if (a === null) return b;
  return (a.rank - b.rank || compareMarks(a, b) || compareValues(a.value, b.value)) <= 0 ? a : b;
}

/** Of two sayings of one fact: the better rank, then the later. */
export function latest<T>(a: Said<T> | null | undefined, b: Said<T>): Said<T> {
  if (a === null || a === undefined) return b;
  return (a.rank - b.rank || compareMarks(b, a) || compareValues(a.value, b.value)) <= 0 ? a : b;
}

/**
 * The smallest `size` of a sorted list and one more item. Taking the smallest of a set is itself free of order,
 * so a bound set this way keeps the state a function of the set of observations.
 *
 * @returns `list` itself where nothing changed.
 */
export function keepSmallest<T>(list: T[], item: T, size: number, compare: (a: T, b: T) => number): T[] {
  let place = list.length;
  while (place > 0) {
    const order = compare(list[place - 1] as T, item);
    if (order === 0) return list;
    if (order < 0) break;
    place -= 1;
  }
  if (place >= size) return list;
  return [...list.slice(0, place), item, ...list.slice(place)].slice(0, size);
}

/** A total order over JSON values: only asked where one span said two different things. */
export function compareValues(a: unknown, b: unknown): number {
  return a === b ? 0 : compareText(canonical(a), canonical(b));
}

/** JSON with sorted keys: equal values give equal text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value).sort(([a], [b]) => compareText(a, b));
    return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`;
  }
  return JSON.stringify(value) ?? "null";
}
