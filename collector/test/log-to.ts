/** A log for the tests: the lines of warnings and errors, as JSON, in a list. */
import { createLog } from "../src/log.ts";

export function logTo(lines: string[]) {
  return createLog("warn", false, { write: (line) => void lines.push(line) });
}
