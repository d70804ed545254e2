/** Bytes → lines, of which none is held that is longer than its bound. */

export interface Line {
  /** From 1. */
  number: number;
  /** Without its line break; `null` where it is too long, or not UTF-8. */
  text: string | null;
  /** Bytes up to its end, line break included. */
  end: number;
  /** It has its line break: whoever wrote it was not stopped in the middle. */
  whole: boolean;
}

/** A flow of 50,000 steps is about a quarter of this. */
export const LONGEST_LINE = 64 * 1024 * 1024;
const LINE_BREAK = 10;

/** Empty lines are counted, and not given. */
export async function* linesOf(bytes: AsyncIterable<Buffer>, longest = LONGEST_LINE): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  let number = 0;
  let end = 0;

  const take = (whole: boolean): Line | undefined => {
    const tooLong = length > longest;
    const text = tooLong ? null : decode(Buffer.concat(parts));
    number += 1;
    end += length + (whole ? 1 : 0);
    parts = [];
    length = 0;
    return text === "" ? undefined : { number, text, end, whole };
  };

  for await (const chunk of bytes) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_BREAK); at !== -1; at = chunk.indexOf(LINE_BREAK, from)) {
      keep(chunk.subarray(from, at));
      from = at + 1;
      const line = take(true);
      if (line !== undefined) yield line;
    }
    keep(chunk.subarray(from));
  }
  if (length > 0) {
    const line = take(false);
    if (line !== undefined) yield line;
  }

  function keep(part: Buffer): void {
    length += part.length;
    if (length > longest) parts = [];
    else if (part.length > 0) parts.push(part);
  }
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
  } catch {
    return null;
  }
}
