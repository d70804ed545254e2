/** `weir restore`: a backup becomes the store again. */
import { stat } from "node:fs/promises";
import type { Command } from "./command.ts";
import { copyWith } from "./copy.ts";

export const restore: Command = {
  help: `  weir restore FILE [--store sqlite:./data/weir.db] [--force]

    checks a backup and makes it the store, flows and keys. No server may run on that store

    FILE             what weir backup wrote
    --store          where flows are to be kept (WEIR_STORE)
    --force          overwrite the store that is there (WEIR_FORCE=1)
`,

  async run(args, env) {
    const { restore: restoreFile } = await import("../sqlite/file/restore.ts");
    await copyWith("restore", args, env, async ({ file, path, force, onProgress }) => {
      await restoreFile({ from: file, to: path, force, onProgress });
      return { done: `restored ${file} to ${path}`, bytes: (await stat(path)).size };
    });
  },
};
