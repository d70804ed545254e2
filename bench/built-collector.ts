/** The collector as users install it, for figures of memory: what runs from source holds the compiler that strips its types. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packPackages } from "../scripts/packages.ts";
import { ROOT } from "../scripts/run.ts";

export interface BuiltCollector {
  /** The file behind the command `weir`. */
  program: string;
  remove(): void;
}

/** Builds both packages and unpacks them; what they depend on is that of the checkout, so nothing is fetched. */
export async function builtCollector(): Promise<BuiltCollector> {
  const folder = mkdtempSync(join(tmpdir(), "weir-built-"));
  const modules = join(folder, "node_modules");
  for (const [name, tarball] of Object.entries(await packPackages(folder))) {
    const own = join(modules, "@weir", name);
    mkdirSync(own, { recursive: true });
    execFileSync("tar", ["-xzf", tarball, "-C", own, "--strip-components", "1"]);
    const { dependencies } = JSON.parse(readFileSync(join(own, "package.json"), "utf8"));
    for (const dependency of Object.keys(dependencies)) {
      if (dependency.startsWith("@weir/")) continue;
      const place = join(own, "node_modules", dependency);
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(realpathSync(join(ROOT, name, "node_modules", dependency)), place);
    }
  }
  return {
    program: join(modules, "@weir/collector/bin/weir.mjs"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
