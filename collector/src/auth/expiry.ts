/** How long a key or a link works: `90d`, `12h`, `30m`, `2w`. */
import type { Micros } from "../flow.ts";

const UNITS: Record<string, number> = { m: 60, h: 3_600, d: 86_400, w: 604_800 };
const LONGEST_SECONDS = 3_660 * 86_400;

/** Completes "expected …". */
export const EXPIRY_TAKES = "a time such as 30m, 12h, 90d or 2w, at most ten years";

/**
 * @returns microseconds; `undefined` when the text is no such time.
 * @example readExpiry("90d") // 7_776_000_000_000
 */
export function readExpiry(text: string): Micros | undefined {
  const [, count = "", unit = ""] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? Number.NaN);
  return seconds > 0 && seconds <= LONGEST_SECONDS ? seconds * 1_000_000 : undefined;
}
