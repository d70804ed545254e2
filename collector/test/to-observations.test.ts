import { describe, expect, test } from "vitest";
import type { Attributes } from "../src/flow.ts";
import type { Observation } from "../src/observation.ts";
import type { RawSpan } from "../src/otlp/raw-span.ts";
import { addObservations } from "../src/otlp/to-observations.ts";

const IDENTITY = { "weir.flow.id": "order-17", "weir.flow.name": "data_import", "weir.tenant": "acme-corp" };
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SAYING = {
  flow: { tenant: "acme-corp", id: "order-17" },
  at: 1000,
  spanId: "00f067aa0ba902b7",
  service: "import-api",
  instance: "instance-1",
};

function aRawSpan({
  attributes = {},
  ...changed
}: Partial<RawSpan> & { attributes?: Attributes } = {}): RawSpan {
  const all = { ...IDENTITY, ...attributes };
  return {
    resource: { service: "import-api", instance: "instance-1", heartbeatMs: null },
    traceId: TRACE,
    spanId: "00f067aa0ba902b7",
    parentSpanId: "",
    name: "validate",
    start: 1000,
    end: 2000,
    keys: Object.keys(all),
    values: Object.values(all),
    failed: false,
    statusMessage: "",
    exception: null,
    malformed: null,
    ...changed,
  };
}

function observe(span: RawSpan): Observation[] {
  const out: Observation[] = [];
  expect(addObservations(span, out)).toBe("taken");
  return out;
}

function reject(span: RawSpan): { reason: string; message: string } {
  const out: Observation[] = [];
  const outcome = addObservations(span, out);
  expect(out).toEqual([]);
  expect(outcome).toBeTypeOf("object");
  return outcome as { reason: string; message: string };
}

