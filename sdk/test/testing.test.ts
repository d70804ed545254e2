/** `@weir/sdk/testing`, as users' own tests use it. What the collector makes of the same spans: e2e/testing.test.ts. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { InMemorySpanExporter as InMemorySpanExporter2, SimpleSpanProcessor } from "otel2-sdk-trace-base";
import { NodeTracerProvider } from "otel2-sdk-trace-node";
import { afterEach, expect, test } from "vitest";
import { flow, flush, identity, setup, shutdown, step } from "../src/index.ts";
import { flowsOf, setupForTests, TestClock } from "../src/testing.ts";

const ORDER = { name: "order", tenant: "acme-corp" };

afterEach(() => shutdown(0));

test("flows are asserted on as they read: steps nested, in the order of their start", async () => {
  const weir = await setupForTests();
  await flow.start({ ...ORDER, id: "17", labels: { env: "test" } }, async (f) => {
    await step.start("charge", { attributes: { cents: 990 } }, async () => {
      step.start("authorize", () => {});
      step.start("capture", () => {});
    });
    f.event("paid", { by: "card" });
    step.start("ship", () => {});
  });
  expect(flowsOf(weir.exporter)).toMatchObject([
    {
      tenant: "acme-corp",
      id: "17",
      name: "order",
      status: "succeeded",
      labels: { env: "test" },
      currentSteps: [],
      failedStep: null,
      error: null,
      parent: null,
      incomplete: [],
      steps: [
        { name: "charge", attributes: { cents: 990 }, steps: [{ name: "authorize" }, { name: "capture" }] },
        { name: "ship", status: "succeeded", attempt: 1, optional: false, kind: "step", steps: [] },
      ],
      events: [{ name: "paid", attributes: { by: "card" } }],
      children: [],
    },
  ]);
});

test("what runs is seen while it runs, and at once", async () => {
  const weir = await setupForTests();
  const f = flow.open(ORDER);
  const s = f.run(() => step.open("charge"));
  expect(flowsOf(weir.exporter)).toMatchObject([
    { status: "running", endedAt: null, durationMs: null, currentSteps: ["charge"] },
  ]);
  s.end();
  f.end();
  expect(flowsOf(weir.exporter)).toMatchObject([
    { status: "succeeded", currentSteps: [], steps: [{ status: "succeeded" }] },
  ]);
});

test("a caught failure fails the flow, an optional step's and one made good do not", async () => {
  const weir = await setupForTests();
  const failing = () => {
    throw new TypeError("bad row 7");
  };
  const tried = (name: string, options = {}) => {
    try {
      step.start(name, options, failing);
    } catch {
      // As services do.
    }
  };
  flow.start({ ...ORDER, id: "caught" }, () => tried("charge"));
  flow.start({ ...ORDER, id: "optional" }, () => tried("mail", { optional: true }));
  flow.start({ ...ORDER, id: "retried" }, () => {
    tried("charge");
    step.start("charge", { attempt: 2 }, () => {});
  });
  flow.start({ ...ORDER, id: "other step" }, () => {
    tried("charge");
    step.start("charge", () => {});
  });
  expect(flowsOf(weir.exporter)).toMatchObject([
    {
      id: "caught",
      status: "failed",
      failedStep: "charge",
      error: { type: "TypeError", message: "bad row 7", stack: expect.stringContaining("testing.test.ts") },
    },
    { id: "optional", status: "succeeded", error: null, steps: [{ status: "failed" }] },
    {
      id: "retried",
      status: "succeeded",
      failedStep: null,
      steps: [
        { status: "failed", attempt: 1 },
        { status: "succeeded", attempt: 2 },
      ],
    },
    { id: "other step", status: "failed" },
  ]);
});

test("the first end counts; a cancelled flow says why", async () => {
  const weir = await setupForTests();
  flow.start({ ...ORDER, endOnExit: false }, (f) => {
    f.cancel("no longer wanted");
    f.fail(new Error("too late"));
  });
  expect(flowsOf(weir.exporter)).toMatchObject([
    { status: "cancelled", error: { type: "Cancelled", message: "no longer wanted", stack: null } },
  ]);
});

test("a label that was set wins over one given at the start", async () => {
  const weir = await setupForTests({ clock: new TestClock() });
  const f = flow.open({ ...ORDER, labels: { plan: "free", env: "test" } });
  f.setLabel("plan", "team");
  f.setLabel("plan", "enterprise");
  f.end();
  expect(flowsOf(weir.exporter)[0]?.labels).toEqual({ plan: "enterprise", env: "test" });
});

test("a flow in a flow: two flows, linked both ways", async () => {
  const weir = await setupForTests();
  flow.start({ ...ORDER, id: "1" }, () =>
    flow.start({ name: "refund", tenant: "globex", id: "2" }, () => {}),
  );
  const [order, refund] = flowsOf(weir.exporter);
  expect(order?.children).toEqual([{ tenant: "globex", id: "2", name: "refund", status: "succeeded" }]);
  expect(refund?.parent).toEqual({ tenant: "acme-corp", id: "1" });
});

test("a flow that came from elsewhere says that its start is missing", async () => {
  const weir = await setupForTests();
  const baggage = "weir.flow.id=17,weir.flow.name=order,weir.tenant=acme-corp,weir.step.id=s1";
  identity.extract({ baggage }).run(() => {
    step.start("charge", () => {});
    flow.end();
  });
  expect(flowsOf(weir.exporter)).toMatchObject([
    {
      id: "17",
      status: "succeeded",
      incomplete: ["start-missing", "step-start-missing"],
      steps: [{ name: "charge" }],
    },
  ]);
});

test("the order in which spans come does not matter", async () => {
  const weir = await setupForTests({ clock: new TestClock() });
  await flow.start(ORDER, async (f) => {
    await Promise.all(["a", "b", "c"].map((name) => step.start(name, () => sleep(1))));
    f.setLabel("n", 1);
    f.setLabel("n", 2);
  });
  const inOrder = flowsOf(weir.exporter);
  const spans = weir.exporter.getFinishedSpans();
  for (let i = 0; i < spans.length; i++) {
    const turned = [...spans.slice(i), ...spans.slice(0, i)];
    for (const others of [turned, turned.toReversed(), [...turned, ...spans]]) {
      expect(flowsOf({ getFinishedSpans: () => others })).toEqual(inOrder);
    }
  }
});

test("in simulated time durations are exact, and no two things happen at once", async () => {
  const clock = new TestClock("2026-11-22T10:00:00Z");
  const weir = await setupForTests({ clock });
  await flow.start(ORDER, async () => {
    await Promise.all(["a", "b", "c"].map((name) => step.start(name, async () => {})));
    await step.start("ship", () => clock.advance(4210));
  });
  expect(flowsOf(weir.exporter)).toMatchObject([
    {
      startedAt: "2026-11-22T10:00:00.000Z",
      endedAt: "2026-11-22T10:00:04.210Z",
      durationMs: 4210,
      steps: [{ name: "a", durationMs: 0 }, { name: "b" }, { name: "c" }, { name: "ship", durationMs: 4210 }],
    },
  ]);
});

test("simulated waits end in their order, each at its time, and take no time", async () => {
  const clock = new TestClock(0);
  const seen: [string, number][] = [];
  const waiting = async (name: string, ms: number) => {
    await clock.sleep(ms);
    seen.push([name, clock.now()]);
    if (name === "short") await waiting("after short", 500);
  };
  const all = Promise.all([waiting("long", 86_400_000), waiting("short", 1000), waiting("middle", 1200)]);
  await clock.advance(999);
  expect(seen).toEqual([]);
  await clock.advance(86_400_000);
  await all;
  expect(seen).toEqual([
    ["short", 1000],
    ["middle", 1200],
    ["after short", 1500],
    ["long", 86_400_000],
  ]);
  expect(clock.now()).toBe(86_400_999);
});

test("a simulated wait can be given up", async () => {
  const clock = new TestClock();
  const stop = new AbortController();
  const waiting = clock.sleep(1000, stop.signal);
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(clock.sleep(1, stop.signal)).rejects.toThrow("enough");
});

test("a clock can't be wrong in silence", async () => {
  expect(() => new TestClock("yesterday")).toThrow('expected a date such as "2026-01-01T00:00:00Z"');
  await expect(new TestClock().advance(-1)).rejects.toThrow("expected milliseconds from 0 up, got -1");
});

test("each call begins anew; a setup() of the code under test changes nothing", async () => {
  const first = await setupForTests();
  flow.start(ORDER, () => {});
  const second = await setupForTests();
  setup({ serviceName: "shop", endpoint: "http://127.0.0.1:1" });
  flow.start({ ...ORDER, name: "refund" }, () => {});
  expect(flowsOf(first.exporter).map(({ name }) => name)).toEqual(["order"]);
  expect(flowsOf(second.exporter).map(({ name }) => name)).toEqual(["refund"]);
  expect(second.diagnostics.map(({ code }) => code)).toEqual(["set-up-twice"]);
  second.exporter.reset();
  expect(flowsOf(second.exporter)).toEqual([]);
});

test("takes the place of a setup() that came first", async () => {
  setup({ endpoint: "http://127.0.0.1:1", onDiagnostic() {} });
  flow.start(ORDER, () => {});
  await using weir = await setupForTests();
  flow.start(ORDER, () => {});
  expect(flowsOf(weir.exporter)).toHaveLength(1);
});

test("what went wrong is told, and the environment is not asked", async () => {
  process.env["OTEL_SDK_DISABLED"] = "true";
  try {
    const heard: string[] = [];
    const weir = await setupForTests({ onDiagnostic: ({ code }) => heard.push(code) });
    step.start("charge", () => {});
    expect(weir.diagnostics).toMatchObject([{ code: "step-outside-flow" }]);
    expect(heard).toEqual(["step-outside-flow"]);
  } finally {
    delete process.env["OTEL_SDK_DISABLED"];
  }
});

test("ten thousand steps are all there at once", async () => {
  const weir = await setupForTests();
  flow.start(ORDER, () => {
    for (let i = 0; i < 10_000; i++) step.start("row", () => {});
  });
  expect(flowsOf(weir.exporter)[0]?.steps).toHaveLength(10_000);
});

test("spans of no flow are left out", async () => {
  const weir = await setupForTests();
  await flush();
  const stranger = (attributes: Record<string, unknown>) => ({
    name: "GET /",
    startTime: [1, 0] as const,
    endTime: [2, 0] as const,
    attributes,
    status: { code: 0 },
    events: [],
    spanContext: () => ({ spanId: "0000000000000001" }),
  });
  const spans = [stranger({}), stranger({ "weir.kind": "heartbeat" }), stranger({ "weir.kind": "step" })];
  expect(flowsOf({ getFinishedSpans: () => spans })).toEqual([]);
  expect(flowsOf(weir.exporter)).toEqual([]);
});

test("reads OpenTelemetry's own InMemorySpanExporter too, with spans of plain attributes", () => {
  const exporter = new InMemorySpanExporter2();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer("plain");
  const ours = (kind: string) => ({
    "weir.kind": kind,
    "weir.flow.id": "17",
    "weir.flow.name": "order",
    "weir.tenant": "acme-corp",
  });
  const span = (name: string, attributes: Record<string, string>, within: Context[]): Context[] => {
    const [ctx = ROOT_CONTEXT] = within;
    const made = tracer.startSpan(name, { attributes }, ctx);
    made.end();
    return [trace.setSpan(ctx, made)];
  };
  span(
    "authorize",
    ours("step"),
    span("POST /charge", {}, span("charge", ours("step"), span("order", ours("flow"), []))),
  );
  expect(flowsOf(exporter)).toMatchObject([
    { id: "17", status: "succeeded", steps: [{ name: "charge", steps: [{ name: "authorize" }] }] },
  ]);
});

test("the guide's wait of a day", async () => {
  const clock = new TestClock("2026-01-01T09:00:00Z");
  const weir = await setupForTests({ clock });
  const remindLater = ({ wait }: { wait(ms: number): Promise<void> }) =>
    flow.start({ name: "reminder", tenant: "acme-corp" }, () => step.start("wait", () => wait(86_400_000)));

  const reminding = remindLater({ wait: clock.sleep.bind(clock) });
  await clock.advance(60 * 60_000);
  expect(flowsOf(weir.exporter)).toMatchObject([{ status: "running", currentSteps: ["wait"] }]);
  await clock.advance(24 * 60 * 60_000);
  await reminding;
  expect(flowsOf(weir.exporter)).toMatchObject([
    { status: "succeeded", steps: [{ name: "wait", durationMs: 86_400_000 }] },
  ]);
});

test("the guide's hand-off by headers as bytes, and by a row that was kept", async () => {
  const weir = await setupForTests();
  const left = { ...ORDER, endOnExit: false };
  for (const kept of [
    (carrier: Record<string, string>) =>
      Object.fromEntries(Object.entries(carrier).map(([key, value]) => [key, Buffer.from(value)])),
    (carrier: Record<string, string>) => JSON.parse(JSON.stringify(carrier)),
  ]) {
    weir.exporter.reset();
    const carrier = flow.start(left, () => step.start("send", () => kept(identity.inject({}))));
    await identity.extract(carrier).run(async () => {
      await step.start("store", async () => {});
      flow.end();
    });
    expect(flowsOf(weir.exporter)).toMatchObject([
      { status: "succeeded", incomplete: [], steps: [{ name: "send", steps: [{ name: "store" }] }] },
    ]);
  }
});
