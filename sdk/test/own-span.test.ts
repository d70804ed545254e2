import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { type OwnSpan, ownSpans } from "../src/own-span.ts";

const resource = resourceFromAttributes({ "service.name": "import-api" });

function recording() {
  const ended: OwnSpan<typeof resource>[] = [];
  const spans = ownSpans({
    resource,
    instrumentationScope: { name: "@weir/sdk" },
    ended: (span) => ended.push(span),
  });
  return { spans, ended };
}

test("exporters of OpenTelemetry can read it", () => {
  const { spans, ended } = recording();
  const parent = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 0 };
  const open = spans.startSpan(
    "validate",
    { attributes: { rows: 3 }, startTime: 1_795_341_600_000.125 },
    trace.setSpanContext(ROOT_CONTEXT, parent),
  );
  open.setAttribute("weir.open", true);
  open.setStatus({ code: 2, message: "bad row" });
  open.addEvent("exception", { "exception.type": "Error" }, 1_795_341_600_001);
  open.end(1_795_341_601_500.25);
  const read: ReadableSpan = ended[0] as OwnSpan<typeof resource>;
  expect(read).toMatchObject({
    name: "validate",
    kind: 0,
    parentSpanContext: parent,
    startTime: [1_795_341_600, 125_000],
    endTime: [1_795_341_601, 500_250_000],
    duration: [1, 500_125_000],
    ended: true,
    attributes: { rows: 3, "weir.open": true },
    status: { code: 2, message: "bad row" },
    events: [{ name: "exception", time: [1_795_341_600, 1_000_000] }],
    links: [],
    resource,
    instrumentationScope: { name: "@weir/sdk" },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  });
  expect(read.spanContext()).toMatchObject({ traceId: parent.traceId, traceFlags: 1 });
  expect(read.spanContext().spanId).toMatch(/^[0-9a-f]{16}$/);
});

test("without a parent, or with one that can't be, it begins a trace", () => {
  const { spans } = recording();
  const broken = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: "0".repeat(32),
    spanId: "b".repeat(16),
    traceFlags: 1,
  });
  const ids = [ROOT_CONTEXT, broken].map((parent) => {
    const span = spans.startSpan("s", { attributes: {}, startTime: 1 }, parent) as OwnSpan;
    expect(span.parentSpanContext).toBeUndefined();
    return span.spanContext().traceId;
  });
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(ids).size).toBe(2);
});

test("it ends once, and never before its start", () => {
  const { spans, ended } = recording();
  const span = spans.startSpan("s", { attributes: {}, startTime: 2000 }, ROOT_CONTEXT);
  span.end(1000);
  span.end(3000);
  expect(ended).toHaveLength(1);
  expect(ended[0]).toMatchObject({ startedAt: 2000, endedAt: 2000, duration: [0, 0] });
});
