import { ROOT_CONTEXT } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { flow, step } from "../src/index.ts";
import { extract, inject } from "../src/propagation.ts";
import { inContext } from "../src/scope.ts";
import { health } from "../src/setup.ts";
import type { FlowOptions } from "../src/types.ts";
import { record, thrownBy } from "./recorder.ts";

const IMPORT = { name: "data_import", tenant: "acme-corp" };

test("flow.start returns what a sync fn returned, at once", async () => {
  const recorder = record();
  const result = flow.start(IMPORT, () => 42);
  expect(result).toBe(42);
  expect(await recorder.one("data_import")).toMatchObject({ kind: "flow", status: "succeeded" });
});

test("flow.start awaits a promise and returns one of the same value", async () => {
  const recorder = record();
  const result = flow.start(IMPORT, async () => {
    await later(20);
    return "done";
  });
  expect(result).toBeInstanceOf(Promise);
  expect(health().openFlows).toBe(1);
  expect(await result).toBe("done");
  const span = await recorder.one("data_import");
  expect(span.end - span.start).toBeGreaterThanOrEqual(19);
  expect(health().openFlows).toBe(0);
});

test("a flow span carries identity and labels", async () => {
  const recorder = record({ serviceName: "import-api" });
  flow.start({ ...IMPORT, id: "order-17", labels: { env: "production", rows: 7, dry: false } }, () => {});
  const span = await recorder.one("data_import");
  expect(span.attributes).toEqual({
    "weir.kind": "flow",
    "weir.flow.id": "order-17",
    "weir.flow.name": "data_import",
    "weir.tenant": "acme-corp",
    "weir.label.env": "production",
    "weir.label.rows": "7",
    "weir.label.dry": "false",
  });
  expect(span.resource["service.name"]).toBe("import-api");
  expect(span.resource["service.instance.id"]).toMatch(/^[0-9a-f-]{36}$/);
});

test("without an id of the user's a flow gets a UUIDv7, each its own", () => {
  record();
  const ids = Array.from({ length: 3 }, () => flow.start(IMPORT, (f) => f.id));
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(3);
});

test("an id that is a number is taken as text", () => {
  record();
  expect(flow.start({ ...IMPORT, id: 17 }, (f) => f.id)).toBe("17");
});

test("a throw is recorded and rethrown as the same object", async () => {
  const recorder = record();
  const error = new RangeError("bad row 7", { cause: new Error("disk") });
  expect(
    thrownBy(() =>
      flow.start(IMPORT, () => {
        throw error;
      }),
    ),
  ).toBe(error);
  const span = await recorder.one("data_import");
  expect(span.status).toBe("failed");
  expect(span.error).toMatchObject({ "exception.type": "RangeError", "exception.message": "bad row 7" });
  expect(span.error?.["exception.stacktrace"]).toContain("caused by: Error: disk");
});

test("a rejection is recorded and passed on as the same object", async () => {
  const recorder = record();
  const thrown = Object.freeze({ odd: true });
  await expect(
    flow.start(IMPORT, async () => {
      throw thrown;
    }),
  ).rejects.toBe(thrown);
  expect(await recorder.one("data_import")).toMatchObject({ status: "failed" });
});

test("an AbortError gives cancelled, not failed", async () => {
  const recorder = record();
  const stop = new AbortController();
  const running = flow.start(IMPORT, () => later(1000, stop.signal));
  stop.abort();
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  const span = await recorder.one("data_import");
  expect(span.status).toBe("cancelled");
  expect(span.error).toBeUndefined();
  expect(span.attributes["weir.reason"]).toContain("aborted");
});

test("flow.cancel gives cancelled, with the reason", async () => {
  const recorder = record();
  flow.start(IMPORT, () => flow.cancel("customer closed the account"));
  expect((await recorder.one("data_import")).attributes).toMatchObject({
    "weir.status": "cancelled",
    "weir.reason": "customer closed the account",
  });
});

test("the first end in time wins: flow.fail in the callback outlives its return", async () => {
  const recorder = record();
  flow.start(IMPORT, (f) => {
    flow.fail(new Error("first"));
    f.end();
    f.cancel("too late");
  });
  const span = await recorder.one("data_import");
  expect(span.status).toBe("failed");
  expect(span.error?.["exception.message"]).toBe("first");
  expect(await recorder.finished()).toHaveLength(1);
});

