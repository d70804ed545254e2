import { type Attributes, createTraceState, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { emptyResource, resourceFromAttributes } from "@opentelemetry/resources";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type OwnSpan, ownSpans } from "../src/own-span.ts";
import { bodiesFor, SpanWriter, type WrittenSpan } from "../src/span-bytes.ts";
import { takeOverBodies } from "../src/transport.ts";

const SCOPE = { name: "@weir/sdk" };
const RESOURCE = resourceFromAttributes({ "service.name": "größer", pid: 7, argv: ["node", "a.js"] });
const PAGE_BYTES = 64 * 1024;

const attributes = fc.dictionary(
  fc.string({ unit: "binary" }),
  fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ minLength: 129, maxLength: 400 }),
    fc.integer(),
    fc.maxSafeInteger(),
    // text.ts makes text of whole numbers that OTLP has no integer for.
    fc.double({ min: -1e15, max: 1e15, noNaN: true }),
    fc.boolean(),
    fc.array(fc.string()),
    fc.array(fc.integer()),
  ),
  // A literal `__proto__` key would set the prototype of the expected object.
  { noNullPrototype: true },
);

const hex = (length: number) =>
  fc
    .string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length })
    .filter((id) => /[^0]/.test(id));

/** Of few flows, so that they come again; ids that end alike, tenants with the same id, and more than is kept of one. */
const identity = fc
  .record({
    id: fc.constantFrom("17", "117", "x", "ö17", "0197c0de-0000-7000-8000-000000000017"),
    name: fc.constantFrom("data_import", 'say "what"'),
    tenant: fc.constantFrom("acme-corp", "größer", "x".repeat(256)),
  })
  .map(({ id, name, tenant }) => ({ "weir.flow.id": id, "weir.flow.name": name, "weir.tenant": tenant }));

const plans = fc.array(
  fc.record({
    name: fc.string({ unit: "binary" }),
    attributes: fc
      .tuple(fc.option(identity, { nil: {} }), attributes)
      .map(([whose, others]): Attributes => ({ ...whose, "weir.kind": "step", ...others })),
    start: fc.oneof(
      fc.double({ min: 1.7e12, max: 1.9e12, noNaN: true }),
      fc.double({ min: 1, max: 9e12, noNaN: true }),
    ),
    lasts: fc.double({ min: 0, max: 1e9, noNaN: true }),
    parent: fc.option(
      fc.record({ traceId: hex(32), spanId: hex(16), isRemote: fc.boolean(), state: fc.boolean() }),
    ),
    failure: fc.option(fc.record({ message: fc.string({ unit: "binary" }), attributes })),
  }),
  { minLength: 1, maxLength: 20 },
);
type Plan = (typeof plans extends fc.Arbitrary<infer P> ? P : never)[number];

const WITH_NUMBERED_KEY: Plan = {
  name: "step",
  attributes: { "weir.flow.id": "17", "weir.flow.name": "data_import", "weir.tenant": "acme-corp", 0: false },
  start: 1,
  lasts: 0,
  parent: null,
  failure: null,
};

test("a request says what OpenTelemetry's own serializer says of the same spans", () => {
  const official = officialSerializer();
  fc.assert(
    fc.property(plans, (all) => {
      const spans = all.map(spanFrom);
      const writer = new SpanWriter();
      const body = bodiesFor(RESOURCE, SCOPE)(spans.map((span) => writer.finished(span)));
      expect(normal(body)).toEqual(normal(official(spans)));
    }),
    { numRuns: 300, examples: [[[WITH_NUMBERED_KEY]]] },
  );
});

test("a copy says what the span says, is below it, has an id of its own and no length", () => {
  fc.assert(
    fc.property(plans, (all) => {
      const writer = new SpanWriter();
      for (const plan of all) {
        const span = spanFrom({ ...plan, failure: null });
        const both = spansIn(bodiesFor(RESOURCE, SCOPE)([writer.copy(span), writer.finished(span)]));
        const [copy, own] = both as [Json, Json];
        expect(copy["spanId"]).toMatch(/^[0-9a-f]{16}$/);
        expect(copy["spanId"]).not.toBe(own["spanId"]);
        const { attributes: said, ...rest } = copy;
        expect(said).toEqual([
          { key: "weir.pending", value: { boolValue: true } },
          ...(own["attributes"] as unknown[]),
        ]);
        const { attributes: _, ...ofOwn } = own;
        expect(rest).toEqual({
          ...ofOwn,
          spanId: copy["spanId"],
          parentSpanId: own["spanId"],
          flags: 257,
          endTimeUnixNano: own["startTimeUnixNano"],
        });
      }
    }),
    { numRuns: 100 },
  );
});

