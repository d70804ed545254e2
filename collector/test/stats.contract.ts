/** What every store promises of its statistics, as tests: the same as a look at every flow. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { FlowSummary, Micros, StatsGroup, Step } from "../src/flow.ts";
import { fold, picture } from "../src/fold/index.ts";
import type { FlowObservation } from "../src/observation.ts";
import type { HistogramQuery, StatsQuery, Store } from "../src/store.ts";
import { flowOf } from "./saying.ts";
import type { StoreUnderTest } from "./store.contract.ts";

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
/** Noon of a day. */
const T0 = 20_700 * DAY + 12 * HOUR;
/** Of percentiles and averages. */
const TOLERANCE = 0.0101;

type Run = Omit<FlowSummary, "health"> & { steps: Step[] };

/** Everything that is said of some flows of two customers over some days, each flow in the order in which it is said. */
const world = fc
  .array(
    fc.record({
      tenant: fc.constantFrom("acme", "globex"),
      name: fc.constantFrom("import", "export", "__proto__"),
      start: fc.oneof(
        fc.integer({ min: -4 * 24 * 60, max: 0 }).map((minutes) => T0 + minutes * 60 * SECOND),
        fc.integer({ min: -120, max: 0 }).map((seconds) => T0 + seconds * SECOND),
      ),
      durationMs: fc.option(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 1e7 }))),
      status: fc.constantFrom("succeeded" as const, "failed" as const, "cancelled" as const),
      env: fc.option(fc.constantFrom("prod", "test")),
      region: fc.option(fc.constantFrom("eu", "us")),
      message: fc.constantFrom("bad row 7", "bad row 8", 'no file "a.csv"', 'no file "b.csv"', ""),
      late: fc.option(fc.constantFrom("succeeded" as const, "failed" as const)),
      steps: fc.array(
        fc.record({
          name: fc.constantFrom("read", "validate", "constructor"),
          kind: fc.constantFrom("step" as const, "queue" as const),
          ms: fc.option(fc.integer({ min: 0, max: 1e6 })),
          status: fc.constantFrom("succeeded" as const, "failed" as const),
        }),
        { maxLength: 4 },
      ),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((flows) =>
    flows.map((flow, n): FlowObservation[] => {
      const { opened, ended, labels, stepOpened, stepEnded } = flowOf({ tenant: flow.tenant, id: `${n}` });
      const { name, start, status } = flow;
      const said: FlowObservation[] = [opened(start, { name, labels: env(flow.env) })];
      for (const [at, step] of flow.steps.entries()) {
        const more = { name: step.name, stepKind: step.kind, flowName: name };
        said.push(stepOpened(`s${at}`, start + at, more));
        if (step.ms !== null) {
          const ending = { status: step.status, flowName: name };
          said.push(stepEnded(`s${at}`, start + at + step.ms * 1000, ending));
        }
      }
      if (flow.region !== null) said.push(labels(start + 1, { region: flow.region }));
      if (flow.durationMs !== null) {
        const error = status === "failed" ? { type: "ValueError", message: flow.message, stack: null } : null;
        said.push(ended(start + flow.durationMs * 1000, { name, status, error }));
        // An end that was earlier, and arrives later: the flow was counted by another.
        if (flow.late !== null) {
          said.push(ended(start + Math.floor(flow.durationMs / 2) * 1000, { name, status: flow.late }));
        }
      }
      return said;
    }),
  );

function env(value: string | null): Record<string, string> {
  return value === null ? {} : { env: value };
}

