/**
 * The time by the collector's clock. A viewer's clock may be minutes off, and a running flow would then be
 * minutes old at its start, or not yet begun.
 */
let offset = 0;

/** The header has whole seconds and was on its way for a while: less than this is no disagreement. */
const tolerance = 2_000;

export function noteServerTime(dateHeader: string | null): void {
  const server = Date.parse(dateHeader ?? "");
  if (Number.isNaN(server)) return;
  const difference = server - Date.now();
  offset = Math.abs(difference) > tolerance ? difference : 0;
}

export function serverNow(): number {
  return Date.now() + offset;
}