describe("a flow span", () => {
  const flow = (attributes: Attributes = {}, changed: Partial<RawSpan> = {}) =>
    observe(aRawSpan({ ...changed, attributes: { "weir.kind": "flow", ...attributes } }));
  const opened = {
    ...SAYING,
    kind: "flow-opened",
    name: "data_import",
    labels: {},
    parent: null,
    definition: null,
    copyOf: null,
    traceId: TRACE,
  };
  const ended = {
    ...SAYING,
    at: 2000,
    kind: "flow-ended",
    name: "data_import",
    status: "succeeded",
    error: null,
  };

  test("opens and ends the flow", () => {
    expect(flow()).toEqual([opened, ended]);
  });

  test("a pending copy only opens it", () => {
    const copy = { ...opened, copyOf: "00000000000000aa" };
    const parentSpanId = "00000000000000aa";
    expect(flow({ "weir.pending": true }, { parentSpanId })).toEqual([copy]);
    expect(flow({ "weir.pending": "true" }, { parentSpanId })).toEqual([copy]);
    expect(flow({ "weir.pending": true })).toEqual([{ ...opened, copyOf: SAYING.spanId }]);
  });

  test.each([[{ "weir.open": true }], [{ "weir.status": "running" }]])("%j leaves it open", (attributes) => {
    expect(flow(attributes)).toEqual([
      opened,
      { ...SAYING, at: 2000, kind: "flow-left", name: "data_import" },
    ]);
  });

  test("paused puts it on hold", () => {
    expect(flow({ "weir.status": "paused" })[1]).toEqual({
      ...SAYING,
      at: 2000,
      kind: "flow-paused",
      reason: null,
      name: "data_import",
    });
  });

  test.each([
    [{}, {}, "succeeded"],
    [{}, { failed: true }, "failed"],
    [{ "weir.status": "cancelled" }, { failed: true }, "cancelled"],
    [{ "weir.status": "succeeded" }, { failed: true }, "succeeded"],
    [{ "weir.status": "failed" }, {}, "failed"],
  ])("%j with %j has ended as %s", (attributes, changed, status) => {
    expect(flow(attributes, changed)[1]).toMatchObject({ kind: "flow-ended", status });
  });

  test("its error is the exception, else the reason, else the message of the status", () => {
    const exception = { type: "ValueError", message: "bad row 7", stack: "at row 7" };
    const errorOf = (attributes: Attributes, changed: Partial<RawSpan>) =>
      (flow(attributes, changed)[1] as { error: unknown }).error;
    expect(errorOf({}, { failed: true, exception, statusMessage: "unused" })).toEqual(exception);
    expect(errorOf({}, { failed: true, statusMessage: "no" })).toEqual({
      type: "Error",
      message: "no",
      stack: null,
    });
    expect(errorOf({}, { failed: true })).toBeNull();
    expect(errorOf({}, { failed: true, exception: { ...exception, type: "" } })).toEqual({
      ...exception,
      type: "Error",
    });
    expect(errorOf({}, { exception })).toBeNull();
    expect(errorOf({ "weir.status": "cancelled", "weir.reason": "no longer wanted" }, {})).toEqual({
      type: "Cancelled",
      message: "no longer wanted",
      stack: null,
    });
  });

  test("an end before its start counts as its start", () => {
    expect(flow({}, { end: 10 })[1]).toMatchObject({ at: 1000 });
  });

  test("names its parent, by default of the same tenant", () => {
    expect(flow({ "weir.parent_flow.id": "p" })[0]).toMatchObject({
      parent: { tenant: "acme-corp", id: "p" },
    });
    expect(flow({ "weir.parent_flow.id": "p", "weir.parent_flow.tenant": "other" })[0]).toMatchObject({
      parent: { tenant: "other", id: "p" },
    });
  });

  test("tells the shape of its workflow, the sound part of it, and the same object each time", () => {
    const root = { id: "0", type: "run" };
    const sent = JSON.stringify({ kind: "tree", root, name: "n", other: 1 });
    const definitions = [1, 2].map(() => flow({ "weir.definition": sent.slice() })[0]);
    expect(definitions).toEqual(
      [1, 2].map(() => ({ ...opened, definition: JSON.stringify({ kind: "tree", name: "n", root }) })),
    );
  });

  test.each([
    ["{", 'expected JSON, got "{"'],
    ["x".repeat(65_537), "expected at most 65536 characters, got 65537"],
    [7, "expected JSON as text"],
  ])("a definition of %.9s is left out and told, the span is taken", (definition, why) => {
    const span = aRawSpan({ attributes: { "weir.kind": "flow", "weir.definition": definition } });
    for (let time = 0; time < 2; time++) {
      const out: Observation[] = [];
      const told: string[] = [];
      expect(addObservations(span, out, (left) => told.push(left))).toBe("taken");
      expect(out).toEqual([opened, ended]);
      expect(told).toEqual([`weir.definition is left out: ${why}`]);
    }
  });

  test("labels are text, bounded in number and length, the first by key", () => {
    const many = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`weir.label.k${String(i).padStart(2, "0")}`, i]),
    );
    const first = flow(many)[0] as { labels: Record<string, string> };
    const backwards = flow(Object.fromEntries(Object.entries(many).reverse()))[0] as typeof first;
    expect(Object.keys(first.labels)).toHaveLength(32);
    expect(first.labels).toMatchObject({ k00: "0", k31: "31" });
    expect(backwards.labels).toEqual(first.labels);
    const long = flow({ [`weir.label.${"k".repeat(99)}`]: "v".repeat(999), "weir.label.ok": true })[0];
    expect(long).toMatchObject({ labels: { ["k".repeat(64)]: "v".repeat(256), ok: "true" } });
  });

  test("a label named __proto__ is a label", () => {
    const [said] = flow(JSON.parse('{"weir.label.__proto__":"x"}'));
    expect(JSON.stringify((said as { labels: unknown }).labels)).toBe('{"__proto__":"x"}');
  });
});

