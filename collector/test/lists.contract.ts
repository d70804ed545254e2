/** What every store promises of lists of flows: each order, filter and search, paged both ways, against a plain model. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Micros, Status } from "../src/flow.ts";
import type { Observation } from "../src/observation.ts";
import { FLOW_ORDERS, type FlowFilter, type FlowOrder, type FlowPage, type Store } from "../src/store.ts";
import { flowOf } from "./saying.ts";

const T0 = 1_790_000_000_000_000;
/** More than are kept together. */
const FLOWS = 300;

export interface ListsUnderTest {
  /** A new, empty store with this clock. */
  open(now: () => Micros): Promise<Store>;
  /** Lists to try. */
  lists?: number;
  /** The time for a question is over at once: pages and counts are in part, and together still the whole. */
  cutShort?: boolean;
}

/** One flow, as the model knows it. */
interface Made {
  tenant: string;
  id: string;
  name: string;
  start: number;
  /** `null`: open. */
  duration: number | null;
  failed: boolean;
  /** The number in its error. */
  row: number;
  env: string;
  order: boolean;
  steps: string[];
  service: string;
  /** A label said so long after its start, where there is one. */
  late: number | null;
}

const made = (n: number): fc.Arbitrary<Made> =>
  fc.record({
    tenant: fc.constantFrom("acme", "globex"),
    id: fc.constantFrom(`f-${n}`, `0197a1b2-c3d4-7e5f-8a9b-${n.toString(16).padStart(12, "0")}`),
    name: fc.constantFrom("import_orders", "syncBook"),
    start: fc.nat(8),
    duration: fc.option(fc.integer({ min: 3, max: 9 }), { freq: 4 }),
    failed: fc.boolean(),
    row: fc.nat(3),
    env: fc.constantFrom("prod", "test"),
    order: fc.boolean(),
    steps: fc.subarray(["validate", "push items", "Überweisung", `step ${n % 5}`]),
    service: fc.constantFrom("api", "worker"),
    late: fc.option(fc.integer({ min: 1, max: 20 })),
  });

/** Some are of one name, some of one name of one customer. */
function labelsOf({ name, tenant, env, order, row }: Made, n: number): Record<string, string> {
  const format =
    name === "import_orders" ? (row % 2 === 0 ? "csv" : "xlsx") : tenant === "acme" ? "crm" : undefined;
  return { env, ...(format !== undefined && { format }), ...(order && { order: `ord-${n}` }) };
}

function observationsOf(flow: Made, n: number): [first: Observation, ...rest: Observation[]] {
  const { opened, step, ended, labels } = flowOf({ tenant: flow.tenant, id: flow.id });
  const { name, service, row } = flow;
  const start = T0 + flow.start;
  const said: [Observation, ...Observation[]] = [opened(start, { name, service, labels: labelsOf(flow, n) })];
  for (const each of flow.steps) {
    said.push(
      ...step(
        `${n} ${each}`,
        start + 1,
        start + 2,
        { name: each, flowName: name, service },
        { flowName: name },
      ),
    );
  }
  if (flow.late !== null) said.push(labels(start + flow.late, { late: "yes" }));
  if (flow.duration !== null) {
    const error = { type: "TimeoutError", message: `gave up at row ${row}`, stack: null };
    const ending = flow.failed ? { status: "failed" as const, error } : {};
    said.push(ended(start + flow.duration, { name, ...ending }));
  }
  return said.map((each) => ("flowName" in each ? { ...each, flowName: name } : each)) as typeof said;
}

const statusOf = ({ duration, failed }: Made): Status =>
  duration === null ? "running" : failed ? "failed" : "succeeded";

