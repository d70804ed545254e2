import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { openDatabase } from "../src/sqlite/file/open.ts";
import { StatsLog } from "../src/sqlite/stats/log.ts";
import { PART } from "../src/sqlite/stats/parts.ts";
import { ByteWriter } from "../src/sqlite/stats/varints.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-log-"));
let files = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TENANTS = [1, 2, 300];

/** A step, and a label, which is nothing that is told of all customers. */
const STEP = 4 * 9 + PART.step;
const LABEL = 4 * 9 + PART.label;

interface Share {
  tenant: number;
  outcome: number;
  sign: 1 | -1;
}

const share: fc.Arbitrary<Share> = fc.record({
  tenant: fc.constantFrom(...TENANTS),
  outcome: fc.integer({ min: 0, max: 500 }),
  sign: fc.constantFrom(1, -1),
});
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constantFrom("write", "roll back"), shares: fc.array(share) }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("read"), shares: fc.constant([]) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("take"), shares: fc.constant([]) }) },
);

function packed({ tenant, outcome }: Pick<Share, "tenant" | "outcome">): Uint8Array {
  const to = new ByteWriter();
  for (const part of [500_000, tenant, 7, outcome, LABEL, outcome * 2, STEP, outcome * 2]) to.uint(part);
  return to.take();
}

function read(log: StatsLog, tenants: number[] | null): Share[] {
  const shares: Share[] = [];
  log.read(tenants, ({ tenant, outcome }, sign) => shares.push({ tenant, outcome, sign }));
  return shares;
}

/** How often each outcome is, of flows and of one step. */
function summed(log: StatsLog): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const want of ["flows", PART.step] as const) {
    for (const { part, tally } of log.sums(want) ?? []) {
      tally.each((outcome, count) => {
        counts[`${part} ${outcome}`] = count;
      });
    }
  }
  return counts;
}

function sumOf(shares: Share[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome, sign } of shares) {
    for (const key of [`null ${outcome}`, `${STEP} ${outcome}`]) counts[key] = (counts[key] ?? 0) + sign;
  }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
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
          expect(summed(log)).toEqual(sumOf(expected));
        };
        for (const { does, shares } of steps) {
          if (does === "read") {
            check(reader);
          } else {
            mine.exec("BEGIN IMMEDIATE");
            for (const each of shares) {
              if (each.sign === 1) writer.replace(null, packed(each));
              else writer.replace(packed(each), null);
            }
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
  expect(log.sums("flows")).toBeNull();
  write(10);
  expect(sizes()).toEqual([1_000_020, 500_010]);
  while (log.take(() => {}));
  write(10);
  expect(sizes()).toEqual([10, 5]);
  expect(summed(log)).toEqual({ "null 400": 10, [`${STEP} 400`]: 10 });
  db.close();
});