describe("a step span", () => {
  const step = (attributes: Attributes = {}, changed: Partial<RawSpan> = {}) =>
    observe(aRawSpan({ ...changed, attributes: { "weir.kind": "step", ...attributes } }));
  const opened = {
    ...SAYING,
    kind: "step-opened",
    flowName: "data_import",
    stepId: "00f067aa0ba902b7",
    name: "validate",
    stepKind: "step",
    attempt: 1,
    attemptOf: null,
    optional: false,
    parent: null,
    attributes: {},
    node: null,
    edge: null,
    copyOf: null,
    traceId: TRACE,
  };

  test("opens and ends a step, known by its span where it has no id", () => {
    expect(step()).toEqual([
      opened,
      {
        ...SAYING,
        at: 2000,
        kind: "step-ended",
        flowName: "data_import",
        stepId: "00f067aa0ba902b7",
        status: "succeeded",
        error: null,
      },
    ]);
  });

  test.each([
    [{ "weir.pending": true }, SAYING.spanId],
    [{ "weir.open": true }, null],
    [{ "weir.status": "paused" }, null],
    [{ "weir.status": "running" }, null],
  ])("%j leaves it open", (attributes, copyOf) => {
    expect(step(attributes)).toEqual([{ ...opened, copyOf }]);
  });

  test("a pending copy without a step id is the step of the span that it announces", () => {
    const parentSpanId = "00000000000000aa";
    const [said] = observe(
      aRawSpan({ parentSpanId, attributes: { "weir.kind": "step", "weir.pending": true } }),
    );
    expect(said).toMatchObject({ stepId: parentSpanId, copyOf: parentSpanId });
  });

  test.each([
    [{ "weir.step.id": "s1" }, {}, { stepId: "s1" }],
    [{ "weir.step.parent_id": "s0" }, { parentSpanId: "aaaaaaaaaaaaaaaa" }, { parent: { stepId: "s0" } }],
    [{}, { parentSpanId: "aaaaaaaaaaaaaaaa" }, { parent: { spanId: "aaaaaaaaaaaaaaaa" } }],
    [{ "weir.step.kind": "queue" }, {}, { stepKind: "queue" }],
    [{ "weir.step.attempt": 3 }, {}, { attempt: 3 }],
    [{ "weir.step.attempt": "3" }, {}, { attempt: 3 }],
    [{ "weir.step.optional": true }, {}, { optional: true }],
    [{ rows: 120, "http.route": "/x" }, {}, { attributes: { rows: 120, "http.route": "/x" } }],
    [{}, { name: "" }, { name: "unnamed" }],
    [{}, { name: "n".repeat(999) }, { name: "n".repeat(256) }],
  ])("%j with %j says %j", (attributes, changed, said) => {
    expect(step(attributes, changed)[0]).toMatchObject(said);
  });

  test("tells the node and the edge that it is the work of; what can be no id is left out and told", () => {
    const of = (attributes: Attributes) => {
      const out: Observation[] = [];
      const told: string[] = [];
      addObservations(aRawSpan({ attributes: { "weir.kind": "step", ...attributes } }), out, (why) =>
        told.push(why),
      );
      return { step: out[0], told };
    };
    const edge = "e".repeat(1024);
    expect(of({ "weir.step.node": 3, "weir.step.edge": edge })).toMatchObject({
      step: { node: "3", edge },
      told: [],
    });
    expect(of({ "weir.step.node": "", "weir.step.edge": `${edge}e` })).toMatchObject({
      step: { node: null, edge: null },
      told: ["node", "edge"].map(
        (what) => `weir.step.${what} is left out: expected text of 1 to 1024 characters`,
      ),
    });
  });

  test("a later attempt names the first", () => {
    const attributes = { "weir.kind": "step", "weir.step.attempt": 2, "weir.step.attempt_of": "first" };
    expect(observe(aRawSpan({ attributes }))[0]).toMatchObject({ attempt: 2, attemptOf: "first" });
  });

  test("attributes are bounded in number and length", () => {
    const many = Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`k${i}`, i]));
    expect(Object.keys((step(many)[0] as { attributes: Attributes }).attributes)).toHaveLength(64);
    const [said] = step({
      text: "x".repeat(9_000),
      list: Array.from({ length: 9_000 }, () => 1),
      small: [1],
    });
    const { attributes } = said as { attributes: Record<string, string> };
    expect(attributes.text).toHaveLength(8192);
    expect(attributes.list).toHaveLength(8192);
    expect(attributes.small).toEqual([1]);
  });

  test("cutting never halves a character", () => {
    expect(step({}, { name: `${"n".repeat(255)}🌊` })[0]).toMatchObject({ name: `${"n".repeat(255)}\ufffd` });
  });

  test("errors are bounded", () => {
    const exception = { type: "T".repeat(999), message: "m".repeat(9_999), stack: "s".repeat(99_999) };
    const { error } = step({}, { failed: true, exception })[1] as { error: typeof exception };
    expect([error.type.length, error.message.length, error.stack.length]).toEqual([256, 4096, 32_768]);
  });
});

