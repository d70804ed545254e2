/** What `weir backup` and `weir restore` share: one file, the store, and telling how far they have come. */
import { type Env, readGiven, STORE, SWITCH, settingOf, show, UsageError } from "../flags.ts";
import { bytesText, Progress } from "../progress.ts";

interface Wish {
  /** The backup. */
  file: string;
  /** The store's file. */
  path: string;
  force: boolean;
  onProgress: (done: number, total: number) => void;
}

/** @throws {UsageError} where not one file is named. */
export async function copyWith(
  name: "backup" | "restore",
  args: readonly string[],
  env: Env,
  copy: (wish: Wish) => Promise<{ done: string; bytes: number }>,
): Promise<void> {
  const given = readGiven(args, ["store", "force"], { switches: ["force"], takesWords: true });
  const [file, tooMuch] = given.words;
  if (file === undefined || file === "-" || file === "") {
    throw new UsageError(`${name}: expected a file, got ${file === undefined ? "nothing" : show(file)}`);
  }
  if (tooMuch !== undefined) throw new UsageError(`${name}: expected one file, got ${show(tooMuch)} too`);
  const path = settingOf("store", STORE, given, env);
  const force = settingOf("force", SWITCH, given, env);
  let progress: Progress | undefined;
  const onProgress = (bytes: number, total: number) => {
    progress ??= new Progress({ doing: name, total, show: bytesText });
    progress.reach(bytes);
  };
  let copied: { done: string; bytes: number };
  try {
    copied = await copy({ file, path, force, onProgress });
  } finally {
    progress?.end();
  }
  process.stdout.write(`weir: ${copied.done}, ${bytesText(copied.bytes)}\n`);
}