export function statsContract(
  kind: string,
  { open, reopen, settle = async () => {}, sets = 1000 }: StoreUnderTest,
): void {
  describe(`${kind}: statistics`, () => {
    test("are those of the flows as they stand, whatever the order, repetition and split, over restarts and prunes", async () => {
      await fc.assert(
        fc.asyncProperty(
          world,
          fc.infiniteStream(fc.nat(1000)),
          fc.constantFrom(-3 * DAY, -HOUR),
          async (flows, chances, pruneBefore) => {
            const chance = (of: number) => (chances.next().value as number) % of;
            let clock = T0 - 4 * DAY;
            const now = () => clock;
            let store = await open(now);
            const said = [...flows.flat(), ...flows.flat().filter(() => chance(3) === 0)];
            for (let at = said.length - 1; at > 0; at -= 1) {
              const other = chance(at + 1);
              [said[at], said[other]] = [said[other] as FlowObservation, said[at] as FlowObservation];
            }
            while (said.length > 0) {
              await store.append(said.splice(0, 1 + chance(20)));
              clock = Math.min(clock + chance(30) * HOUR, T0);
              if (chance(4) === 0) await settle(store);
              if (chance(sets < 100 ? 60 : 12) === 0) store = await reopen(store, now);
            }
            clock = T0 + 60 * SECOND;
            let runs = flows.map(runOf);
            await compare(store, runs, chance);
            const endedBefore = T0 + pruneBefore;
            await store.prune({ endedBefore, limit: 500 });
            runs = runs.filter(({ endedAt }) => endedAt === null || endedAt >= endedBefore);
            await compare(store, runs, chance);
            await settle(store);
            await compare(store, runs, chance);
            await store.close();
          },
        ),
        { numRuns: Math.max(2, Math.ceil(sets / 25)) },
      );
    }, 60_000);

    test("by name: every run is counted, and those that finished are timed", async () => {
      const store = await open(() => T0);
      const run = (id: string, name: string) => ({ ...flowOf({ tenant: "acme", id }), more: { name } });
      for (let n = 1; n <= 20; n += 1) {
        const { opened, ended, more } = run(`i${n}`, "import");
        const status = n === 20 ? ("failed" as const) : ("succeeded" as const);
        await store.append([opened(T0 + n, more), ended(T0 + n + n * 1000, { ...more, status })]);
      }
      const { opened, more } = run("r", "report");
      await store.append([opened(T0 + 99, more)]);
      const { groups, ...counted } = await store.stats({ tenant: ["acme"], groupBy: "name" });
      expect(counted).toEqual({ from: null, to: null, complete: true });
      const none = { min: null, avg: null, p50: null, p90: null, p95: null, p99: null, max: null };
      expect(groups).toEqual([
        {
          key: "report",
          label: null,
          stepKind: null,
          total: 1,
          running: 1,
          succeeded: 0,
          failed: 0,
          cancelled: 0,
          failureRate: null,
          lastStatus: "running",
          lastStartedAt: T0 + 99,
          durationMs: { ...none, last: null },
        },
        expect.objectContaining({
          key: "import",
          total: 20,
          succeeded: 19,
          failed: 1,
          failureRate: 0.05,
          lastStatus: "failed",
          lastStartedAt: T0 + 20,
        }),
      ]);
      const { last, ...durations } = groups[1]?.durationMs ?? { last: null };
      expect(last).toBe(20);
      near(durations, { min: 1, avg: 10.5, p50: 10, p90: 18, p95: 19, p99: 20, max: 20 });
      expect((await store.stats({ tenant: ["globex"], groupBy: "name" })).groups).toEqual([]);
      // A run that began before the window is not in it.
      expect(await store.stats({ from: T0 + 20, to: T0 + 21, groupBy: "name" })).toMatchObject({
        groups: [{ key: "import", total: 1 }],
        from: T0 + 20,
        to: T0 + 21,
      });
      await store.close();
    });

    test.each([
      ["at once", false],
      ["once it is counted", true],
    ])(
      "by day: a run whose beginning is told after its end leaves the day of its end, %s",
      async (_, counted) => {
        const store = await open(() => T0);
        const end = T0 - 2 * DAY;
        const [moved, going] = [
          flowOf({ tenant: "acme", id: "moved" }),
          flowOf({ tenant: "acme", id: "going" }),
        ];
        await store.append([moved.ended(end), going.opened(end - SECOND)]);
        if (counted) await settle(store);
        await store.append([moved.opened(end - DAY)]);
        const { groups } = await store.stats({ tenant: ["acme"], groupBy: "day" });
        expect(groups.map(({ total, running, durationMs }) => [total, running, durationMs.last])).toEqual([
          [1, 0, DAY / 1000],
          [1, 1, null],
        ]);
        await store.close();
      },
    );

    test("steps are slowest first, each with its kind; what a flow takes is told beside it", async () => {
      const store = await open(() => T0 + HOUR);
      for (let n = 0; n < 10; n += 1) {
        const { opened, step, ended } = flowOf({ tenant: "acme", id: `${n}` });
        const failing = n < 3 ? { status: "failed" as const } : {};
        await store.append([
          opened(T0 + n),
          ...step("q", T0, T0 + 900_000, { name: "load", stepKind: "queue" }),
          ...step("s", T0, T0 + 20_000, { name: "load" }, failing),
          ...step("t", T0, T0 + 50_000, { name: "sort" }),
          ended(T0 + n + SECOND),
        ]);
      }
      const { groups } = await store.stats({ tenant: ["acme"], groupBy: "step" });
      expect(groups.map(({ key, stepKind, total, failed }) => [key, stepKind, total, failed])).toEqual([
        ["load", "queue", 10, 0],
        ["sort", "step", 10, 0],
        ["load", "step", 10, 3],
      ]);
      const { opened, stepOpened } = flowOf({ tenant: "acme", id: "now" });
      const by = { service: "worker", instance: "pod-1" };
      await store.append([opened(T0 + 50, by), stepOpened("s", T0 + 51, { name: "load", ...by })]);
      const flow = await store.flow({ tenant: "acme", id: "now" });
      expect(flow?.runner).toEqual({ instance: "pod-1", service: "worker", heardAt: T0 + HOUR });
      expect(flow?.usual.flow).toEqual({ p50: 1000, p95: 1000, runs: 10 });
      expect(flow?.usual.steps.map(({ name, kind, runs }) => [name, kind, runs])).toEqual([
        ["load", "queue", 10],
        ["load", "step", 10],
        ["sort", "step", 10],
      ]);
      near({ queue: flow?.usual.steps[0]?.p50, sort: flow?.usual.steps[2]?.p95 }, { queue: 900, sort: 50 });
      await store.close();
    });
  });

  describe(`${kind}: errors`, () => {
    test.each([
      ["at once", false],
      ["once it is counted", true],
    ])("show a flow whose beginning is told after its end, %s", async (_, counted) => {
      const end = T0 - 2 * DAY;
      const error = { type: "ValueError", message: "bad row 7", stack: null };
      for (const before of [HOUR, DAY]) {
        const store = await open(() => T0);
        const [early, late] = [
          flowOf({ tenant: "acme", id: "early" }),
          flowOf({ tenant: "acme", id: "late" }),
        ];
        await store.append([
          ...[early.opened(end - 3 * DAY), early.ended(end - 3 * DAY + 1, { status: "failed", error })],
          late.ended(end, { status: "failed", error }),
        ]);
        if (counted) await settle(store);
        await store.append([late.opened(end - before)]);
        for (const filter of [{}, { tenant: ["acme"] }]) {
          expect((await store.errors({ ...filter, limit: 9 })).errors).toEqual([
            {
              type: "ValueError",
              message: "bad row #",
              count: 2,
              example: { tenant: "acme", id: "late" },
              lastAt: end - before,
            },
          ]);
        }
        await store.close();
      }
    });
  });

  describe(`${kind}: what is stuck`, () => {
    const heartbeat = (instance: string, at: Micros) =>
      ({ kind: "heartbeat", instance, service: "worker", at, intervalMs: 2000 }) as const;

    test("lost before stalled, the longest first, with the step, its usual time, who runs it and the error before", async () => {
      let now = T0;
      const store = await open(() => now);
      for (let n = 0; n < 20; n += 1) {
        const { opened, step, ended } = flowOf({ tenant: "acme", id: `old${n}` });
        await store.append([
          opened(T0),
          ...step("s", T0, T0 + 8 * SECOND, { name: "load" }),
          ended(T0 + 10 * SECOND),
        ]);
      }
      const [early, late] = ["early", "late"].map((id) => flowOf({ tenant: "acme", id }));
      const lost = flowOf({ tenant: "globex", id: "lost" });
      const by = { service: "worker", instance: "pod-1" };
      const error = { type: "TimeoutError", message: "gave up", stack: null };
      await store.append([
        ...(early === undefined
          ? []
          : [early.opened(T0), early.stepOpened("s", T0 + SECOND, { name: "load" })]),
        ...(late === undefined ? [] : [late.opened(T0 + 5 * SECOND)]),
        lost.opened(T0 + 9 * SECOND, by),
        ...lost.step("a1", T0 + 9 * SECOND, T0 + 10 * SECOND, { name: "load" }, { status: "failed", error }),
        lost.stepOpened("a2", T0 + 11 * SECOND, { name: "load", attempt: 2, ...by }),
        heartbeat("pod-1", T0),
      ]);
      expect(await store.stuck({ limit: 9 })).toEqual({
        items: [],
        nextCursor: null,
        counts: { lost: 0, stalled: 0 },
      });
      now = T0 + 3600 * SECOND;
      await vi.waitFor(
        async () => expect((await store.stuck({ limit: 9 })).counts).toEqual({ lost: 1, stalled: 2 }),
        { timeout: 8_000 },
      );
      const first = await store.stuck({ limit: 2 });
      expect(first.items).toMatchObject([
        {
          id: "lost",
          health: "lost",
          stuckSince: T0 + 6 * SECOND,
          usual: null,
          step: { name: "load", attempt: 2, startedAt: T0 + 11 * SECOND, usual: { runs: 1 } },
          runner: { instance: "pod-1", service: "worker", heardAt: T0 },
          earlierError: error,
        },
        {
          id: "early",
          health: "stalled",
          stuckSince: T0 + 30 * SECOND,
          usual: { p50: 10_000, p95: 10_000, runs: 20 },
          step: { name: "load", attempt: 1, usual: { runs: 20 } },
          runner: null,
          earlierError: null,
        },
      ]);
      const { items, nextCursor } = await store.stuck({ limit: 2, cursor: first.nextCursor ?? "" });
      expect(items).toMatchObject([{ id: "late", step: null }]);
      expect(nextCursor).toBeNull();
      expect(await store.stuck({ limit: 9, tenant: ["globex"], name: ["import"] })).toMatchObject({
        items: [{ id: "lost" }],
        counts: { lost: 1, stalled: 0 },
      });
      expect((await store.stuck({ limit: 9, name: ["export"] })).items).toEqual([]);
      await expect(store.stuck({ limit: 9, cursor: "x" })).rejects.toMatchObject({
        code: "invalid_argument",
      });
      await store.close();
    }, 20_000);

    test("customers who need attention come first: lost, stalled, failing more than usual, then by activity", async () => {
      let now = T0;
      const store = await open(() => now, { stalledAfter: new Map([["slow", SECOND / 1000]]) });
      const said: FlowObservation[] = [];
      for (const tenant of ["fine", "failing"]) {
        for (let n = 0; n < 60; n += 1) {
          const { opened, ended } = flowOf({ tenant, id: `${n}` });
          const recent = n >= 50;
          const status = recent && tenant === "failing" ? ("failed" as const) : ("succeeded" as const);
          const start = recent ? T0 - SECOND : T0 - 4 * DAY;
          said.push(opened(start), ended(start + 10, { status }));
        }
      }
      const latest = flowOf({ tenant: "latest", id: "1" });
      said.push(latest.opened(T0 + 1), latest.ended(T0 + 2));
      said.push(flowOf({ tenant: "stalled", id: "1" }).opened(T0 - 9 * DAY, { name: "slow" }));
      said.push(flowOf({ tenant: "lost", id: "1" }).opened(T0 - 10 * DAY, { instance: "pod-1" }));
      await store.append([...said, heartbeat("pod-1", T0)]);
      now = T0 + 10 * SECOND;
      const order = async (by: "attention" | "activity" | "name") => {
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await store.tenants({ order: by, limit: 2, cursor });
          seen.push(...page.items.map(({ tenant }) => tenant));
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        return seen;
      };
      await vi.waitFor(
        async () =>
          expect(await order("attention")).toEqual(["lost", "stalled", "failing", "latest", "fine"]),
        { timeout: 8_000 },
      );
      expect(await order("activity")).toEqual(["latest", "failing", "fine", "stalled", "lost"]);
      expect(await order("name")).toEqual(["failing", "fine", "latest", "lost", "stalled"]);
      await settle(store);
      const { items } = await store.tenants({ limit: 1, history: 5, q: "failing" });
      const none = { succeeded: 0, failed: 0, cancelled: 0, running: 0 };
      const today = Math.floor(T0 / DAY) * DAY;
      expect(items).toMatchObject([
        {
          history: [
            { ...none, day: today - 4 * DAY, succeeded: 50 },
            { ...none, day: today - 3 * DAY },
            { ...none, day: today - 2 * DAY },
            { ...none, day: today - DAY },
            { ...none, day: today, failed: 10 },
          ],
          failingMore: { failed: 10, finished: 10, usualRate: 0 },
        },
      ]);
      await store.close();
    }, 20_000);
  });
}

