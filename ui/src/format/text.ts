/** The first line that says something, cut to `max`: what a row has room for. */
export function firstLine(text: string, max = 300): string {
  const line = text.trimStart().split("\n", 1)[0] ?? "";
  return line.length > max ? `${line.slice(0, max)}…` : line;
}

/** What stands where a name is empty or blank, so that it can still be seen and clicked. */
export function visible(text: string): string {
  return text.trim() === "" ? "(blank)" : text;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** A share as percent: `0 %`, `0.4 %`, `12 %`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 9.95 ? Number(percent.toFixed(1)) : Math.round(percent)} %`;
}
