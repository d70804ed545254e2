/** The first line that says something, cut to `max`: what a row has room for. */
export function firstLine(text: string, max = 300): string {
  const line = text.trimStart().split("\n", 1)[0] ?? "";
  return line.length > max ? `${line.slice(0, max)}…` : line;
}

/** White space, and what draws nothing at all. */
const nothing = /^[\s\p{Default_Ignorable_Code_Point}\p{Cc}]*$/u;
/** They turn round what follows, so that one name looks like another. Letters that run from right to left need none. */
const turning = /[\u202a-\u202e\u2066-\u2069]/g;

/** A name as it is shown: one that is blank can still be seen and clicked, and none passes itself off as another. */
export function visible(text: string): string {
  return nothing.test(text) ? "(blank)" : text.replace(turning, "\ufffd");
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** A share as percent: `0 %`, `0.4 %`, `12 %`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 9.95 ? Number(percent.toFixed(1)) : Math.round(percent)} %`;
}
