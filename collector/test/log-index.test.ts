import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { openDatabase } from "../src/sqlite/file/open.ts";
import { StatsLog } from "../src/sqlite/stats/log.ts";
import { ByteWriter } from "../src/sqlite/stats/varints.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-log-"));
let files = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TENANTS = [1, 2, 300];

interface Share {
  tenant: number;
  outcome: number;
}

const share = fc.record({ tenant: fc.constantFrom(...TENANTS), outcome: fc.integer({ min: 0, max: 500 }) });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constantFrom("write", "roll back"), shares: fc.array(share) }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("read"), shares: fc.constant([]) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("take"), shares: fc.constant([]) }) },
);

function packed({ tenant, outcome }: Share): Uint8Array {
  const to = new ByteWriter();
  for (const part of [500_000, tenant, 7, outcome]) to.uint(part);
  return to.take();
}

function read(log: StatsLog, tenants: number[] | null): Share[] {
  const shares: Share[] = [];
  log.read(tenants, ({ tenant, outcome }) => shares.push({ tenant, outcome }));
  return shares;
}

test("whoever reads on finds what was written and not added up, of those asked for, whatever was read before", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.uniqueArray(fc.constantFrom(...TENANTS)),
      (steps, asked) => {
        files += 1;
        const path = join(folder, `${files}.db`);
        const [mine, theirs] = [0, 1].map(() =>
          openDatabase(path, { busyTimeoutMs: 0, durability: "normal" }),
        );
        if (mine === undefined || theirs === undefined) throw new Error("expected two connections");
        const [writer, reader] = [new StatsLog(mine), new StatsLog(theirs)];
        let expected: Share[] = [];
        const byTenant = (tenants: number[]) =>
          tenants.flatMap((tenant) => expected.filter((each) => each.tenant === tenant));
        const check = (log: StatsLog) => {
          expect(read(log, null)).toEqual(expected);
          expect(read(log, asked)).toEqual(byTenant(asked));
        };
        for (const { does, shares } of steps) {
          if (does === "read") {
            check(reader);
          } else {
            mine.exec("BEGIN IMMEDIATE");
            for (const each of shares) writer.replace(null, packed(each));
            writer.save();
            const before = expected;
            expected = [...expected, ...shares];
            if (does === "take") {
              writer.take(() => {});
              expected = [];
            }
            check(writer);
            mine.exec(does === "roll back" ? "ROLLBACK" : "COMMIT");
            if (does === "roll back") {
              writer.forget();
              expected = before;
            }
          }
        }
        for (const log of [writer, reader]) check(log);
        for (const db of [mine, theirs]) db.close();
      },
    ),
    { numRuns: 60 },
  );
});

test("more than is kept is read all the same, and what comes after it was added up", () => {
  const db = openDatabase(join(folder, "large.db"), { busyTimeoutMs: 0, durability: "normal" });
  const log = new StatsLog(db);
  const write = (flows: number) => {
    for (let n = 0; n < flows; n += 1) log.replace(null, packed({ tenant: 1 + (n % 2), outcome: 400 }));
    log.save();
  };
  const sizes = () => [read(log, null).length, read(log, [1]).length];
  write(10);
  expect(sizes()).toEqual([10, 5]);
  for (let n = 0; n < 10; n += 1) write(100_000);
  expect(sizes()).toEqual([1_000_010, 500_005]);
  write(10);
  expect(sizes()).toEqual([1_000_020, 500_010]);
  while (log.take(() => {}));
  write(10);
  expect(sizes()).toEqual([10, 5]);
  db.close();
});
