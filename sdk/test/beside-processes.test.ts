/**
 * Contract section 1: "Works beside an OpenTelemetry set-up that is already there: flows are never lost to someone
 * else's sampler or exporter". Each case is a process of its own, as the order in which things load is what counts.
 */
import { describe, expect, test } from "vitest";
import type { Other, Sampling } from "./beside/others.ts";
import { FLOWS, type Ran, runService } from "./beside/run-service.ts";
import type { Plan } from "./beside/service.ts";
import type { Received } from "./otlp-server.ts";

const SETUPS: [Other, Sampling][] = [
  ["none", "all"],
  ["node-sdk", "all"],
  ["node-sdk", "ratio"],
  ["provider-2", "all"],
  ["provider-2", "ratio"],
  ["provider-2", "parent-ratio"],
  ["provider-3", "all"],
  ["provider-3", "ratio"],
  ["provider-3", "parent-ratio"],
  ["older-api", "all"],
  ["older-api", "ratio"],
  ["sentry-like", "none"],
];

describe.each(SETUPS)("beside %s, which samples %s", (other, sampling) => {
  const alone = once(() => runService({ other, sampling, weir: "absent" }));

  test.each<Plan["weir"]>(["first", "last", "used-first"])(
    "and Weir set up %s",
    { timeout: 30_000 },
    async (weir) => {
      const [without, ran] = [await alone(), await runService({ other, sampling, weir })];
      expectWholeFlows(ran);
      expectJoined(ran);
      // With the same ids: so the same spans were sampled, under the same parents, and each was exported once.
      expect(ran.spans).toEqual(without.spans);
      expect(ran.carriers).toEqual(without.carriers);
      expect(ran.logged).toEqual(without.logged);
      expect(ran.surprises).toEqual([]);
    },
  );
});

test("a 1 % sampler keeps some of the service's spans, and every flow", { timeout: 30_000 }, async () => {
  const ran = await runService({ other: "provider-3", sampling: "ratio", weir: "last" });
  expect(ran.spans.length).toBeGreaterThan(0);
  expect(ran.spans.length).toBeLessThan(FLOWS / 10);
  expect(named(ran, "data_import")).toHaveLength(FLOWS);
});

test.each<Other>(["provider-2", "provider-3", "node-sdk"])(
  "with the tracerProvider of %s, each flow is in its export once and nowhere else",
  { timeout: 30_000 },
  async (other) => {
    const without = await runService({ other, sampling: "all", weir: "absent" });
    const ran = await runService({ other, sampling: "all", weir: "given" });
    expect(ran.server.spans).toEqual([]);
    const count = (name: string): number => ran.spans.filter((span) => span.startsWith(`${name} `)).length;
    expect(count("request") + count("query")).toBe(without.spans.length);
    // A pending copy has a span id of its own.
    expect(count("data_import")).toBeGreaterThanOrEqual(FLOWS);
    expect(new Set(ran.spans).size).toBe(ran.spans.length);
    const byId = new Map(ran.spans.map((span) => [span.split(" ")[2], span]));
    const parents = ran.spans
      .filter((span) => span.startsWith("query "))
      .map((span) => byId.get(span.split(" ")[3])?.split(" ")[0]);
    expect(new Set(parents)).toEqual(new Set(["request", undefined]));
    expect(ran.carriers.filter((carrier) => JSON.stringify(carrier).includes("weir"))).toEqual([]);
    expect(ran.surprises).toEqual([]);
  },
);

/** All flows are there, each with its step, and nothing is there twice. */
function expectWholeFlows(ran: Ran): void {
  expect(ran.dropped).toBe(0);
  const flows = named(ran, "data_import");
  const steps = named(ran, "validate");
  expect(new Set(flows.map(flowId)).size).toBe(FLOWS);
  expect(flows).toHaveLength(FLOWS);
  expect(new Set(steps.map(flowId)).size).toBe(FLOWS);
  expect(steps).toHaveLength(FLOWS);
  expect(new Set(ran.server.spans.map((span) => span.spanId)).size).toBe(ran.server.spans.length);
}

/** A flow hangs under the span that was active where it was opened, its step under the flow. */
function expectJoined(ran: Ran): void {
  const flows = new Map(named(ran, "data_import").map((span) => [flowId(span), span]));
  for (const [id, openedIn] of Object.entries(ran.openedIn)) {
    const flow = flows.get(id);
    if (openedIn === "") expect(flow?.parentSpanId ?? "").toBe("");
    else expect(`${flow?.traceId} ${flow?.parentSpanId}`).toBe(openedIn);
  }
  for (const step of named(ran, "validate")) {
    const flow = flows.get(flowId(step));
    expect([step.traceId, step.parentSpanId]).toEqual([flow?.traceId, flow?.spanId]);
  }
}

/** Finished spans of the collector's, without pending copies. */
function named(ran: Ran, name: string): Received[] {
  return ran.server.spans.filter((span) => span.name === name && span.attributes["weir.pending"] !== true);
}

function flowId(span: Received): unknown {
  return span.attributes["weir.flow.id"];
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
