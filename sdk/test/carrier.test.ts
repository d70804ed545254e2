import { expect, test } from "vitest";
import { flow, identity, setup, step } from "../src/index.ts";
import { record } from "./recorder.ts";

const IMPORT = { name: "data_import", tenant: "acme-corp", id: "17", labels: { env: "test" } };

test("Kafka-like headers: a flow goes on in the consumer, under the step that sent the message", async () => {
  const recorder = record();
  const headers = flow.start({ ...IMPORT, endOnExit: false }, () =>
    step.start("send", () => identity.inject({ "content-type": "text/csv" })),
  );
  // What a consumer gets: bytes.
  const message = {
    headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, Buffer.from(value)])),
  };
  const result = await identity.extract(message.headers).run(async () => {
    await Promise.resolve();
    step.start("store", () => {});
    flow.end();
    return "stored";
  });
  expect(result).toBe("stored");
  const send = await recorder.one("send");
  const store = await recorder.one("store");
  expect(store.attributes).toMatchObject({
    "weir.flow.id": "17",
    "weir.step.parent_id": send.attributes["weir.step.id"],
  });
  expect(store.traceId).toBe(send.traceId);
  expect((await recorder.one("end")).attributes["weir.flow.id"]).toBe("17");
});

test("a cron job: the carrier was kept as JSON, and the flow ends a day later in another process", async () => {
  const recorder = record();
  const kept = flow.start({ ...IMPORT, endOnExit: false }, () => JSON.stringify(identity.inject()));
  const arrival = identity.extract(JSON.parse(kept) as object);
  expect(arrival.flow).toMatchObject({ id: "17", tenant: "acme-corp" });
  expect({ ...arrival.flow?.labels }).toEqual({ env: "test" });
  arrival.flow?.cancel("nobody answered");
  expect((await recorder.one("end")).status).toBe("cancelled");
});

test.each<[string, () => object]>([
  ["a plain object", () => ({ a: "1" })],
  ["Headers", () => new Headers({ a: "1", baggage: "user=7" })],
  ["a Map", () => new Map([["a", "1"]])],
  ["an object without a prototype", () => Object.assign(Object.create(null), { Baggage: "user=7" })],
])("inject writes to %s, returns the same, and extract reads it", (_what, make) => {
  record();
  const carrier = make();
  expect(flow.start(IMPORT, () => identity.inject(carrier))).toBe(carrier);
  expect(identity.extract(carrier).flow?.id).toBe("17");
});

test("a list of values is read by its first, as clients give headers that came twice", () => {
  record();
  const { baggage } = flow.start(IMPORT, () => identity.inject());
  expect(identity.extract({ Baggage: [Buffer.from(baggage ?? ""), "x=y"] }).flow?.id).toBe("17");
});

test("a host that may not have identity gets none", () => {
  const recorder = record({ propagateTo: ["api.mycompany.com"] });
  flow.start(IMPORT, () => {
    expect(identity.inject({}, { host: "api.stripe.com" })).toEqual({});
    expect(identity.inject({}, { host: "api.mycompany.com:443" })).toHaveProperty("baggage");
    expect(identity.inject({}, { host: "worker:8080" })).toHaveProperty("baggage");
  });
  expect(recorder.codes()).toEqual(["host-refused"]);
});

test("a peer that acceptFrom does not take continues no flow; what runs, runs in none", () => {
  record();
  const carrier = flow.start(IMPORT, () => identity.inject());
  expect(identity.extract(carrier, { address: "10.0.0.7" }).flow?.id).toBe("17");
  for (const address of ["203.0.113.9", undefined]) {
    const arrival = identity.extract(carrier, { address });
    expect(arrival.flow).toBeUndefined();
    expect(arrival.run(() => [flow.current(), "ran"])).toEqual([undefined, "ran"]);
  }
});

test("what names no flow runs in none, also inside another customer's flow", () => {
  record();
  flow.start(IMPORT, () => {
    expect(identity.extract({}).run(() => flow.current())).toBeUndefined();
    expect(flow.current()?.id).toBe("17");
  });
});

test("outside a flow inject changes nothing", () => {
  record();
  expect(identity.inject({ a: "1" })).toEqual({ a: "1" });
});

test("what run's function throws is the same object", () => {
  record();
  const thrown = Object.freeze({ odd: true });
  expect(() =>
    identity.extract({}).run(() => {
      throw thrown;
    }),
  ).toThrow(expect.toSatisfy((error) => error === thrown));
});

test("setup is asked for, not required", () => {
  expect(typeof setup).toBe("function");
  expect(identity.inject({ a: "1" })).toEqual({ a: "1" });
  expect(identity.extract({ baggage: "weir.flow.id=1" }).run(() => "ran")).toBe("ran");
});
