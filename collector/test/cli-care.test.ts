/** How the commands that look after a store are told off, as real processes. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const BIN = fileURLToPath(new URL("../bin/weir.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-cli-care-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "text"), "nothing of ours\n");

function run(args: string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH, ...env } };
    execFile(process.execPath, [BIN, ...args], options, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

const AGE = "expected an age such as 12h, 30d or 8w";

test.each<[string[], Record<string, string>, string]>([
  [["serve", "--durability", "most"], {}, '--durability: expected full or normal, got "most"'],
  [["serve", "--retention", "30"], {}, `--retention: ${AGE}, or forever, got "30"`],
  [["serve"], { WEIR_RETENTION: "0d" }, `WEIR_RETENTION: ${AGE}, or forever, got "0d"`],
  [["serve", "--retention", "99999w"], {}, 'got "99999w"'],
  [["serve", "--retention-of", "acme"], {}, "--retention-of: expected TENANT=AGE, such as acme-corp=90d"],
  [["serve", "--retention-of", "a=1d", "--retention-of", "b"], {}, 'got "a=1d,b"'],
  [["serve"], { WEIR_RETENTION_OF: "acme=90d,=7d" }, 'got "acme=90d,=7d"'],
  [["prune"], {}, "prune: expected --older-than, such as --older-than 30d"],
  [["prune", "--older-than", "soon"], {}, `--older-than: ${AGE}, got "soon"`],
  [
    ["prune", "--tenant", "b", "--retention-of", "a=1d"],
    {},
    'for nothing else says how long flows of tenant "b" are kept',
  ],
  [["prune", "--tenant", "", "--older-than", "1d"], {}, '--tenant: expected the name of a tenant, got ""'],
  [["prune", "--older-than", "1d", "--store", "memory:"], {}, "--store: expected sqlite:PATH"],
  [
    ["prune", "--older-than", "1d", "--store", "sqlite:gone.db"],
    {},
    'expected the store of a collector (--store), there is none at "gone.db"',
  ],
  [["backup"], {}, "backup: expected a file, got nothing"],
  [["backup", "-"], {}, 'backup: expected a file, got "-"'],
  [["backup", "a.db", "b.db"], {}, 'backup: expected one file, got "b.db" too'],
  [["backup", "a.db", "--frce"], {}, 'expected one of --store, --force, got "--frce"'],
  [["backup", "a.db", "--store", "sqlite:gone.db"], {}, 'there is none at "gone.db"'],
  [["restore"], {}, "restore: expected a file, got nothing"],
  [["restore", "a.db", "--force=maybe"], {}, '--force: expected 1 or 0, got "maybe"'],
  [["export", "--from", "noon"], {}, "--from: expected one time as RFC 3339"],
  [["export"], { WEIR_TENANT: "a,,b" }, "WEIR_TENANT: expected one name or more, with commas between them"],
  [["export", "--resume"], {}, "export: expected --to-file with --resume"],
  [["export", "all.ndjson"], {}, 'got "all.ndjson"'],
  [["export", "--store", "sqlite:gone.db"], {}, 'there is none at "gone.db"'],
  [["import"], {}, "import: expected a file, or - for stdin, got nothing"],
  [["import", "a", "-"], {}, 'import: expected one file, got "-" too'],
])("%j with %j is one line, exit 2", async (args, env, message) => {
  const { code, stdout, stderr } = await run(args, env);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^weir: [^\n]+\n$/);
  expect(stderr).toContain(message);
});

test.each<[string[], string]>([
  [["restore", "gone.db"], "gone.db: there is no such file"],
  [["restore", "text", "--store", "sqlite:new.db"], "text: can't be read: file is not a database"],
  [["import", "gone"], "import gone: expected a file, there is none"],
  [["import", "."], "import .: expected a file, there is a folder"],
  [["import", "text"], "import text: expected a JSON object"],
  [["prune", "--older-than", "1d", "--store", "sqlite:text"], "store text: cannot be opened"],
  [["backup", "copy.db", "--store", "sqlite:text"], "text: can't be read: file is not a database"],
])("%j is one line, exit 1", async (args, message) => {
  const { code, stdout, stderr } = await run(args);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^weir: [^\n]+\n$/);
  expect(stderr).toContain(message);
  expect(readdirSync(folder)).not.toContain("new.db");
});

test("each says how it is used", async () => {
  for (const name of ["prune", "backup", "restore", "export", "import"]) {
    const { code, stdout } = await run([name, "--help"]);
    expect([code, stdout.split("\n")[0]]).toEqual([0, expect.stringContaining(`weir ${name}`)]);
  }
});
