const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `10m`, `2h`, `1d` → milliseconds; `undefined` for what is no such time. */
export function readLimit(text: string): number | undefined {
  const [, count, unit] = /^\s*(\d{1,6})\s*([smhd])\s*$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * units[unit as keyof typeof units];
}

/** The same back, in the largest unit that tells it whole. */
export function writeLimit(ms: number): string {
  const unit = (["d", "h", "m", "s"] as const).find((each) => ms % units[each] === 0);
  return unit === undefined ? `${ms} ms` : `${ms / units[unit]}${unit}`;
}
