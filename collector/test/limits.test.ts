/** Limits per tenant, through the door and the real store; and what they are made of. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import type { Attributes, FlowSummary } from "../src/flow.ts";
import { type Limits, NO_LIMITS } from "../src/limits.ts";
import { openMemoryStore } from "../src/memory/index.ts";
import type { Observation } from "../src/observation.ts";
import type { Delivery } from "../src/otlp/delivery.ts";
import { createIngest, type Ingest } from "../src/otlp/ingest.ts";
import { createKeeper, type Keepable } from "../src/otlp/keeper.ts";
import { Bucket } from "../src/otlp/limits/bucket.ts";
import { Limiter, limiterOf } from "../src/otlp/limits/limiter.ts";
import { LimitsReached } from "../src/otlp/limits/reached.ts";
import { Recent } from "../src/otlp/limits/recent.ts";
import type { Receipt } from "../src/otlp/receipt.ts";
import { readWhole } from "../src/otlp/whole.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import type { Store } from "../src/store.ts";
import { flowBody, startGuarded } from "./access-support.ts";
import { createApp } from "./created-app.ts";
import { jsonBody, type ShortSpan } from "./otlp-support.ts";
import { parseMetrics } from "./prometheus.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-limits-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

interface Answer {
  rejectedSpans: number;
  errorMessage: string;
}

/** A collector with these limits; `restart` opens the same file again. */
async function start(limits: Partial<Limits>, path = join(folder, `${++files}.db`)) {
  const store = openSqliteStore({ path });
  const app = createApp({ store, limits: { ...NO_LIMITS, ...limits } });
  close = async () => {
    await app.close();
    await store.close();
  };
  const get = async (url: string) => (await app.inject(url)).json();
  return {
    get,
    metrics: async () => parseMetrics((await app.inject("/metrics")).body),
    async flows(tenant?: string): Promise<FlowSummary[]> {
      const asked = { tenant: tenant === undefined ? [] : [tenant], limit: 500, order: "oldest" } as const;
      const flows: FlowSummary[] = [];
      // A page ends early where the machine is too busy to look further in the time that a question has.
      let cursor: string | null | undefined;
      do {
        const page = await store.flows({ ...asked, cursor: cursor ?? undefined });
        flows.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      return flows;
    },
    async send(...spans: ShortSpan[]): Promise<Answer> {
      const payload = jsonBody(spans);
      const headers = { "content-type": "application/json" };
      const response = await app.inject({ method: "POST", url: "/v1/traces", payload, headers });
      expect(response.statusCode).toBe(200);
      const { rejectedSpans = "0", errorMessage = "" } = response.json().partialSuccess;
      return { rejectedSpans: Number(rejectedSpans), errorMessage };
    },
    async restart(again = limits) {
      await close?.();
      return start(again, path);
    },
  };
}

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

let spans = 0;

function span(kind: string, id: string, attributes: Attributes = {}, end = false): ShortSpan {
  const start = 1_795_341_600_000_000_000n + BigInt(spans);
  return {
    traceId: "1".repeat(32),
    spanId: (++spans).toString(16).padStart(16, "0"),
    name: "validate",
    start,
    end: end ? start + 1_000_000n : start,
    attributes: {
      "weir.kind": kind,
      "weir.tenant": "acme",
      "weir.flow.id": id,
      "weir.flow.name": "import",
      ...attributes,
    },
  };
}

const pending = (id: string, attributes: Attributes = {}) =>
  span("flow", id, { "weir.pending": true, ...attributes });
const whole = (id: string, attributes: Attributes = {}) => span("flow", id, attributes, true);
const ended = (id: string) => span("end", id, { "weir.status": "succeeded" });
const TAKEN: Answer = { rejectedSpans: 0, errorMessage: "" };

describe("open flows", () => {
  test("new ones over the limit are refused, by tenant; what continues or ends one that is there passes", async () => {
    const { send, flows, get } = await start({ openFlows: 2 });
    expect(await send(pending("1"), pending("2"), pending("3"), span("step", "3"))).toEqual({
      rejectedSpans: 2,
      errorMessage:
        'tenant "acme" has 2 open flows, its limit is 2: end some, or raise --limit-open-flows (2)',
    });
    expect(await send(span("step", "1"), span("event", "2"), pending("1"))).toEqual(TAKEN);
    expect(await send(pending("x", { "weir.tenant": "globex" }))).toEqual(TAKEN);
    // It opens and ends in one: it stays open for no time.
    expect(await send(whole("4"))).toEqual(TAKEN);
    expect((await flows()).map(({ id }) => id).toSorted()).toEqual(["1", "2", "4", "x"]);

    expect(await send(ended("1"))).toEqual(TAKEN);
    expect(await send(pending("5"))).toEqual(TAKEN);
    expect(await send(pending("6"))).toMatchObject({ rejectedSpans: 1 });
    expect(await get("/api/v1/limits")).toEqual({
      limits: [
        {
          tenant: "acme",
          limit: "openFlows",
          allowed: 2,
          firstAt: expect.stringMatching(/Z$/),
          lastAt: expect.stringMatching(/Z$/),
          count: 3,
        },
      ],
    });
  });

  test("what continues a flow that is being opened at this moment passes too", async () => {
    const { send } = await start({ openFlows: 1 });
    const answers = await Promise.all([
      send(pending("1")),
      send(span("step", "1")),
      send(pending("1"), span("step", "1")),
      send(pending("2")),
    ]);
    expect(answers.map(({ rejectedSpans }) => rejectedSpans)).toEqual([0, 0, 0, 1]);
  });

  test("those that came without an opening of their own are counted a little later", async () => {
    const store = openSqliteStore({ path: join(folder, `${++files}.db`) });
    close = () => store.close();
    let now = 0;
    const reached = new LimitsReached(() => 0);
    const limiter = new Limiter({ limits: { ...NO_LIMITS, openFlows: 2 }, store, reached, now: () => now });
    const ingest = createIngest({ accept: (observations) => store.append(observations), limiter });
    const rejected = async (...spans: ShortSpan[]) =>
      (await ingest.take({ encoding: "json", body: jsonBody(spans), tenant: null })).partial.rejectedSpans;
    expect(await rejected(span("step", "1"), span("step", "2"), span("step", "3"))).toBe(0);
    now = 6_000;
    await rejected(span("step", "1"));
    // Asked for in the background.
    await vi.waitFor(() => expect(limiter.tenant("acme").openFlows).toBe(3));
    expect(await rejected(pending("new"))).toBe(1);
  });

  test("are counted over a restart, and flows of before it go on", async () => {
    const first = await start({ openFlows: 2 });
    await first.send(pending("1"), pending("2"));
    const { send } = await first.restart();
    expect(await send(pending("3"), span("step", "2"), ended("1"))).toMatchObject({ rejectedSpans: 1 });
    expect(await send(pending("3"))).toEqual(TAKEN);
    const again = await first.restart({ openFlows: 0 });
    expect(await again.send(pending("4"), pending("5"))).toEqual(TAKEN);
  });

  test("never more than the limit, never a refusal below it, whatever comes in whatever batches", async () => {
    const { send, flows } = await start({ openFlows: 3 });
    let tenants = 0;
    const said = fc.record({ id: fc.integer({ min: 1, max: 8 }).map(String), ends: fc.boolean() });
    const batch = fc.array(said, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 8 }), async (batches) => {
        const tenant = `tenant-${++tenants}`;
        const stored = () => flows(tenant);
        for (const each of batches) {
          const before = await stored();
          const open = before.filter(({ endedAt }) => endedAt === null);
          const known = new Set(before.map(({ id }) => id));
          const news = new Set(each.map(({ id }) => id).filter((id) => !known.has(id)));
          const spans = each.map(({ id, ends }) => (ends ? ended(id) : pending(id)));
          for (const { attributes } of spans) Object.assign(attributes ?? {}, { "weir.tenant": tenant });
          const answer = await send(...spans);
          if (open.length + news.size <= 3) expect(answer.rejectedSpans).toBe(0);
        }
        const open = (await stored()).filter(({ endedAt }) => endedAt === null);
        expect(open.length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 30 },
    );
  });
});