/** Of the words that are asked for below, those that a flow has. */
function has(flow: Made, n: number, term: string): boolean {
  const { id, env, steps } = flow;
  const hasError = statusOf(flow) === "failed";
  if (id.startsWith(term) || id.startsWith(term.toLowerCase())) return true;
  switch (term.toLowerCase()) {
    case "import":
      return flow.name === "import_orders";
    case "book":
      return flow.name === "syncBook";
    case "ord":
      return flow.order || flow.name === "import_orders";
    case "prod":
      return env === "prod";
    case "val":
      return steps.includes("validate");
    case "uberw":
      return steps.includes("Überweisung");
    case "err":
      return hasError;
    case "row":
      return hasError;
    case "step":
      return steps.some((name) => name.startsWith("step"));
    case "2":
      return (
        (hasError && flow.row === 2) || steps.includes("step 2") || (flow.order && `${n}`.startsWith("2"))
      );
    case "ord-1":
      return (
        (flow.order || flow.name === "import_orders") &&
        ((flow.order && `${n}`.startsWith("1")) || steps.includes("step 1") || (hasError && flow.row === 1))
      );
    case "yes":
      return flow.late !== null;
    default:
      return false;
  }
}

const TERMS = ["import", "Book", "ord", "PROD", "val", "uberw", "err", "row", "step", "2", "ord-1", "yes"];
const IDS = [
  "f-",
  "f-1",
  "0197A1B2-c3",
  "0197a1b2-c3d4-7e5f-8a9b-00000000000",
  "0197a1b2c3",
  "zzz",
  "rows",
  "%",
];

const someOf = (...values: string[]) =>
  fc.option(fc.subarray(values, { minLength: 1 }), { nil: undefined, freq: 2 });

const filters: fc.Arbitrary<FlowFilter> = fc.record({
  tenant: someOf("acme", "globex", "nobody"),
  name: someOf("import_orders", "syncBook"),
  status: someOf("running", "succeeded", "failed") as fc.Arbitrary<Status[] | undefined>,
  labels: fc.option(
    fc.record(
      {
        env: fc.constantFrom(["prod"], ["prod", "test"]),
        format: fc.constantFrom(["csv"], ["crm"], ["crm", "xlsx"], ["pdf"]),
      },
      { requiredKeys: [] },
    ),
    { nil: undefined, freq: 2 },
  ),
  service: someOf("api", "worker", "nobody"),
  from: fc.option(
    fc.nat(8).map((at) => T0 + at),
    { nil: undefined, freq: 2 },
  ),
  to: fc.option(
    fc.nat(9).map((at) => T0 + at),
    { nil: undefined, freq: 2 },
  ),
  q: fc.option(
    fc
      .array(fc.constantFrom(...TERMS, ...IDS), { minLength: 1, maxLength: 2 })
      .map((terms) => terms.join(" ")),
    { nil: undefined, freq: 2 },
  ),
});

function passes(flow: Made, n: number, filter: FlowFilter): boolean {
  const among = (list: string[] | undefined, value: string) => list === undefined || list.includes(value);
  const start = T0 + flow.start;
  return (
    among(filter.tenant, flow.tenant) &&
    among(filter.name, flow.name) &&
    among(filter.status, statusOf(flow)) &&
    Object.entries(filter.labels ?? {}).every(([key, values]) =>
      values.includes(labelsOf(flow, n)[key] ?? ""),
    ) &&
    among(filter.service, flow.service) &&
    start >= (filter.from ?? 0) &&
    start < (filter.to ?? Number.POSITIVE_INFINITY) &&
    (filter.q ?? "").split(" ").every((term) => term === "" || has(flow, n, term))
  );
}

/** What a flow is sorted by; one without comes last. */
function sortedBy(order: FlowOrder, flow: Made): number | null {
  const { start, duration } = flow;
  if (order === "newest" || order === "oldest") return start;
  if (order === "longest" || order === "shortest") return duration;
  if (order === "last-ended" || order === "first-ended") return duration === null ? null : start + duration;
  return start + Math.max(flow.steps.length > 0 ? 2 : 0, flow.late ?? 0, duration ?? 0);
}

