/** Where guides are followed. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../scripts/run.ts";

/** A folder as a reader has one: with the packages installed, and a folder in it for each guide. */
export class ReaderFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The programs of a guide, in a folder of its own. */
  write(name: string, programs: Record<string, string>): string {
    const folder = join(this.path, name);
    mkdirSync(folder);
    for (const [file, text] of Object.entries(programs)) writeFileSync(join(folder, file), text);
    return folder;
  }
}

/** One that has the packages of the workspace. */
export class GuideFolder extends ReaderFolder implements Disposable {
  constructor() {
    super(mkdtempSync(join(tmpdir(), "weir-guides-")));
    const modules = join(this.path, "node_modules");
    for (const from of ["sdk/node_modules", "node_modules"]) link(join(ROOT, from), modules);
    mkdirSync(join(modules, ".bin"));
    symlinkSync(join(ROOT, "collector/bin/weir.mjs"), join(modules, ".bin/weir"));
    writeFileSync(join(this.path, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const compilerOptions = {
      strict: true,
      target: "es2024",
      module: "nodenext",
      noEmit: true,
      allowImportingTsExtensions: true,
      erasableSyntaxOnly: true,
      skipLibCheck: true,
      lib: ["es2024", "esnext.disposable", "esnext.collection", "esnext.iterator"],
      types: ["node"],
    };
    writeFileSync(join(this.path, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*/*.ts"] }));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function link(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith(".")) continue;
    if (name.startsWith("@")) link(join(from, name), join(to, name));
    else if (!existsSync(join(to, name))) symlinkSync(join(from, name), join(to, name));
  }
}