test("flow.end ends the flow at once, not when the callback returns", async () => {
  const recorder = record();
  await flow.start(IMPORT, async () => {
    flow.end();
    await later(50);
  });
  const span = await recorder.one("data_import");
  expect(span.end - span.start).toBeLessThan(40);
});

test("flow.end inside or below a step ends its flow", async () => {
  const recorder = record();
  flow.start(IMPORT, () => step.start("outer", () => step.start("inner", () => flow.end())));
  expect(await recorder.one("data_import")).toMatchObject({ kind: "flow", status: "succeeded" });
});

test("flow.current is the flow we are in, and undefined outside one", async () => {
  record();
  expect(flow.current()).toBeUndefined();
  await flow.start(IMPORT, async (f) => {
    expect(flow.current()).toBe(f);
    await later(1);
    expect(flow.current()?.tenant).toBe("acme-corp");
  });
  expect(flow.current()).toBeUndefined();
});

test("flow.event notes a named point with the user's attributes", async () => {
  const recorder = record();
  flow.start(IMPORT, () => flow.event("flow_fail", { rows: 7, who: { id: 1 } }));
  const event = await recorder.one("flow_fail");
  expect(event).toMatchObject({ kind: "event", status: "succeeded" });
  expect(event.attributes).toMatchObject({ rows: 7, who: '{"id":1}', "weir.tenant": "acme-corp" });
  expect(event.end).toBe(event.start);
});

test("flow.setLabel sends the label and carries it to processes called later", async () => {
  const recorder = record();
  flow.start({ ...IMPORT, labels: { env: "test" } }, (f) => {
    flow.setLabel("plan", "enterprise");
    expect({ ...f.labels }).toEqual({ env: "test", plan: "enterprise" });
    expect(inject({})["baggage"]).toContain("weir.label.plan=enterprise");
  });
  expect((await recorder.one("label")).attributes).toEqual({
    "weir.kind": "label",
    "weir.flow.id": expect.any(String),
    "weir.flow.name": "data_import",
    "weir.tenant": "acme-corp",
    "weir.label.plan": "enterprise",
  });
});

test("labels: at most 32, keys up to 64 and values up to 256 characters; more is cut with a diagnostic", async () => {
  const recorder = record();
  const labels: Record<string, string> = { ["k".repeat(100)]: "v".repeat(300) };
  for (let i = 0; i < 40; i++) labels[`l${i}`] = "x";
  flow.start({ ...IMPORT, labels }, () => {});
  const { attributes } = await recorder.one("data_import");
  const kept = Object.keys(attributes).filter((key) => key.startsWith("weir.label."));
  expect(kept).toHaveLength(32);
  expect(attributes[`weir.label.${"k".repeat(64)}`]).toBe("v".repeat(256));
  expect(recorder.codes()).toEqual(expect.arrayContaining(["too-long", "label-count"]));
});

test("a label that is no string, number or boolean is left out with a diagnostic", async () => {
  const recorder = record();
  const labels = { good: "yes", bad: { nested: 1 }, none: undefined } as unknown as Record<string, string>;
  flow.start({ ...IMPORT, labels }, (f) => expect({ ...f.labels }).toEqual({ good: "yes" }));
  expect(recorder.codes()).toEqual(["label-value"]);
});

test.each([
  ["no tenant", { name: "data_import" }],
  ["an empty tenant", { name: "data_import", tenant: "" }],
  ["no name", { tenant: "acme-corp" }],
  ["a name that is an object", { name: {}, tenant: "acme-corp" }],
  ["no options", undefined],
  ["options that throw", new Proxy({}, { get: () => thrower() })],
])(
  "with %s the function still runs, in no flow, and a diagnostic says what was wrong",
  async (_what, options) => {
    const recorder = record();
    const result = flow.start(options as FlowOptions, (f) => {
      f.setLabel("a", 1);
      f.event("nothing");
      return [flow.current(), "ran"];
    });
    expect(result).toEqual([undefined, "ran"]);
    expect(await recorder.finished()).toEqual([]);
    expect(recorder.diagnostics).toHaveLength(1);
  },
);

test("the diagnostic of a missing tenant says what was expected and what was got", () => {
  const recorder = record();
  flow.start({ name: "data_import" } as FlowOptions, () => {});
  expect(recorder.diagnostics[0]?.message).toBe(
    "flow.start: tenant: expected a non-empty string, got undefined",
  );
});

