/** Figures as a Markdown table, so that they can be quoted as they are printed. */

export interface Figure {
  what: string;
  value: string;
  /** Beside what it stands. */
  beside: string;
}

export function table(figures: Figure[]): string {
  const rows = [
    ["what", "measured", "beside"],
    ...figures.map(({ what, value, beside }) => [what, value, beside]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`);
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  return lines.join("\n");
}

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** The smallest value that at least this share of the values does not exceed. */
export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError("quantile: expected at least one value, got none");
  return value;
}

/** 12,345 */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
