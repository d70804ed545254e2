/** What the store does when the disk, the file or another program lets it down. */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { openSqliteStore } from "../src/sqlite/index.ts";
import { flowOf } from "./saying.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-faults-"));
const mounted: string[] = [];
afterEach(() => {
  for (const place of mounted.splice(0)) execFileSync("umount", [place]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const newFolder = () => {
  const place = join(folder, String(++count));
  mkdirSync(place);
  return place;
};

/** A disk of its own, where this user may mount one. */
function smallDisk(...options: string[]): string | undefined {
  const place = newFolder();
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", ["size=3m", ...options].join(), "tmpfs", place]);
  if (mount.status !== 0) return undefined;
  mounted.push(place);
  return place;
}
const canMount = (() => {
  const place = smallDisk();
  if (place !== undefined) execFileSync("umount", [mounted.pop() as string]);
  return place !== undefined;
})();

const batch = (n: number) =>
  Array.from({ length: 100 }, (_, i) => {
    const { opened, ended } = flowOf({ tenant: "acme", id: `${n}-${i}` });
    return [opened(1000 + n), ended(2000 + n)];
  }).flat();

describe("sqlite: faults", () => {
  test.runIf(canMount)(
    "a full disk refuses by name, keeps what was acknowledged, and works again once there is room",
    async () => {
      const disk = smallDisk() as string;
      const ballast = join(disk, "ballast");
      writeFileSync(ballast, Buffer.alloc(1024 * 1024));
      const store = openSqliteStore({ path: join(disk, "weir.db") });
      let taken = 0;
      const fill = async () => {
        for (;;) {
          await store.append(batch(taken));
          taken += 1;
        }
      };
      await expect(fill()).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringContaining("free some space"),
      });
      expect(taken).toBeGreaterThan(0);
      const kept = async () => (await store.stats({ groupBy: "name" })).groups[0]?.total;
      expect(await kept()).toBe(taken * 100);
      rmSync(ballast);
      await store.append(batch(taken));
      expect(await kept()).toBe((taken + 1) * 100);
      await store.close();
    },
  );

  test("a write that the system refuses in the middle is refused whole, and the file stays sound", async () => {
    const path = join(newFolder(), "weir.db");
    const module = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    const script = `const { openSqliteStore } = await import(${module("../src/sqlite/index.ts")});
      const { flowOf } = await import(${module("./saying.ts")});
      const store = openSqliteStore({ path: ${JSON.stringify(path)} });
      let taken = 0;
      try {
        for (;; taken += 1) {
          await store.append(Array.from({ length: 100 }, (_, i) =>
            flowOf({ tenant: "acme", id: taken + "-" + i }).opened(1000 + taken)));
        }
      } catch (error) {
        console.log(JSON.stringify({ taken, code: error.code, message: error.message }));
      }
      process.exit(0);`;
    // 1 MiB to a file, after which the system refuses to write on.
    const limited = `ulimit -f 1024; exec "$0" --input-type=module -e "$1"`;
    const printed = execFileSync("bash", ["-c", limited, process.execPath, script], { encoding: "utf8" });
    const { taken, code, message } = JSON.parse(printed) as { taken: number; code: string; message: string };
    expect({ code, message }).toEqual({ code: "unavailable", message: expect.stringContaining("disk") });
    expect(taken).toBeGreaterThan(0);
    const store = openSqliteStore({ path });
    expect((await store.stats({ groupBy: "name" })).groups[0]?.total).toBe(taken * 100);
    await store.append(batch(taken));
    await store.close();
    const db = new Database(path);
    expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
    db.close();
  });

  test.runIf(canMount)("a disk that may only be read is named", () => {
    const disk = smallDisk() as string;
    execFileSync("mount", ["-o", "remount,ro", disk]);
    expect(() => openSqliteStore({ path: join(disk, "weir.db") })).toThrow(
      /cannot be opened: .*(check that the folder is there and that this user may write in it|may not write)/,
    );
  });

  test("a damaged page is named where it is met, and nothing else stops", async () => {
    const path = join(newFolder(), "weir.db");
    let store = openSqliteStore({ path });
    for (let n = 0; n < 40; n += 1) await store.append(batch(n));
    await store.close();
    const file = openSync(path, "r+");
    const pages = pagesOf(path);
    for (let page = Math.floor(pages / 2); page < pages; page += 1)
      writeSync(file, Buffer.alloc(2048, 0xa5), 0, 2048, page * 4096 + 100);
    closeSync(file);
    store = openSqliteStore({ path });
    const damaged = { code: "unavailable", message: expect.stringContaining("restore a backup") };
    await expect(store.flows({ limit: 500, order: "newest" })).rejects.toMatchObject(damaged);
    expect((await store.tenants({ limit: 10 })).items).toMatchObject([{ tenant: "acme" }]);
    await store.close();
  });

  test("a file that another program holds for itself is named when it is opened", async () => {
    const path = join(newFolder(), "weir.db");
    await openSqliteStore({ path }).close();
    const other = new Database(path);
    other.pragma("locking_mode = EXCLUSIVE");
    other.exec("BEGIN EXCLUSIVE");
    expect(() => openSqliteStore({ path, busyTimeoutMs: 50 })).toThrow(
      /another program holds it locked; stop that program or name another file with --store/,
    );
    other.close();
    await openSqliteStore({ path }).close();
  });
});

function pagesOf(path: string): number {
  const db = new Database(path, { readonly: true });
  const pages = db.pragma("page_count", { simple: true }) as number;
  db.close();
  return pages;
}