describe("names and labels", () => {
  test("a new flow name over the limit is refused, a known one passes, also after a restart", async () => {
    const first = await start({ flowNames: 2 });
    const named = (id: string, name: string) => pending(id, { "weir.flow.name": name });
    expect(await first.send(named("1", "a"), named("2", "b"))).toEqual(TAKEN);
    const { send, flows, metrics } = await first.restart();
    expect(await send(named("3", "c-1"), named("4", "a"), named("5", "c-1"))).toEqual({
      rejectedSpans: 2,
      errorMessage:
        'tenant "acme" has 2 flow names, its limit is 2, and "c-1" is a new one: ' +
        "put what differs into labels, or raise --limit-flow-names (2)",
    });
    expect((await flows()).map(({ id }) => id)).toEqual(["1", "2", "4"]);
    const values = await metrics();
    expect(values.value("weir_limited_total")({ limit: "flowNames" })).toBe(2);
    const rejected = { door: "http", encoding: "json", reason: "over-flow-names" };
    expect(values.value("weir_spans_rejected_total")(rejected)).toBe(2);
  });

  test("a new label key over the limit is left out and told, the span is taken", async () => {
    const first = await start({ labelKeys: 2 });
    const labelled = (id: string, key: string) =>
      pending(id, { "weir.label.env": "p", [`weir.label.${key}`]: "x" });
    await first.send(labelled("1", "plan"));
    const { send, flows, get } = await first.restart();
    expect(await send(labelled("2", "other"), labelled("3", "plan"))).toEqual({
      rejectedSpans: 0,
      errorMessage:
        'tenant "acme" has 2 label keys, its limit is 2: new ones are left out, use fewer or raise --limit-label-keys (1)',
    });
    expect((await flows()).map(({ labels }) => labels)).toEqual([
      { env: "p", plan: "x" },
      { env: "p" },
      { env: "p", plan: "x" },
    ]);
    expect((await get("/api/v1/limits?tenant=acme")).limits).toMatchObject([
      { limit: "labelKeys", count: 1 },
    ]);
    expect((await get("/api/v1/limits?tenant=globex")).limits).toEqual([]);
  });
});

