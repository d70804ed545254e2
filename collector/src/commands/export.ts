/** `weir export`: flows as lines of JSON. */
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { open, rename, truncate } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { WeirError } from "../errors.ts";
import { type Env, type Flag, readGiven, STORE, SWITCH, settingOf, UsageError } from "../flags.ts";
import type { Micros } from "../flow.ts";
import { moment } from "../http/params.ts";
import type { SqliteStore } from "../sqlite/index.ts";
import type { ExportFilter } from "../transfer/write-line.ts";
import type { Command } from "./command.ts";
import { fileThere } from "./file-there.ts";

interface Wish {
  path: string;
  filter: ExportFilter;
  /** `-`: stdout. */
  file: string;
  force: boolean;
  resume: boolean;
}

const NAMES: Flag<string[] | undefined> = {
  fallback: undefined,
  takes: "one name or more, with commas between them",
  read: (text) => (text.split(",").every((each) => each !== "") ? text.split(",") : undefined),
};

const TIME: Flag<Micros | undefined> = {
  fallback: undefined,
  takes: moment.takes,
  read: (text) => moment.read([text]),
};

const FILE: Flag<string> = {
  fallback: "-",
  takes: "a file, or - for stdout",
  read: (text) => text || undefined,
};

export const exportCommand: Command = {
  help: `  weir export [--to-file FILE] [--tenant T] [--name N] [--from TIME] [--to TIME] [--store sqlite:./data/weir.db]

    writes flows as lines of JSON, oldest first, as the API tells them; a server may run meanwhile

    --to-file        where to; default: - for stdout (WEIR_TO_FILE)
    --resume         goes on with an export to this file that was stopped (WEIR_RESUME=1)
    --force          overwrites the file (WEIR_FORCE=1)
    --tenant         flows of this tenant; may repeat (WEIR_TENANT)
    --name           flows of this name; may repeat (WEIR_NAME)
    --from, --to     flows that began in this time, such as 2026-11-22T10:00:00Z (WEIR_FROM, WEIR_TO)
    --store          where flows are kept (WEIR_STORE)
`,

  async run(args, env) {
    const wish = readWish(args, env);
    const [{ openSqliteStore }, { bytesText, countText, flowsText, Progress }] = await Promise.all([
      import("../sqlite/index.ts"),
      import("../progress.ts"),
    ]);
    await refuseStoreItself(fileThere(wish.path), wish.file);
    const store = openSqliteStore({ path: wish.path });
    try {
      const total = await store.total(wish.filter);
      const progress = new Progress({ doing: "exporting flows", total, show: countText });
      const onFlow = (flows = 1) => progress.add(flows);
      try {
        if (wish.file === "-") {
          // On a terminal a bar would be in the way of what it counts.
          await exportToStdout(store, wish.filter, process.stdout.isTTY ? () => {} : onFlow);
          return;
        }
        const { flows, bytes } = await exportToFile(store, wish, onFlow);
        progress.end();
        process.stdout.write(`weir: exported ${flowsText(flows)} to ${wish.file}, ${bytesText(bytes)}\n`);
      } finally {
        progress.end();
      }
    } finally {
      await store.close();
    }
  },
};

/** `--force` is meant for an export that is there, not for all that was ever sent. */
async function refuseStoreItself(path: string, file: string): Promise<void> {
  const { isSameFile } = await import("../sqlite/file/same-file.ts");
  if (file === "-" || !isSameFile(path, file)) return;
  throw new WeirError("invalid_argument", `export ${file}: is the store itself: name another with --to-file`);
}

async function exportToStdout(store: SqliteStore, filter: ExportFilter, onFlow: () => void): Promise<void> {
  const { exportLines } = await import("../transfer/export.ts");
  try {
    await pipeline(Readable.from(exportLines({ store, filter, onFlow })), process.stdout, { end: false });
  } catch (error) {
    // Whoever reads it has read enough.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}

/** Written beside its name, which it gets when it is whole. */
async function exportToFile(
  store: SqliteStore,
  { file, filter, force, resume: goOn }: Wish,
  onFlow: (flows: number) => void,
): Promise<{ flows: number; bytes: number }> {
  const [{ exportLines, resumePoint }, { linesOf }, { LineError }] = await Promise.all([
    import("../transfer/export.ts"),
    import("../transfer/lines.ts"),
    import("../transfer/read-line.ts"),
  ]);
  if (existsSync(file) && !force) {
    throw new WeirError(
      "unavailable",
      `export ${file}: is there already: name another with --to-file, or overwrite it with --force`,
    );
  }
  const partial = `${file}.partial`;
  const resume =
    goOn && existsSync(partial)
      ? await resumePoint(linesOf(createReadStream(partial)), filter).catch((error: unknown) => {
          if (!(error instanceof LineError)) throw error;
          const message = `export ${file}: ${error.message}: leave --resume away to begin anew`;
          throw new WeirError("invalid_argument", message, { cause: error });
        })
      : undefined;
  if (resume !== undefined) await truncate(partial, resume.bytes);
  let flows = resume?.flows ?? 0;
  if (flows > 0) onFlow(flows);
  const count = () => {
    flows += 1;
    onFlow(1);
  };
  const lines = exportLines({ store, filter, resume, onFlow: count });
  await pipeline(
    Readable.from(lines),
    createWriteStream(partial, { flags: resume === undefined ? "w" : "a" }),
  );
  const written = await open(partial, "r+");
  try {
    await written.sync();
    const { size: bytes } = await written.stat();
    await rename(partial, file);
    return { flows, bytes };
  } finally {
    await written.close();
  }
}

function readWish(args: readonly string[], env: Env): Wish {
  const switches = ["resume", "force"];
  const lists = ["tenant", "name"];
  const given = readGiven(args, ["to-file", ...lists, "from", "to", "store", ...switches], {
    switches,
    lists,
  });
  const wish = {
    path: settingOf("store", STORE, given, env),
    file: settingOf("to-file", FILE, given, env),
    force: settingOf("force", SWITCH, given, env),
    resume: settingOf("resume", SWITCH, given, env),
    filter: {
      tenant: settingOf("tenant", NAMES, given, env),
      name: settingOf("name", NAMES, given, env),
      from: settingOf("from", TIME, given, env),
      to: settingOf("to", TIME, given, env),
    },
  };
  if (wish.file === "-" && wish.resume) {
    throw new UsageError(
      "export: expected --to-file with --resume, for what went to stdout can't be gone on with",
    );
  }
  return wish;
}