describe("other kinds", () => {
  const say = (attributes: Attributes, changed: Partial<RawSpan> = {}) =>
    observe(aRawSpan({ ...changed, attributes }));

  test("an event is noted at its start", () => {
    expect(say({ "weir.kind": "event", rows: 7 })).toEqual([
      { ...SAYING, kind: "event-noted", flowName: "data_import", name: "validate", attributes: { rows: 7 } },
    ]);
  });

  test("labels are set", () => {
    expect(say({ "weir.kind": "label", "weir.label.env": "production" })).toEqual([
      { ...SAYING, kind: "labels-set", flowName: "data_import", labels: { env: "production" } },
    ]);
  });

  test("an end is of the step that it names, else of the flow", () => {
    expect(say({ "weir.kind": "end", "weir.status": "failed" }, { statusMessage: "no" })).toEqual([
      {
        ...SAYING,
        kind: "flow-ended",
        name: "data_import",
        status: "failed",
        error: { type: "Error", message: "no", stack: null },
      },
    ]);
    expect(say({ "weir.kind": "end", "weir.step.id": "s1" })).toEqual([
      {
        ...SAYING,
        kind: "step-ended",
        flowName: "data_import",
        stepId: "s1",
        status: "succeeded",
        error: null,
      },
    ]);
    expect(say({ "weir.kind": "end", "weir.status": "paused", "weir.reason": "the audit" })).toEqual([
      { ...SAYING, kind: "flow-paused", name: "data_import", reason: "the audit" },
    ]);
    // A step has no pause of its own, and is none of its flow's.
    expect(say({ "weir.kind": "end", "weir.status": "paused", "weir.step.id": "s1" })).toEqual([]);
  });

  test("a heartbeat needs no flow, only its process", () => {
    const beat = (attributes: Attributes, resource = aRawSpan().resource) => {
      const all = { "weir.kind": "heartbeat", ...attributes };
      return observe({ ...aRawSpan(), resource, keys: Object.keys(all), values: Object.values(all) })[0];
    };
    const expected = { kind: "heartbeat", instance: "instance-1", service: "import-api", at: 1000 };
    expect(beat({})).toEqual({ ...expected, intervalMs: 10_000 });
    expect(beat({ "weir.heartbeat.interval_ms": 2_500 })).toEqual({ ...expected, intervalMs: 2_500 });
    expect(beat({ "weir.heartbeat.interval_ms": "2500" })).toEqual({ ...expected, intervalMs: 2_500 });
    expect(beat({ "weir.heartbeat.interval_ms": -1 })).toEqual({ ...expected, intervalMs: 10_000 });
    const resource = { service: "import-api", instance: "instance-1", heartbeatMs: 4_000 };
    expect(beat({}, resource)).toEqual({ ...expected, intervalMs: 4_000 });
    expect(beat({ "weir.heartbeat.interval_ms": 2_500 }, resource)).toEqual({
      ...expected,
      intervalMs: 2_500,
    });
  });

  test("numbers as identity are text", () => {
    const [said] = say({ "weir.kind": "event", "weir.flow.id": 17, "weir.tenant": 4 });
    expect(said).toMatchObject({ flow: { tenant: "4", id: "17" } });
  });
});

