/** `weir backup`: a consistent copy of the store, while it is in use. */
import type { Command } from "./command.ts";
import { copyWith } from "./copy.ts";

export const backup: Command = {
  help: `  weir backup FILE [--store sqlite:./data/weir.db] [--force]

    copies the store, flows and keys, as it is at this moment; a server may run meanwhile

    FILE             the copy; it is there when it is whole, and not before
    --store          where flows are kept (WEIR_STORE)
    --force          overwrite FILE (WEIR_FORCE=1)
`,

  async run(args, env) {
    const { backUp } = await import("../sqlite/file/backup.ts");
    const { fileThere } = await import("./file-there.ts");
    await copyWith("backup", args, env, async ({ file, path, force, onProgress }) => {
      const bytes = await backUp({ from: fileThere(path), to: file, force, onProgress });
      return { done: `backed up ${path} to ${file}`, bytes };
    });
  },
};