test("a definition that is none is left out and told, the span is taken", async () => {
  const { send, flows } = await start({});
  const carrying = (id: string, definition: string) => pending(id, { "weir.definition": definition });
  expect(await send(carrying("1", "[]"), carrying("2", "[]"))).toEqual({
    rejectedSpans: 0,
    errorMessage: "weir.definition is left out: expected an object, got a list (2)",
  });
  expect((await flows()).map(({ id }) => id)).toEqual(["1", "2"]);
});

test("spans a second: a burst of ten seconds passes, what is over it is refused, other tenants are not", async () => {
  const { send } = await start({ spansPerSecond: 1 });
  const steps = (count: number, tenant = "acme") =>
    Array.from({ length: count }, () => span("step", "1", { "weir.tenant": tenant }));
  expect(await send(...steps(10))).toEqual(TAKEN);
  const over = await send(...steps(40), ...steps(2, "globex"));
  // A token or so may have come back meanwhile.
  expect(over.rejectedSpans).toBeGreaterThan(20);
  expect(over.errorMessage).toMatch(
    /^tenant "acme" sent \d+ spans within a second, its limit is 1 over ten seconds: send fewer, or raise --limit-spans-per-second \(\d+\)$/,
  );
});

test("who is bound to a tenant sees its limits alone, and /metrics not at all, with the reason", async () => {
  const weir = await startGuarded("never", { limits: { ...NO_LIMITS, flowNames: 1 } });
  try {
    const sender = await weir.key("ingest");
    for (const tenant of ["acme", "globex"]) {
      await weir.fetch("/v1/traces", sender, flowBody(tenant, "1"));
      await weir.fetch("/v1/traces", sender, flowBody(tenant, "2", { "weir.flow.name": "another" }));
    }
    const limitsFor = async (key: string, query = "") => {
      const response = await weir.fetch(`/api/v1/limits${query}`, key);
      const { limits } = (await response.json()) as { limits: { tenant: string }[] };
      return limits.map(({ tenant }) => tenant);
    };
    const bound = await weir.key("read", "acme");
    expect(await limitsFor(await weir.key("read"))).toEqual(["globex", "acme"]);
    expect(await limitsFor(await weir.key("read"), "?tenant=acme")).toEqual(["acme"]);
    expect(await limitsFor(bound)).toEqual(["acme"]);
    expect(await limitsFor(bound, "?tenant=globex")).toEqual([]);
    const refused = await weir.fetch("/metrics", bound);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain("expected a key that is bound to no tenant");
  } finally {
    await weir.close();
  }
});

