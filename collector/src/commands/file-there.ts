import { existsSync } from "node:fs";
import { show, UsageError } from "../flags.ts";

/**
 * A store that is there already: a command that looks into one must not make a new, empty one where a name is mistyped.
 *
 * @throws {UsageError} where there is no such file.
 */
export function fileThere(path: string): string {
  if (existsSync(path)) return path;
  throw new UsageError(`expected the store of a collector (--store), there is none at ${show(path)}`);
}
