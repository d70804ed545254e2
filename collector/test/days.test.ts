/** Statistics of many days: sums of days, days and hours tell together what a look at every flow tells. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { Micros } from "../src/flow.ts";
import { openMemoryStore } from "../src/memory/index.ts";
import type { FlowObservation } from "../src/observation.ts";
import { openSqliteStore, type SqliteStore } from "../src/sqlite/index.ts";
import type { StatsFilter, Store } from "../src/store.ts";
import { takeBackTo } from "./earlier-file.ts";
import { flowOf } from "./saying.ts";

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const DAYS = 12;
const FIRST = 20_700 * DAY;
/** The last of the days is not over. */
const NOW = FIRST + (DAYS - 1) * DAY + 20 * HOUR;
const now = () => NOW;

const folder = mkdtempSync(join(tmpdir(), "weir-days-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

interface Planned {
  day: number;
  second: number;
  tenant: string;
  name: string;
  env: string;
  rare: boolean;
  end: "succeeded" | "failed" | "none";
  error: string;
  took: number;
}

const planned: fc.Arbitrary<Planned> = fc.record({
  day: fc.nat(DAYS - 1),
  second: fc.nat(86_000),
  tenant: fc.constantFrom("acme", "globex"),
  name: fc.constantFrom("import", "import", "import", "sync", "report"),
  env: fc.constantFrom("prod", "test"),
  rare: fc.nat(9).map((n) => n === 0),
  end: fc.constantFrom("succeeded", "failed", "none"),
  error: fc.constantFrom("bad row", "timed out"),
  took: fc.nat(1_000_000),
});

const hours = fc.nat(DAYS * 24).map((hour) => FIRST + hour * HOUR);
const time = fc.oneof(
  hours,
  hours.map((at) => Math.floor(at / DAY) * DAY),
  hours.map((at) => at + 12_345),
);
const filter: fc.Arbitrary<StatsFilter> = fc.record(
  {
    tenant: fc.constantFrom(["acme"], ["acme"], ["globex", "acme"], ["nobody"]),
    name: fc.constantFrom(["import"], ["sync", "report"]),
    labels: fc.constantFrom({ env: ["test"] }, { rare: ["yes"] }),
    from: time,
    to: time,
  },
  { requiredKeys: [] },
);

/** Begins in a second of its own, so that of two the newest is known. */
function observationsOf({ day, second, tenant, name, env, rare, end, error, took }: Planned, n: number) {
  const start = Math.min(FIRST + day * DAY + second * SECOND, NOW - SECOND) + n;
  const { opened, step, ended } = flowOf({ tenant, id: `${n}` });
  const labels = { env, ...(rare && { rare: "yes" }) };
  const failure = { status: "failed" as const, error: { type: "Error", message: error, stack: null } };
  return [
    opened(start, { name, labels }),
    ...step("s", start, start + 5, { name: `load ${name}`, flowName: name }),
    ...(end === "none" ? [] : [ended(start + took, { name, ...(end === "failed" && failure) })]),
  ];
}

/** All that statistics tell, in an order that does not depend on the store. */
async function told(store: Store, filters: StatsFilter[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const each of filters) {
    for (const groupBy of ["name", "day", "hour", "labels", "step"] as const) {
      const { groups, ...counted } = await store.stats({ ...each, groupBy });
      answers.push([each, groupBy, groups.toSorted(byKey), counted.complete]);
    }
    const { errors } = await store.errors({ ...each, limit: 20 });
    answers.push([each, errors.toSorted((a, b) => (a.message < b.message ? -1 : 1))]);
    const { buckets } = await store.histogram({ from: FIRST, to: NOW, ...each, buckets: 40 });
    answers.push([each, buckets]);
  }
  return answers;
}

function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

function open(path = join(folder, `${++files}.db`)): { path: string; store: SqliteStore } {
  return { path, store: openSqliteStore({ path, now, upkeep: false }) };
}

test("any window over many days tells the same as a look at every flow; also of what comes late, changes and goes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(planned, { minLength: 1, maxLength: 60, size: "max" }),
      fc.array(filter, { minLength: 3, maxLength: 6 }),
      fc.nat(60),
      fc.boolean(),
      async (flows, filters, late, fromBefore) => {
        const model = openMemoryStore({ now });
        let { path, store } = open();
        const said = flows.map(observationsOf);
        const both = async (observations: FlowObservation[]) => {
          await model.append(observations);
          await store.append(observations);
        };
        const same = async () =>
          expect(await told(store, [{}, ...filters])).toEqual(await told(model, [{}, ...filters]));

        await both(said.slice(late).flat());
        await store.settle();
        await same();
        if (fromBefore) {
          await store.close();
          const db = new Database(path);
          takeBackTo(db, 15);
          db.close();
          store = open(path).store;
          await same();
        }

        // What comes late, and what is said of flows that were counted: one fails that did not, one begins earlier.
        await both(said.slice(0, late).flat());
        const [first, second] = said.map(([opened]) => opened as FlowObservation);
        if (first !== undefined) {
          const { ended } = flowOf(first.flow);
          const error = { type: "Error", message: "after all", stack: null };
          await both([ended(first.at + 2 * SECOND, { status: "failed", error, spanId: "f".repeat(16) })]);
        }
        if (second !== undefined)
          await both([flowOf(second.flow).labels(second.at - 3 * DAY, { env: "dev" })]);
        await same();
        await store.settle();
        await same();

        const prune: { endedBefore: Micros; limit: number } = { endedBefore: FIRST + 6 * DAY, limit: 500 };
        await model.prune(prune);
        await store.prune(prune);
        await same();
        await store.settle();
        await same();
        await model.close();
        await store.close();
      },
    ),
    { numRuns: 15 },
  );
}, 120_000);

test("the last run with a label is found where hardly any flow of the customer has it", async () => {
  const { store } = open();
  const run = (n: number, at: Micros, name: string, labels: Record<string, string>) => {
    const { opened, ended } = flowOf({ tenant: "acme", id: `${n}` });
    return [opened(at, { name, labels }), ended(at + n + 1, { name })];
  };
  const many = Array.from({ length: 400 }, (_, n) =>
    run(n, FIRST + (n * HOUR) / 2, "import", { env: "prod" }),
  );
  const rare = [
    run(900, FIRST + DAY, "report", { channel: "web" }),
    run(901, FIRST + 2 * DAY, "report", { channel: "web" }),
  ];
  await store.append([...many, ...rare].flat());
  for (const settled of [false, true]) {
    if (settled) await store.settle();
    const { groups } = await store.stats({ tenant: ["acme"], groupBy: "labels" });
    expect(groups).toMatchObject([
      { key: "channel=web", total: 2, lastStartedAt: FIRST + 2 * DAY, durationMs: { last: 0.902 } },
      { key: "env=prod", total: 400, lastStartedAt: FIRST + (399 * HOUR) / 2, durationMs: { last: 0.4 } },
    ]);
  }
  await store.close();
});