test("a store that does not answer is 503, and nothing is kept or counted as open", async () => {
  const store = openSqliteStore({ path: join(folder, `${++files}.db`) });
  const usage = store.usage;
  store.usage = () => Promise.reject(new Error("disk I/O error"));
  const app = createApp({ store, limits: { ...NO_LIMITS, openFlows: 1 } });
  close = async () => {
    await app.close();
    await store.close();
  };
  const headers = { "content-type": "application/json" };
  const post = () =>
    app.inject({ method: "POST", url: "/v1/traces", payload: jsonBody([pending("1")]), headers });
  expect((await post()).statusCode).toBe(503);
  store.usage = usage;
  const append = store.append;
  store.append = () => Promise.reject(new Error("disk I/O error"));
  expect((await post()).statusCode).toBe(503);
  store.append = append;
  expect((await post()).json()).toEqual({ partialSuccess: {} });
});

/** As on threads: what passes whole was read elsewhere, and is read again where it does not. */
function ingestInTwo(store: Store, limits: Limits) {
  const limiter = limiterOf(limits, store, () => 0);
  const accept = store.append;
  const ingest = createIngest({ accept, limiter });
  const keeper = createKeeper<Keepable & { said: Observation[] }>({
    accept: ({ said }) => accept(said),
    limiter,
    warn: () => {},
  });
  let whole = 0;
  return {
    async take(delivery: Delivery): Promise<Receipt> {
      const { observations: said, needs, receipt } = readWhole(delivery);
      if (!(await keeper.keep({ said, needs, observations: said.length }))) return ingest.take(delivery);
      whole += 1;
      return receipt;
    },
    limits: ingest.limits,
    whole: () => whole,
  };
}

test("what the store can't tell of a tenant may be asked again later: the message is neither kept nor refused for good", async () => {
  const warnings: string[] = [];
  const store = openMemoryStore();
  store.usage = () => Promise.reject(new Error("disk I/O error"));
  const kept: Keepable[] = [];
  const keeper = createKeeper({
    accept: async (message: Keepable) => void kept.push(message),
    limiter: limiterOf({ ...NO_LIMITS, flowNames: 5 }, store, () => 0),
    warn: (line) => void warnings.push(line),
  });
  const needs = [{ tenant: "acme", spans: 1, flowNames: ["import"], labelKeys: [], opens: [] }];
  await expect(keeper.keep({ observations: 1, needs })).rejects.toMatchObject({ code: "unavailable" });
  expect(kept).toEqual([]);
  expect(warnings).toEqual([expect.stringMatching(/^spans were not kept: .*disk I\/O error/)]);
});

/** Whose limits are told of first depends on who was known already. */
function unordered({ partial, rejected, ...receipt }: Receipt) {
  return { ...receipt, rejected: new Map(rejected), messages: partial.errorMessage.split("; ").sort() };
}