function runOf(said: FlowObservation[]): Run {
  const { summary, steps } = picture(fold(said));
  return { ...summary, steps };
}

const WINDOWS = [{}, { from: T0 - 2 * DAY - 1234, to: T0 - 60 * SECOND + 5 }, { from: T0 - 100 * SECOND }];
const FILTERS = [
  {},
  { tenant: ["acme"] },
  { tenant: ["acme", "globex", "nobody"], name: ["import", "__proto__"] },
  { tenant: ["globex"], labels: { env: ["prod"] } },
  { labels: { env: ["prod", "test"], region: ["eu"] } },
];
const HISTOGRAMS: HistogramQuery[] = [
  { buckets: 20 },
  // A value given twice is wanted once.
  { buckets: 20, status: ["failed", "running", "failed"] },
  { buckets: 300, status: ["failed", "running"], from: T0 - 3 * DAY - 1, to: T0 + 1 },
  { buckets: 50, tenant: ["acme"], step: ["read"], from: T0 - DAY },
  { buckets: 60, name: ["import"], from: T0 - 130 * SECOND, to: T0 + 1 },
];

/** Asks the store what a look at every run answers too. */
async function compare(store: Store, runs: Run[], chance: (of: number) => number): Promise<void> {
  const filter = { ...FILTERS[chance(FILTERS.length)], ...WINDOWS[chance(WINDOWS.length)] };
  const wanted = matching(runs, filter);
  for (const groupBy of ["name", "day", "hour", "labels", "step"] as const) {
    const answer = await store.stats({ ...filter, groupBy });
    const { from = null, to = null } = filter as Partial<StatsQuery>;
    expect(answer).toMatchObject({ complete: true, from, to });
    const groups = groupsOf(wanted, groupBy);
    expect(answer.groups.map(keyOf).sort()).toEqual([...groups.keys()].sort());
    for (const group of answer.groups) sameGroup(group, groups.get(keyOf(group)) ?? [], groupBy);
  }
  const { errors } = await store.errors({ ...filter, limit: 20 });
  const told = errors.map(({ type, message, count, lastAt }) => [type, message, count, lastAt]);
  expect(told.sort()).toEqual(errorsOf(wanted));
  for (const { example, message, lastAt } of errors) {
    const run = wanted.find(({ tenant, id }) => tenant === example?.tenant && id === example.id);
    expect(run?.startedAt).toBe(lastAt);
    expect(run?.error?.message.replace(/\d+|".*"/, "")).toBe(message.replace(/#|".*"/, ""));
  }
  await sameHistogram(store, runs, HISTOGRAMS[chance(HISTOGRAMS.length)] as HistogramQuery);
}

function matching(runs: Run[], { tenant, name, labels, from, to }: Omit<StatsQuery, "groupBy">): Run[] {
  return runs.filter(
    (run) =>
      (tenant === undefined || tenant.includes(run.tenant)) &&
      (name === undefined || name.includes(run.name)) &&
      Object.entries(labels ?? {}).every(([key, values]) => values.includes(run.labels[key] as string)) &&
      run.startedAt >= (from ?? 0) &&
      run.startedAt < (to ?? Number.POSITIVE_INFINITY),
  );
}

type Counted = Pick<Run, "status" | "startedAt" | "endedAt">;

function groupsOf(runs: Run[], groupBy: StatsQuery["groupBy"]): Map<string, Counted[]> {
  const groups = new Map<string, Counted[]>();
  const put = (key: string, counted: Counted) => groups.set(key, [...(groups.get(key) ?? []), counted]);
  for (const run of runs) {
    if (groupBy === "name") put(`${run.name} null`, run);
    if (groupBy === "labels")
      for (const label of Object.entries(run.labels)) put(`${label.join("=")} null`, run);
    if (groupBy === "step") for (const step of run.steps) put(`${step.name} ${step.kind}`, step);
    const slot = groupBy === "day" ? DAY : HOUR;
    if (groupBy === "day" || groupBy === "hour") {
      put(`${new Date((Math.floor(run.startedAt / slot) * slot) / 1000).toISOString()} null`, run);
    }
  }
  return groups;
}

function keyOf({ key, stepKind }: StatsGroup): string {
  return `${key} ${stepKind}`;
}

function sameGroup(group: StatsGroup, runs: Counted[], groupBy: StatsQuery["groupBy"]): void {
  const count = (...statuses: string[]) => runs.filter(({ status }) => statuses.includes(status)).length;
  const durations = runs
    .flatMap(({ startedAt, endedAt }) => (endedAt === null ? [] : [Math.max(0, endedAt - startedAt) / 1000]))
    .sort((a, b) => a - b);
  expect(group).toMatchObject({
    total: runs.length,
    running: count("running", "paused"),
    succeeded: count("succeeded"),
    failed: count("failed"),
    cancelled: count("cancelled"),
    failureRate: durations.length === 0 ? null : count("failed") / durations.length,
  });
  const rank = (percent: number) => durations[Math.ceil((durations.length * percent) / 100) - 1] ?? null;
  const { last, ...about } = group.durationMs;
  const sum = durations.reduce((a, b) => a + b, 0);
  near(about, {
    min: durations[0] ?? null,
    avg: durations.length === 0 ? null : sum / durations.length,
    p50: rank(50),
    p90: rank(90),
    p95: rank(95),
    p99: rank(99),
    max: durations.at(-1) ?? null,
  });
  if (groupBy === "step" || groupBy === "hour") {
    expect([last, group.lastStatus, group.lastStartedAt]).toEqual([null, null, null]);
    return;
  }
  const newestFirst = runs.toSorted(
    (a, b) =>
      b.startedAt - a.startedAt ||
      STANDING.indexOf(b.status) - STANDING.indexOf(a.status) ||
      (b.endedAt ?? 0) - (a.endedAt ?? 0),
  );
  expect([group.lastStartedAt, group.lastStatus]).toEqual([
    newestFirst[0]?.startedAt,
    newestFirst[0]?.status,
  ]);
  const finished = newestFirst.find(({ endedAt }) => endedAt !== null);
  expect(last).toBe(finished ? Math.max(0, (finished.endedAt as number) - finished.startedAt) / 1000 : null);
}

/** Of runs that began at once the last is the one that has come furthest, then the one that took longest. */
const STANDING = ["running", "paused", "succeeded", "failed", "cancelled"];

function errorsOf(runs: Run[]): [string, string, number, Micros][] {
  const kinds = new Map<string, { count: number; lastAt: Micros }>();
  for (const { status, error, startedAt } of runs) {
    if (status !== "failed" || error === null) continue;
    const message = error.message.replace(/\d+/, "#").replace(/".*"/, '"…"');
    const { count, lastAt } = kinds.get(message) ?? { count: 0, lastAt: 0 };
    kinds.set(message, { count: count + 1, lastAt: Math.max(lastAt, startedAt) });
  }
  return [...kinds]
    .map(([message, { count, lastAt }]): [string, string, number, Micros] => [
      "ValueError",
      message,
      count,
      lastAt,
    ])
    .sort();
}

async function sameHistogram(store: Store, runs: Run[], query: HistogramQuery): Promise<void> {
  const { complete, bucketMs, buckets } = await store.histogram(query);
  expect(complete).toBe(true);
  const { status, step } = query;
  const wanted = matching(runs, query).filter(
    (run) =>
      (status === undefined || status.includes(run.status)) &&
      (step === undefined || step.some((at) => run.failedStep === at || run.currentSteps.includes(at))),
  );
  const counts = new Map<string, number>();
  for (const run of wanted) {
    const key = `${Math.floor(run.startedAt / 1000 / bucketMs) * bucketMs * 1000} ${run.status}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const found = buckets.flatMap(({ at, ...byStatus }) =>
    Object.entries(byStatus).flatMap(([of, count]) => (count === 0 ? [] : [[`${at} ${of}`, count] as const])),
  );
  expect(found.sort()).toEqual([...counts].sort());
}

function near(
  found: Record<string, number | null | undefined>,
  wanted: Record<string, number | null | undefined>,
): void {
  for (const [name, value] of Object.entries(wanted)) {
    const about = found[name];
    if (value === null || value === undefined) expect(about).toBeNull();
    else expect(Math.abs((about ?? Number.NaN) - value), name).toBeLessThanOrEqual(value * TOLERANCE + 0.001);
  }
}
