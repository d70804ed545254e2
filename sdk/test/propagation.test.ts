import { propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { fromBaggage } from "../src/identity.ts";
import { flow, step } from "../src/index.ts";
import { allowed, extract, inject } from "../src/propagation.ts";
import { inContext } from "../src/scope.ts";
import { record } from "./recorder.ts";

const IMPORT = { name: "data_import", tenant: "acme-corp", id: "17", labels: { env: "test" } };

test("inject adds baggage and traceparent of where we are, and returns the same object", async () => {
  const recorder = record();
  const headers = { accept: "*/*" };
  const [same, stepId] = flow.start(IMPORT, () => step.start("call", (s) => [inject(headers), s.id]));
  expect(same).toBe(headers);
  expect(fromBaggage((headers as Record<string, string>)["baggage"] ?? "")).toMatchObject({
    id: "17",
    name: "data_import",
    tenant: "acme-corp",
    labels: { env: "test" },
    stepId,
  });
  const call = await recorder.one("call");
  expect(headers).toMatchObject({ accept: "*/*", traceparent: `00-${call.traceId}-${call.spanId}-01` });
});

test("inject keeps the baggage and the traceparent that are there, in whatever case", () => {
  record();
  const headers = flow.start(IMPORT, () => inject({ Baggage: "user=7", Traceparent: "theirs" }));
  expect(Object.keys(headers)).toEqual(["Baggage", "Traceparent"]);
  expect(headers["Baggage"]).toMatch(/^user=7,weir\.flow\.id=17,/);
  expect(headers["Traceparent"]).toBe("theirs");
});

test("beside much baggage of others, labels are shed first, and identity stays, within 8192 bytes", () => {
  record();
  const labels = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${i}`, "é".repeat(256)]));
  const theirs = `user=${"7".repeat(7000)}`;
  const headers = flow.start({ ...IMPORT, labels }, () => inject({ baggage: theirs }));
  const baggage = headers["baggage"] ?? "";
  expect(baggage.length).toBeLessThanOrEqual(8192);
  expect(baggage.startsWith(`${theirs},`)).toBe(true);
  expect(fromBaggage(baggage)).toMatchObject({
    id: "17",
    name: "data_import",
    tenant: "acme-corp",
    labels: {},
  });
});

test("outside a flow inject changes nothing", () => {
  record();
  expect(inject({ a: "1" })).toEqual({ a: "1" });
});

test("the user's own span, with its sampling decision, is what traceparent names", () => {
  record();
  const theirs = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 0 };
  const ctx = trace.setSpanContext(ROOT_CONTEXT, theirs);
  const headers = inContext(ctx, () => flow.start(IMPORT, () => inject({})));
  expect(headers["traceparent"]).toBe(`00-${theirs.traceId}-${theirs.spanId}-00`);
});

test("extract continues the flow: identity, labels, trace and step", async () => {
  const recorder = record();
  const headers = flow.start(IMPORT, () => step.start("call", () => inject({})));
  const ctx = extract(
    // As a request brings two headers of this name.
    { baggage: ["user=7", headers["baggage"] ?? ""], traceparent: headers["traceparent"] },
    ROOT_CONTEXT,
  );
  inContext(ctx, () => {
    const f = flow.current();
    expect(f).toMatchObject({ id: "17", name: "data_import", tenant: "acme-corp" });
    expect({ ...f?.labels }).toEqual({ env: "test" });
    step.start("work", () => {});
    flow.event("noted");
  });
  const call = await recorder.one("call");
  expect(await recorder.one("work")).toMatchObject({ traceId: call.traceId, parentSpanId: call.spanId });
  expect(await recorder.one("noted")).toMatchObject({ traceId: call.traceId });
});

test("without traceparent the flow is continued all the same, in the trace that is active", async () => {
  const recorder = record();
  const headers = flow.start(IMPORT, () => inject({}));
  const theirs = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 };
  const ctx = extract({ baggage: headers["baggage"] }, trace.setSpanContext(ROOT_CONTEXT, theirs));
  inContext(ctx, () => step.start("work", () => {}));
  expect(await recorder.one("work")).toMatchObject({ traceId: theirs.traceId, parentSpanId: theirs.spanId });
});

test("of the flags of a traceparent only that which is known goes on", () => {
  record();
  const headers = flow.start(IMPORT, () => inject({}));
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-ff`;
  const ctx = extract({ baggage: headers["baggage"], traceparent }, ROOT_CONTEXT);
  expect(inContext(ctx, () => inject({}))["traceparent"]).toBe(traceparent.replace(/ff$/, "01"));
});

test("headers without a flow give the same context back", () => {
  const recorder = record();
  expect(extract({}, ROOT_CONTEXT)).toBe(ROOT_CONTEXT);
  expect(extract({ baggage: "user=7" }, ROOT_CONTEXT)).toBe(ROOT_CONTEXT);
  expect(recorder.codes()).toEqual([]);
});

test("malformed identity is ignored, and a diagnostic says so", () => {
  const recorder = record();
  expect(extract({ baggage: "weir.flow.id=%zz" }, ROOT_CONTEXT)).toBe(ROOT_CONTEXT);
  expect(recorder.codes()).toEqual(["baggage-malformed"]);
});

test("a public host gets no identity, and one diagnostic per host says so", () => {
  const recorder = record({ propagateTo: ["*.mycompany.com"] });
  flow.start(IMPORT, () => {
    for (let i = 0; i < 3; i++) {
      expect(allowed("api.stripe.com")).toBe(false);
      expect(allowed("api.github.com:443")).toBe(false);
      expect(allowed("api.mycompany.com")).toBe(true);
      expect(allowed("worker:8080")).toBe(true);
    }
  });
  expect(recorder.codes()).toEqual(["host-refused", "host-refused"]);
  expect(recorder.diagnostics[0]?.message).toContain("api.stripe.com");
});

test("outside a flow nothing is refused to a public host, for there was nothing to send", () => {
  const recorder = record();
  expect(allowed("api.stripe.com")).toBe(false);
  expect(recorder.codes()).toEqual([]);
});

test("identity is in no OpenTelemetry baggage, which the user's propagators would send anywhere", () => {
  record();
  flow.start(IMPORT, () => {
    expect(propagation.getActiveBaggage()).toBeUndefined();
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});
