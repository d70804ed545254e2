/** `weir import`: flows from lines of JSON. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { WeirError } from "../errors.ts";
import { readGiven, STORE, settingOf, show, UsageError } from "../flags.ts";
import type { Command } from "./command.ts";

/** For a server that writes all the time. */
const WAIT_MS = 10_000;
/** Of a file that is something else every line is bad. */
const MOST_TOLD = 20;

export const importCommand: Command = {
  help: `  weir import FILE [--store sqlite:./data/weir.db]

    takes flows that weir export wrote; a server may run meanwhile. What is there already stays as it is, so an import
    that was stopped is simply started again. Lines that are none of an export are named, and the others are taken

    FILE             what weir export wrote; - for stdin
    --store          where flows are kept (WEIR_STORE)
`,

  async run(args, env) {
    const given = readGiven(args, ["store"], { takesWords: true });
    const [file, tooMuch] = given.words;
    if (file === undefined) throw new UsageError("import: expected a file, or - for stdin, got nothing");
    if (tooMuch !== undefined) throw new UsageError(`import: expected one file, got ${show(tooMuch)} too`);
    const path = settingOf("store", STORE, given, env);
    const total = file === "-" ? undefined : await sizeOf(file);
    const [{ openSqliteStore }, { importFlows }, { linesOf }, { bytesText, flowsText, Progress }] =
      await Promise.all([
        import("../sqlite/index.ts"),
        import("../transfer/import.ts"),
        import("../transfer/lines.ts"),
        import("../progress.ts"),
      ]);
    const store = openSqliteStore({ path, busyTimeoutMs: WAIT_MS });
    const progress = new Progress({ doing: "importing", total, show: bytesText });
    try {
      let told = 0;
      const { imported, unchanged, bad } = await importFlows({
        store,
        lines: linesOf(file === "-" ? process.stdin : createReadStream(file)),
        onProgress: (bytes) => progress.reach(bytes),
        onBad(line, why) {
          told += 1;
          if (told > MOST_TOLD) return;
          progress.end();
          process.stderr.write(`weir: line ${line}: ${why}\n`);
        },
      });
      progress.end();
      if (bad > MOST_TOLD) process.stderr.write(`weir: and ${bad - MOST_TOLD} lines more\n`);
      const there = unchanged === 0 ? "" : `, ${flowsText(unchanged)} there already`;
      const refused = bad === 0 ? "" : `, ${bad} ${bad === 1 ? "line" : "lines"} not taken`;
      process.stdout.write(`weir: imported ${flowsText(imported)}${there}${refused}\n`);
      if (bad > 0) process.exitCode = 1;
    } catch (error) {
      if (error instanceof Error && error.name === "LineError") {
        throw new WeirError("invalid_argument", `import ${file}: ${error.message}`, { cause: error });
      }
      throw error;
    } finally {
      progress.end();
      await store.close();
    }
  },
};

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || found.isDirectory()) {
    throw new WeirError(
      "unavailable",
      `import ${file}: expected a file, there is ${found ? "a folder" : "none"}`,
    );
  }
  return found.size;
}
