const minute = 60_000;

/** Time ranges that one click gives, by the word that stands in the address. */
export const ranges = {
  "15m": { label: "Last 15 minutes", ms: 15 * minute },
  "1h": { label: "Last hour", ms: 60 * minute },
  "6h": { label: "Last 6 hours", ms: 6 * 60 * minute },
  "1d": { label: "Last day", ms: 24 * 60 * minute },
  "7d": { label: "Last 7 days", ms: 7 * 24 * 60 * minute },
  "30d": { label: "Last 30 days", ms: 30 * 24 * 60 * minute },
} as const;

export type Range = keyof typeof ranges;

export function isRange(value: string): value is Range {
  return Object.hasOwn(ranges, value);
}

export function rangeStart(range: Range, now: number): string {
  return new Date(now - ranges[range].ms).toISOString();
}
