/** What `cli.ts` needs of a command: one file of this folder each. */
import type { Env } from "../flags.ts";

export interface Command {
  /** Shown by `weir --help`, and alone by `weir NAME --help`. */
  help: string;
  /**
   * Does it; ends when it has done, or for a server when it listens.
   *
   * @throws {UsageError} where `args` or `env` make no sense.
   */
  run(args: readonly string[], env: Env): Promise<void>;
}
