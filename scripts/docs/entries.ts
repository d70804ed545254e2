import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../run.ts";

/** What users import of a package. */
export interface PackageEntry {
  /** `@weir/sdk/durable`. */
  specifier: string;
  /** Its source, relative to the package's `src`: `durable/index.ts`. */
  file: string;
}

/** @param name `sdk` or `collector` */
export function entriesOf(name: string): PackageEntry[] {
  const manifest = JSON.parse(readFileSync(join(ROOT, name, "package.json"), "utf8")) as {
    name: string;
    exports: Record<string, string>;
  };
  return Object.entries(manifest.exports).map(([entry, file]) => ({
    specifier: `${manifest.name}${entry.slice(1)}`,
    file: file.replace("./src/", ""),
  }));
}
