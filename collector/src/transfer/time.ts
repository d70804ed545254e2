/** Times in exported flows: as the REST API tells them, but to the microsecond, so that nothing moves on the way. */
import type { Micros } from "../flow.ts";

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d{0,3})?Z$/;

/** @example timeText(1_795_341_600_000_123) // "2026-11-22T10:00:00.000123Z" */
export function timeText(at: Micros): string {
  const iso = new Date(Math.floor(at / 1000)).toISOString().slice(0, -1);
  return `${iso}${String(at % 1000).padStart(3, "0")}Z`;
}

/** @returns `undefined` for what is no time in UTC after 1970. */
export function readTimeText(text: string): Micros | undefined {
  const [, seconds, fraction = ""] = TIME.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  const at = Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, "0"));
  return at > 0 && Number.isSafeInteger(at) ? at : undefined;
}
