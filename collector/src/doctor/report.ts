/** What a check found, as lines for a terminal. */
import { styleText } from "node:util";

/** `skipped`: could not be tried, as something before it failed. */
export type Outcome = "ok" | "failed" | "skipped";

export interface Finding {
  outcome: Outcome;
  found: string;
  /** What to do about it, where it failed. */
  remedy?: string | undefined;
}

export function ok(found: string): Finding {
  return { outcome: "ok", found };
}

export function failed(found: string, remedy: string): Finding {
  return { outcome: "failed", found, remedy };
}

export function skipped(found: string): Finding {
  return { outcome: "skipped", found };
}

const COLOURS = { ok: "green", failed: "red", skipped: "yellow" } as const;
const NAME_WIDTH = 10;

/** One line, and below it what to do. In colours where `out` is a terminal that wants them. */
export function tell(out: NodeJS.WriteStream, name: string, { outcome, found, remedy }: Finding): void {
  const word = styleText(COLOURS[outcome], outcome.padEnd(7), { stream: out });
  out.write(`${word}  ${name.padEnd(NAME_WIDTH)}  ${oneLine(found)}\n`);
  if (remedy !== undefined) out.write(`${" ".repeat(7 + 2 + NAME_WIDTH + 2)}→ ${oneLine(remedy)}\n`);
}

/** What a stranger's server answered must not move the cursor. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be kept out
  return text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
}