test("a flow without a tenant does not show in the flow around it", async () => {
  const recorder = record();
  flow.start(IMPORT, () => flow.start({ name: "inner" } as FlowOptions, () => step.start("lost", () => {})));
  expect((await recorder.finished()).map((span) => span.name)).toEqual(["data_import"]);
});

test("a name of 10 MB with odd characters is bounded and harmless", async () => {
  const recorder = record();
  flow.start(
    { name: `\ud800${"x".repeat(10_000_000)}`, tenant: "__proto__", labels: JSON.parse('{"__proto__":"a"}') },
    () => {},
  );
  const [span] = await recorder.finished();
  expect(span?.name).toBe(`\ufffd${"x".repeat(255)}`);
  expect(span?.attributes["weir.label.__proto__"]).toBe("a");
});

test("a flow opened inside a flow is its child: own id, own state, in the same trace", async () => {
  const recorder = record();
  flow.start({ ...IMPORT, id: "outer" }, () =>
    step.start("spawn", () => {
      thrownBy(() => flow.start({ name: "invoice", tenant: "globex", id: "inner" }, () => thrower()));
    }),
  );
  const outer = await recorder.one("data_import");
  const inner = await recorder.one("invoice");
  const spawn = await recorder.one("spawn");
  expect(inner.attributes).toMatchObject({
    "weir.flow.id": "inner",
    "weir.tenant": "globex",
    "weir.parent_flow.id": "outer",
    "weir.parent_flow.tenant": "acme-corp",
  });
  expect(inner.status).toBe("failed");
  expect(outer.status).toBe("succeeded");
  expect(inner.traceId).toBe(outer.traceId);
  expect(inner.parentSpanId).toBe(spawn.spanId);
});

test("two flows in one trace never mix", async () => {
  const recorder = record();
  flow.start({ name: "batch", tenant: "ops" }, () => {
    flow.start({ name: "a", tenant: "acme" }, () => step.start("work", () => {}));
    flow.start({ name: "b", tenant: "globex" }, () => step.start("work", () => {}));
  });
  const spans = await recorder.finished();
  expect(new Set(spans.map((span) => span.traceId)).size).toBe(1);
  const works = spans.filter((span) => span.name === "work");
  expect(works.map((span) => span.attributes["weir.tenant"])).toEqual(["acme", "globex"]);
});

test("1,000 interleaved flows keep apart", async () => {
  const recorder = record();
  await Promise.all(
    Array.from({ length: 1000 }, (_, i) =>
      flow.start({ name: "job", tenant: `t${i}`, id: i }, async () => {
        for (const name of ["read", "write"]) {
          await step.start(name, { attributes: { i } }, async () => {
            await later(Math.random() * 5);
            expect(flow.current()?.id).toBe(String(i));
            await step.start("inner", { attributes: { i } }, () => later(Math.random() * 5));
          });
        }
      }),
    ),
  );
  const spans = await recorder.finished();
  expect(spans).toHaveLength(5000);
  const flowSpans = new Map(
    spans.filter((s) => s.kind === "flow").map((s) => [s.attributes["weir.flow.id"], s]),
  );
  expect(flowSpans.size).toBe(1000);
  for (const span of spans) {
    if (span.kind !== "step") continue;
    const own = flowSpans.get(span.attributes["weir.flow.id"]);
    expect(span.traceId).toBe(own?.traceId);
    expect(span.attributes["weir.tenant"]).toBe(`t${span.attributes["i"]}`);
  }
});

test("endOnExit: false leaves the flow open when fn returns", async () => {
  const recorder = record();
  flow.start({ ...IMPORT, endOnExit: false }, () => {});
  expect(await recorder.one("data_import")).toMatchObject({ open: true });
  expect(health().openFlows).toBe(0);
});

test("endOnExit: false, and a throw still fails the flow", async () => {
  const recorder = record();
  thrownBy(() => flow.start({ ...IMPORT, endOnExit: false }, () => thrower()));
  expect(await recorder.one("data_import")).toMatchObject({ open: false, status: "failed" });
});

