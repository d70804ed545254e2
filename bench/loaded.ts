// `node loaded.ts <module>`: imports it, and prints as JSON which files that has loaded: their packages and bytes.
import { registerHooks } from "node:module";

export interface LoadedFile {
  /** The package that it is of; `null`: of this repository. */
  package: string | null;
  bytes: number;
}

const files: LoadedFile[] = [];
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (url.startsWith("file:")) {
      const [, name = null] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
      files.push({ package: name, bytes: Buffer.byteLength(loaded.source ?? "") });
    }
    return loaded;
  },
});
await import(process.argv[2] ?? "");
process.stdout.write(JSON.stringify(files));