test("messages that pass whole, and those that do not, end as if each of their spans had been asked for", async () => {
  const said = fc.record({
    id: fc.integer({ min: 1, max: 6 }).map(String),
    kind: fc.constantFrom("pending", "flow", "step", "end"),
    name: fc.constantFrom("import", "export", "report"),
    label: fc.constantFrom("env", "region", "plan"),
    tenant: fc.constantFrom("acme", "globex"),
  });
  const messages = fc.array(fc.array(said, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 });
  let spans = 0;
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(messages, fc.integer({ min: 1, max: 4 }), async (each, most) => {
      const limits = { spansPerSecond: 0, openFlows: most, flowNames: most, labelKeys: most };
      const [one, other] = [openMemoryStore(), openMemoryStore()];
      const atOnce = createIngest({ accept: one.append, limiter: limiterOf(limits, one, () => 0) });
      const inTwo = ingestInTwo(other, limits);
      for (const message of each) {
        const body = jsonBody(
          message.map(({ id, kind, name, label, tenant }) => ({
            traceId: "a".repeat(32),
            spanId: (++spans).toString(16).padStart(16, "0"),
            name,
            start: 1_795_341_600_000_000_000n + BigInt(spans) * 1_000_000n,
            end: 1_795_341_600_000_000_000n + BigInt(spans) * 2_000_000n,
            attributes: {
              "weir.kind": kind === "pending" ? "flow" : kind,
              ...(kind === "pending" && { "weir.pending": true }),
              "weir.flow.id": id,
              "weir.flow.name": name,
              "weir.tenant": tenant,
              [`weir.label.${label}`]: "x",
            },
          })),
        );
        const delivery: Delivery = { encoding: "json", body, tenant: null };
        expect(unordered(await inTwo.take(delivery))).toEqual(unordered(await atOnce.take(delivery)));
      }
      passed += inTwo.whole();
      const all = { limit: 500, order: "newest" } as const;
      const [before, after] = await Promise.all([one.flows(all), other.flows(all)]);
      expect(after.items).toEqual(before.items);
      const reached = async (ingest: Pick<Ingest, "limits">) =>
        (await ingest.limits()).reached.map(({ firstAt, lastAt, ...rest }) => JSON.stringify(rest)).sort();
      expect(await reached(inTwo)).toEqual(await reached(atOnce));
    }),
    { numRuns: 100 },
  );
  // Else nothing of this was tried.
  expect(passed).toBeGreaterThan(20);
});

describe("the parts", () => {
  test("a bucket gives what its rate allows, and ten seconds' worth at once", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.record({ waitMs: fc.nat(5_000), wanted: fc.nat(200) }), { maxLength: 30 }),
        (perSecond, calls) => {
          const bucket = new Bucket(perSecond, 0);
          let now = 0;
          let given = 0;
          for (const { waitMs, wanted } of calls) {
            now += waitMs;
            for (let i = 0; i < wanted; i++) if (bucket.take(now)) given += 1;
          }
          expect(given).toBeLessThanOrEqual(perSecond * (10 + now / 1000) + 1);
        },
      ),
    );
    const bucket = new Bucket(10, 0);
    expect(Array.from({ length: 200 }, () => bucket.take(0)).filter(Boolean)).toHaveLength(100);
    expect(bucket.demand).toBe(200);
    expect([bucket.take(100), bucket.take(100), bucket.take(3_000)]).toEqual([true, false, true]);
    expect(bucket.demand).toBe(1);
    expect([bucket.holds(28, 3_000), bucket.holds(29, 3_000)]).toEqual([true, false]);
    expect([bucket.take(3_000, 28), bucket.take(3_000)]).toEqual([true, false]);
    expect(bucket.demand).toBe(30);
    // However long nothing came.
    const afterAnHour = Array.from({ length: 200 }, () => bucket.take(3_603_000));
    expect(afterAnHour.filter(Boolean)).toHaveLength(100);
  });

  test("what was used lately is remembered, and no more than twice the room", () => {
    const recent = new Recent<number>(100);
    for (let i = 0; i < 10_000; i++) {
      recent.set(`${i}`, i);
      expect(recent.get("0")).toBe(0);
    }
    const kept = Array.from({ length: 10_000 }, (_, i) => recent.get(`${i}`)).filter((v) => v !== undefined);
    expect(kept.length).toBeLessThanOrEqual(201);
    expect(recent.get("9999")).toBe(9_999);
  });

  test("limits reached are listed the latest first, a thousand at most, for a day", () => {
    let now = 1_000;
    const reached = new LimitsReached(() => now);
    for (let i = 0; i < 1_500; i++) reached.note(`tenant-${i}`, "openFlows", 5);
    expect(reached.figures().reached).toHaveLength(1_000);
    now += 60e6;
    reached.note("tenant-700", "openFlows", 5);
    expect(reached.figures().reached[0]).toEqual({
      tenant: "tenant-700",
      limit: "openFlows",
      allowed: 5,
      firstAt: 1_000,
      lastAt: 60_001_000,
      count: 2,
    });
    now += 24 * 3600e6;
    expect(reached.figures().reached).toEqual([]);
    expect(reached.figures().counts.get("openFlows")).toBe(1_501);
  });
});