test("a span without weir attributes is ignored, whatever else is wrong with it", () => {
  const span = { ...aRawSpan(), keys: ["http.route"], values: ["/x"], spanId: "", start: Number.NaN };
  const out: Observation[] = [];
  expect(addObservations(span, out)).toBe("ignored");
  expect(out).toEqual([]);
});

test("of a span without weir attributes that lies between others only that is kept", () => {
  const parentSpanId = "00000000000000aa";
  const out: Observation[] = [];
  expect(addObservations({ ...aRawSpan(), keys: ["http.route"], values: ["/x"], parentSpanId }, out)).toBe(
    "ignored",
  );
  expect(out).toEqual([{ kind: "span-linked", spanId: "00f067aa0ba902b7", parentSpanId, at: 1000 }]);
});

test.each<[string, Attributes, Partial<RawSpan>, string]>([
  ["no-kind", {}, {}, "weir.kind: expected one of flow, step"],
  ["bad-kind", { "weir.kind": "flows" }, {}, 'got "flows"'],
  ["bad-kind", { "weir.kind": 7 }, {}, "got 7"],
  ["bad-trace-id", { "weir.kind": "step" }, { traceId: "" }, "16 bytes"],
  ["bad-span-id", { "weir.kind": "step" }, { spanId: "" }, "8 bytes"],
  ["bad-time", { "weir.kind": "step" }, { start: 0 }, "nanoseconds since 1970"],
  ["bad-time", { "weir.kind": "step" }, { start: Number.NaN }, "nanoseconds since 1970"],
  ["bad-time", { "weir.kind": "step" }, { end: 2 ** 60 }, "nanoseconds since 1970"],
  ["no-identity", { "weir.kind": "step", "weir.tenant": "" }, {}, "expected non-empty text as weir.tenant"],
  ["no-identity", { "weir.kind": "step", "weir.flow.id": true }, {}, "weir.flow.id"],
  ["no-identity", { "weir.kind": "step", "weir.flow.name": ["x"] }, {}, "weir.flow.name"],
  ["bad-status", { "weir.kind": "flow", "weir.status": "done" }, {}, 'expected a status, got "done"'],
  ["bad-status", { "weir.kind": "step", "weir.status": 1 }, {}, "got 1"],
  ["bad-status", { "weir.kind": "end", "weir.status": "running" }, {}, "cancelled or paused"],
  [
    "bad-step-kind",
    { "weir.kind": "step", "weir.step.kind": "job" },
    {},
    "expected one of step, queue, sleep, wait, debounce",
  ],
  ["bad-attempt", { "weir.kind": "step", "weir.step.attempt": 0 }, {}, "got 0"],
  ["bad-attempt", { "weir.kind": "step", "weir.step.attempt": 1.5 }, {}, "got 1.5"],
  ["bad-attempt", { "weir.kind": "step", "weir.step.attempt": "two" }, {}, 'got "two"'],
  [
    "no-instance",
    { "weir.kind": "heartbeat" },
    { resource: { service: "x", instance: null, heartbeatMs: null } },
    "service.instance.id",
  ],
  ["malformed", { "weir.kind": "step" }, { malformed: "expected an object" }, "expected an object"],
])("%s: %j %j", (reason, attributes, changed, message) => {
  const rejection = reject(aRawSpan({ ...changed, attributes }));
  expect(rejection.reason).toBe(reason);
  expect(rejection.message).toContain(message);
});
