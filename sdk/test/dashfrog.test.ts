/** The cases of the flow tracker that Weir grew out of, those it got wrong included. */
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { flow, step } from "../src/index.ts";
import { extract, inject } from "../src/propagation.ts";
import { inContext } from "../src/scope.ts";
import { record, thrownBy } from "./recorder.ts";

test("a successful flow: name, tenant, label, one id", async () => {
  const recorder = record();
  const id = flow.start({ name: "order", tenant: "customer-123", labels: { env: "test" } }, (f) => f.id);
  const span = await recorder.one("order");
  expect(span.status).toBe("succeeded");
  expect(span.attributes).toMatchObject({
    "weir.flow.id": id,
    "weir.tenant": "customer-123",
    "weir.label.env": "test",
  });
});

test("a failed flow: the exception propagates, start and failure have one id", async () => {
  const recorder = record();
  expect(() =>
    flow.start({ name: "order", tenant: "t" }, () => {
      throw new TypeError("no");
    }),
  ).toThrow(TypeError);
  expect(await recorder.one("order")).toMatchObject({ status: "failed" });
});

test("a flow left open writes only its start", async () => {
  const recorder = record();
  flow.start({ name: "order", tenant: "t", endOnExit: false }, () => {});
  expect((await recorder.spans()).map((span) => [span.name, span.open])).toEqual([["order", true]]);
});

test("a flow open over a call and ended by the other side: the same id and name", async () => {
  const recorder = record();
  const headers = flow.start({ name: "order", tenant: "t", endOnExit: false }, () => inject({}));
  inContext(extract(headers, ROOT_CONTEXT), () => {
    step.start("process_data", () => {});
    flow.end();
  });
  const spans = await recorder.finished();
  expect(new Set(spans.map((span) => span.attributes["weir.flow.id"])).size).toBe(1);
  expect(new Set(spans.map((span) => span.attributes["weir.flow.name"])).size).toBe(1);
  expect(spans.map((span) => span.kind)).toEqual(["flow", "step", "end"]);
});

test("three flows one after another: distinct ids, each its own labels", async () => {
  const recorder = record();
  for (const n of [1, 2, 3]) flow.start({ name: "job", tenant: "t", labels: { n } }, () => {});
  const spans = await recorder.finished();
  expect(new Set(spans.map((span) => span.attributes["weir.flow.id"])).size).toBe(3);
  expect(spans.map((span) => span.attributes["weir.label.n"])).toEqual(["1", "2", "3"]);
});

test("events in order, kept in a failed flow; outside a flow a warning and nothing stored", async () => {
  const recorder = record();
  thrownBy(() =>
    flow.start({ name: "job", tenant: "t" }, () => {
      flow.event("first");
      flow.event("second");
      throw new Error("no");
    }),
  );
  flow.event("nowhere");
  const spans = await recorder.finished();
  expect(spans.map((span) => [span.name, span.kind])).toEqual([
    ["first", "event"],
    ["second", "event"],
    ["job", "flow"],
  ]);
  expect(recorder.codes()).toEqual(["outside-flow"]);
});

test("the seed's error example: the step's failure is caught, and sent with its details", async () => {
  const recorder = record();
  flow.start({ name: "import", tenant: "acme-corp" }, () => {
    try {
      step.start("validate", () => {
        throw new RangeError("Invalid data format");
      });
    } catch {
      // The seed's example prints it.
    }
  });
  expect((await recorder.one("validate")).error).toMatchObject({
    "exception.type": "RangeError",
    "exception.message": "Invalid data format",
    "exception.stacktrace": expect.stringContaining("dashfrog.test.ts"),
  });
});

test("three attempts of one step are three steps, numbered", async () => {
  const recorder = record();
  flow.start({ name: "job", tenant: "t" }, () => {
    for (const attempt of [1, 2, 3]) {
      try {
        step.start("fetch", { attempt }, () => {
          if (attempt < 3) throw new Error("again");
        });
      } catch {
        // Tried again.
      }
    }
  });
  const attempts = (await recorder.finished()).filter((span) => span.name === "fetch");
  expect(attempts.map((span) => [span.attributes["weir.step.attempt"] ?? 1, span.status])).toEqual([
    [1, "failed"],
    [2, "failed"],
    [3, "succeeded"],
  ]);
});

test("a flow that is ended twice has one end", async () => {
  const recorder = record();
  const f = flow.start({ name: "job", tenant: "t", endOnExit: false }, (handle) => handle);
  f.end();
  f.fail(new Error("second"));
  expect((await recorder.finished()).filter((span) => span.kind === "end")).toHaveLength(1);
});

test("values with = $$ , ; and % are plain data, also over a hop", async () => {
  record();
  const odd = "a=b,c;d%20 $$ é “";
  const headers = flow.start({ name: odd, tenant: odd, id: odd, labels: { [odd]: odd } }, () => inject({}));
  inContext(extract(headers, ROOT_CONTEXT), () => {
    const f = flow.current();
    expect(f).toMatchObject({ id: odd, name: odd, tenant: odd });
    expect({ ...f?.labels }).toEqual({ [odd]: odd });
  });
});