test("any choice of written spans, in any order, makes a request: neighbours, pages and gaps", () => {
  const writer = new SpanWriter();
  const written = Array.from({ length: 300 }, (_, n) =>
    // Now and then one that fills pages by itself.
    writer.finished(spanOf(`span ${n}`, { n, text: "x".repeat(n % 50 === 49 ? 2 * PAGE_BYTES : 700) })),
  );
  expect(new Set(written.map(({ page }) => page)).size).toBeGreaterThan(5);
  const bodyOf = bodiesFor(RESOURCE, SCOPE);
  const namesIn = (choice: WrittenSpan[]) => spansIn(bodyOf(choice)).map((span) => span["name"]);
  expect(namesIn(written)).toEqual(written.map((_, n) => `span ${n}`));
  fc.assert(
    fc.property(fc.shuffledSubarray(written.map((_, n) => n)), (choice) => {
      expect(namesIn(choice.map((n) => written[n] as WrittenSpan))).toEqual(choice.map((n) => `span ${n}`));
    }),
    { numRuns: 20 },
  );
});

test("what is not finite is written in OTLP's words, and no word is left out for an unknown value", () => {
  const odd = { nan: Number.NaN, endless: Number.NEGATIVE_INFINITY, none: undefined, minus: -0 };
  const writer = new SpanWriter();
  const [span] = spansIn(bodiesFor(emptyResource(), SCOPE)([writer.finished(spanOf("odd", odd))]));
  expect(span?.["attributes"]).toEqual([
    { key: "nan", value: { doubleValue: "NaN" } },
    { key: "endless", value: { doubleValue: "-Infinity" } },
    { key: "none", value: {} },
    { key: "minus", value: { intValue: 0 } },
  ]);
});

test("a program that makes keys of data: each is written, however many there were before", () => {
  const writer = new SpanWriter();
  const all = Array.from({ length: 30 }, (_, n) =>
    spanOf("s", Object.fromEntries(Array.from({ length: 100 }, (_, m) => [`key "${n}" ${m}`, m]))),
  );
  const body = bodiesFor(RESOURCE, SCOPE)(all.map((span) => writer.finished(span)));
  expect(normal(body)).toEqual(normal(officialSerializer()(all)));
});

test("an exporter that makes its requests otherwise is left alone", () => {
  expect(takeOverBodies(new OTLPTraceExporter(), () => new Uint8Array())).toBe(true);
  const foreign = { export() {}, _delegate: { _serializer: "moved" } };
  expect(takeOverBodies(foreign, () => new Uint8Array())).toBe(false);
  expect(takeOverBodies({}, () => new Uint8Array())).toBe(false);
  expect(foreign._delegate._serializer).toBe("moved");
});

function spanFrom(plan: Plan): OwnSpan<typeof RESOURCE> {
  const { parent } = plan;
  const context =
    parent === null
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, {
          traceId: parent.traceId,
          spanId: parent.spanId,
          traceFlags: 0,
          ...(parent.isRemote ? { isRemote: true } : {}),
          ...(parent.state ? { traceState: createTraceState("a=1,b=2") } : {}),
        });
  const span = starter.startSpan(
    plan.name,
    { attributes: { ...plan.attributes }, startTime: plan.start },
    context,
  );
  if (plan.failure !== null) {
    span.setAttribute("weir.status", "failed");
    span.setStatus({ code: 2, message: plan.failure.message });
    span.addEvent("exception", plan.failure.attributes, plan.start + plan.lasts);
  }
  span.end(plan.start + plan.lasts);
  return span as OwnSpan<typeof RESOURCE>;
}

function spanOf(name: string, said: Record<string, unknown>): OwnSpan {
  const span = starter.startSpan(name, { attributes: said as Attributes, startTime: 1000 }, ROOT_CONTEXT);
  return span as OwnSpan;
}

const starter = ownSpans({ resource: RESOURCE, instrumentationScope: SCOPE, ended() {} });

function officialSerializer(): (spans: unknown[]) => Uint8Array {
  const { _delegate } = new OTLPTraceExporter() as unknown as {
    _delegate: { _serializer: { serializeRequest(spans: unknown[]): Uint8Array } };
  };
  return (spans) => _delegate._serializer.serializeRequest(spans);
}

type Json = Record<string, unknown>;

function spansIn(body: Uint8Array): Json[] {
  const { resourceSpans } = JSON.parse(Buffer.from(body).toString("utf8"));
  return resourceSpans[0].scopeSpans[0].spans;
}

/**
 * A request without what says nothing: counts of zero, empty lists, the status that none was set. OTLP gives the order
 * of attributes no meaning; ours begin with whose span it is, where JavaScript puts a key such as `0` before all others.
 */
function normal(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body).toString("utf8"), (key, value) => {
    if (key === "events" || key === "links") return value.length === 0 ? undefined : value;
    if (key.startsWith("dropped") && value === 0) return undefined;
    if (key === "status" && value.code === 0) return undefined;
    if (key === "attributes")
      return value.toSorted((a: Json, b: Json) => (String(a["key"]) < String(b["key"]) ? -1 : 1));
    return value;
  });
}