test("flow.end in another process ends a flow that was left open: same id, name and tenant", async () => {
  const recorder = record();
  const headers = flow.start({ ...IMPORT, id: "order-17", endOnExit: false }, () => inject({}));
  inContext(extract(headers, ROOT_CONTEXT), () => {
    step.start("store", () => {});
    flow.end();
    flow.fail(new Error("later ends change nothing"));
  });
  const end = await recorder.one("end");
  expect(end.attributes).toEqual({
    "weir.kind": "end",
    "weir.flow.id": "order-17",
    "weir.flow.name": "data_import",
    "weir.tenant": "acme-corp",
    "weir.status": "succeeded",
  });
  expect(end.end).toBe(end.start);
  const opened = await recorder.one("data_import");
  expect(end.parentSpanId).toBe(opened.spanId);
  expect((await recorder.one("store")).traceId).toBe(opened.traceId);
});

test("flow.fail and flow.cancel in another process say so, with the error and the reason", async () => {
  const recorder = record();
  const headers = flow.start({ ...IMPORT, endOnExit: false }, () => inject({}));
  inContext(extract(headers, ROOT_CONTEXT), () => flow.fail(new TypeError("bad row")));
  inContext(extract(headers, ROOT_CONTEXT), () => flow.cancel("no longer wanted"));
  const ends = (await recorder.finished()).filter((span) => span.kind === "end");
  expect(ends.map((span) => span.status)).toEqual(["failed", "cancelled"]);
  expect(ends[0]?.error).toMatchObject({ "exception.type": "TypeError" });
  expect(ends[1]?.attributes["weir.reason"]).toBe("no longer wanted");
});

test("the handle of a flow that was left open ends it later in the same process", async () => {
  const recorder = record();
  const handle = flow.start({ ...IMPORT, endOnExit: false }, (f) => f);
  handle.end();
  handle.end();
  expect(await recorder.one("end")).toMatchObject({ status: "succeeded" });
});

test("flow.open: run, steps, end", async () => {
  const recorder = record();
  const f = flow.open(IMPORT);
  expect(flow.current()).toBeUndefined();
  expect(f.run(() => step.start("work", () => flow.current()))).toBe(f);
  expect(health().openFlows).toBe(1);
  f.end();
  const work = await recorder.one("work");
  expect(work.parentSpanId).toBe((await recorder.one("data_import")).spanId);
});

test("await using ends the flow, as failed where run threw", async () => {
  const recorder = record();
  {
    await using f = flow.open({ ...IMPORT, name: "good" });
    f.run(() => {});
  }
  await expect(
    (async () => {
      await using f = flow.open({ ...IMPORT, name: "bad" });
      await f.run(() => Promise.reject(new Error("no")));
    })(),
  ).rejects.toThrow("no");
  expect(await recorder.one("good")).toMatchObject({ status: "succeeded" });
  expect(await recorder.one("bad")).toMatchObject({ status: "failed" });
});

test("flow.wrap opens a flow on each call, with this, arguments, name and length kept", async () => {
  const recorder = record();
  const importer = {
    base: 1,
    add: flow.wrap(
      (tenant: string) => ({ name: "add", tenant }),
      function add(this: { base: number }, _tenant: string, n: number) {
        return this.base + n;
      },
    ),
  };
  expect(importer.add("acme-corp", 2)).toBe(3);
  expect(importer.add.name).toBe("add");
  expect(importer.add.length).toBe(2);
  expect((await recorder.one("add")).attributes["weir.tenant"]).toBe("acme-corp");
});

test("options of flow.wrap that throw cost the flow, not the call", async () => {
  const recorder = record();
  const wrapped = flow.wrap(
    () => thrower(),
    () => "ran",
  );
  expect(wrapped()).toBe("ran");
  expect(await recorder.finished()).toEqual([]);
});

test("outside a flow, the calls on the current flow do nothing and say so", async () => {
  const recorder = record();
  flow.end();
  flow.event("x");
  expect(recorder.codes()).toEqual(["outside-flow", "outside-flow"]);
  expect(await recorder.finished()).toEqual([]);
});

test("a thenable that is no promise is run once, in the flow's context", async () => {
  const recorder = record();
  let runs = 0;
  const query = {
    // biome-ignore lint/suspicious/noThenProperty: query builders are like this
    then(done: (rows: unknown) => void) {
      runs++;
      done(flow.current()?.name);
    },
  };
  expect(await flow.start(IMPORT, () => query)).toBe("data_import");
  expect(runs).toBe(1);
  await recorder.one("data_import");
});

function thrower(): never {
  throw new Error("thrown");
}

function later(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