function expected(flows: Made[], filter: FlowFilter, order: FlowOrder): string[] {
  const sign = ["oldest", "first-ended", "shortest", "first-active"].includes(order) ? 1 : -1;
  const numbered = flows.map((flow, n) => ({ flow, n, by: sortedBy(order, flow) }));
  return numbered
    .filter(({ flow, n }) => passes(flow, n, filter))
    .sort((a, b) => {
      if (a.by === null || b.by === null) {
        const bothOpen = sign * (a.flow.start - b.flow.start || a.n - b.n);
        return a.by === b.by ? bothOpen : a.by === null ? 1 : -1;
      }
      return sign * (a.by - b.by || a.n - b.n);
    })
    .map(({ flow }) => `${flow.tenant}/${flow.id}`);
}

const keysOf = ({ items }: FlowPage) => items.map(({ tenant, id }) => `${tenant}/${id}`);

export function listsContract(kind: string, { open, lists = 200, cutShort = false }: ListsUnderTest): void {
  describe(`${kind}: lists against a plain model`, () => {
    const worlds = fc.tuple(...Array.from({ length: FLOWS }, (_, n) => made(n)));

    async function filled(store: Store, flows: Made[]): Promise<void> {
      const said = flows.map(observationsOf);
      // First seen in the order of their numbers: flows that are equal are listed by that.
      await store.append(said.map(([first]) => first));
      const rest = said.flatMap(([, ...more]) => more);
      // The end of some before their steps.
      rest.sort((a, b) => (a.at % 7) - (b.at % 7));
      for (let at = 0; at < rest.length; at += 50) await store.append(rest.slice(at, at + 50));
    }

    test("every order and filter, forwards and back by cursors, and counted", async () => {
      const [flows] = fc.sample(worlds, { numRuns: 1, seed: 7 }) as [Made[]];
      const store = await open(() => T0 + 100);
      await filled(store, flows);
      await fc.assert(
        fc.asyncProperty(
          filters,
          fc.constantFrom(...FLOW_ORDERS),
          fc.integer({ min: 5, max: 100 }),
          async (filter, order, limit) => {
            const wanted = expected(flows, filter, order);
            const forwards: string[] = [];
            let page = await store.flows({ ...filter, order, limit });
            expect(page.prevCursor).toBeNull();
            for (;;) {
              forwards.push(...keysOf(page));
              if (page.nextCursor === null) break;
              page = await store.flows({ ...filter, order, limit, cursor: page.nextCursor });
            }
            expect(forwards).toEqual(wanted);

            const back = [keysOf(page)];
            // From a page without flows, as where time cut it short, there is no way back.
            const isSeen = page.items.length > 0 ? wanted : [];
            while (page.prevCursor !== null) {
              page = await store.flows({ ...filter, order, limit, cursor: page.prevCursor });
              back.unshift(keysOf(page));
            }
            expect(back.flat()).toEqual(isSeen);
            expect(isSeen.length === wanted.length || cutShort).toBe(true);

            const count = await store.count(filter);
            const failed = flows.filter((flow, n) => passes(flow, n, filter) && statusOf(flow) === "failed");
            if (count.complete)
              expect([count.total, count.status.failed]).toEqual([wanted.length, failed.length]);
            else expect(count.total).toBeLessThanOrEqual(wanted.length);
          },
        ),
        { numRuns: lists },
      );
      await store.close();
    }, 60_000);

    if (cutShort) return;

    test("what is pruned is neither found nor counted", async () => {
      const [flows] = fc.sample(worlds, { numRuns: 1, seed: 11 }) as [Made[]];
      const store = await open(() => T0 + 100);
      await filled(store, flows);
      const endedBefore = T0 + 9;
      await store.prune({ endedBefore, limit: 500 });
      const isLeft = ({ start, duration }: Made) => duration === null || T0 + start + duration >= endedBefore;
      const left = new Set(flows.filter(isLeft).map(({ tenant, id }) => `${tenant}/${id}`));
      expect(left.size).toBeLessThan(flows.length);
      for (const q of ["", ...TERMS, ...IDS]) {
        for (const order of FLOW_ORDERS) {
          const wanted = expected(flows, { q }, order).filter((key) => left.has(key));
          expect(keysOf(await store.flows({ q, order, limit: 500 }))).toEqual(wanted);
        }
        expect((await store.count({ q })).total).toBe(
          expected(flows, { q }, "newest").filter((key) => left.has(key)).length,
        );
      }
      await store.close();
    });

    test("a cursor of another list is refused; one of the same list in other words is not", async () => {
      const store = await open(() => T0);
      await store.append(["1", "2", "3"].map((id) => flowOf({ tenant: "acme", id }).opened(T0)));
      const query = {
        tenant: ["acme", "b"],
        status: ["running" as const],
        order: "newest" as const,
        limit: 1,
      };
      const { nextCursor } = await store.flows(query);
      const cursor = nextCursor ?? "";
      for (const other of [{ order: "oldest" as const }, { tenant: ["acme"] }, { q: "x" }, { from: 1 }]) {
        await expect(store.flows({ ...query, cursor, ...other })).rejects.toMatchObject({
          code: "invalid_argument",
          message: expect.stringMatching(/^cursor: .*another list/),
        });
      }
      const same = await store.flows({ ...query, tenant: ["b", "acme", "b"], limit: 5, cursor, q: "" });
      expect(same.items.map(({ id }) => id)).toEqual(["2", "1"]);
      await store.close();
    });

    test("where what was before a page is gone, the first page is after that", async () => {
      const store = await open(() => T0);
      for (const id of ["1", "2", "3"]) {
        const { opened, ended } = flowOf({ tenant: "acme", id });
        await store.append([opened(T0 + Number(id)), ended(T0 + 10 * Number(id))]);
      }
      const query = { order: "oldest" as const, limit: 1 };
      const first = await store.flows(query);
      const second = await store.flows({ ...query, cursor: first.nextCursor ?? "" });
      await store.prune({ endedBefore: T0 + 15, limit: 1 });
      const before = await store.flows({ ...query, cursor: second.prevCursor ?? "" });
      expect(before).toMatchObject({ items: [], prevCursor: null, nextCursor: expect.any(String) });
      const again = await store.flows({ ...query, cursor: before.nextCursor ?? "" });
      expect(again).toMatchObject({ items: [{ id: "2" }], prevCursor: null });
      await store.close();
    });

    test("counts are by status and by health, and exact up to ten thousand", async () => {
      let now = T0;
      const store = await open(() => now);
      const all: Observation[] = [];
      for (let n = 0; n < 10_100; n += 1) {
        const { opened, ended, paused } = flowOf({ tenant: n < 9_900 ? "acme" : "globex", id: `${n}` });
        all.push(opened(T0 + n, { instance: n === 0 ? "p1" : null }));
        if (n > 1) all.push(n === 2 ? paused(T0 + n + 1) : ended(T0 + n + 5, { status: "cancelled" }));
      }
      await store.append(all);
      await store.append([{ kind: "heartbeat", instance: "p1", service: null, at: T0, intervalMs: 1_000 }]);
      now = T0 + 10_000_000;
      expect(await store.count({ tenant: ["globex"] })).toMatchObject({ total: 200, complete: true });
      expect(await store.count({ status: ["running", "paused"] })).toEqual({
        total: 3,
        status: { running: 2, paused: 1, succeeded: 0, failed: 0, cancelled: 0 },
        health: { ok: 2, stalled: 0, lost: 1 },
        complete: true,
      });
      expect(await store.count({ health: ["lost"] })).toMatchObject({ total: 1, health: { lost: 1 } });
      const most = await store.count({ from: T0 });
      expect(most.complete).toBe(false);
      expect(most.total).toBeLessThanOrEqual(10_000);
      await store.close();
    });
  });
}
