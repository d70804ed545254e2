import { existsSync } from "node:fs";
import { WeirError } from "../errors.ts";

/**
 * A store that is there already: a command that looks into one must not make a new, empty one where a name is mistyped.
 *
 * @throws {WeirError} `unavailable` where there is no such file.
 */
export function fileThere(path: string): string {
  if (existsSync(path)) return path;
  throw new WeirError("unavailable", `store ${path}: there is no such file: name another with --store`);
}
