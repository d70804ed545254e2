import { expect, onTestFinished, test } from "vitest";
import { diagnose, onDiagnostic } from "../src/diagnostics.ts";
import { flow, health, setup, shutdown, step } from "../src/index.ts";
import { readOptions, type SetupOptions } from "../src/options.ts";
import { setupWith } from "../src/setup.ts";
import { record } from "./recorder.ts";

// First in this file, as it is about a process in which nobody has called setup() yet.
test("before setup() functions run, and one diagnostic says to call it", async () => {
  const warned: string[] = [];
  onDiagnostic(({ code, message }) => warned.push(`${code}: ${message}`));
  expect(flow.start({ name: "n", tenant: "t" }, (f) => [f.id, step.start("s", () => 1)])).toEqual(["", 1]);
  expect(await flow.start({ name: "n", tenant: "t" }, async () => 2)).toBe(2);
  flow.event("x");
  expect(flow.current()).toBeUndefined();
  expect(warned).toEqual([
    "not-set-up: flow.start was called before setup(): the function runs, Weir sees nothing of it",
  ]);
  expect(health()).toEqual({
    exported: 0,
    queued: 0,
    dropped: 0,
    lastError: null,
    stepsOutsideFlow: 0,
    openFlows: 0,
    openSteps: 0,
    endpoint: null,
  });
  await shutdown();
});

test("setup twice: a diagnostic, and the first stays", async () => {
  const recorder = record({ endpoint: "http://first:4318" });
  setup({ endpoint: "http://second:4318" });
  expect(recorder.codes()).toEqual(["set-up-twice"]);
  expect(health().endpoint).toBe("http://first:4318/v1/traces");
});

test("OTEL_SDK_DISABLED=true: setup does nothing, and functions run without a word", () => {
  const said: string[] = [];
  onTestFinished(() => shutdown());
  setupWith({ onDiagnostic: ({ code }) => said.push(code) }, { env: { OTEL_SDK_DISABLED: "true" } });
  expect(flow.start({ name: "n", tenant: "t" }, () => 1)).toBe(1);
  expect(said).toEqual([]);
});

test.each<[string, SetupOptions, Record<string, string>, string]>([
  ["nothing", {}, {}, "http://127.0.0.1:4318/v1/traces"],
  ["a bare option", { endpoint: "http://c:1" }, { WEIR_ENDPOINT: "http://e:2" }, "http://c:1/v1/traces"],
  ["an option with a path", { endpoint: "https://c/x/y" }, {}, "https://c/x/y"],
  ["WEIR_ENDPOINT", {}, { WEIR_ENDPOINT: "http://e:2/" }, "http://e:2/v1/traces"],
  ["the traces endpoint, as it is", {}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://o:3" }, "http://o:3/"],
  [
    "the general endpoint",
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://o:3/otlp/" },
    "http://o:3/otlp/v1/traces",
  ],
  ["an option that is no address", { endpoint: "c:1" }, {}, "http://127.0.0.1:4318/v1/traces"],
])("endpoint: %s", (_what, options, env, expected) => {
  expect(readOptions(options, env).endpoint).toBe(expected);
});

test("service name: option, WEIR_SERVICE_NAME, OTEL_SERVICE_NAME, resource attributes, package", () => {
  const env = { WEIR_SERVICE_NAME: "weir", OTEL_SERVICE_NAME: "otel" };
  expect(readOptions({ serviceName: "mine" }, env).serviceName).toBe("mine");
  expect(readOptions({}, env).serviceName).toBe("weir");
  expect(readOptions({}, { OTEL_SERVICE_NAME: "otel" }).serviceName).toBe("otel");
  expect(readOptions({}, { OTEL_RESOURCE_ATTRIBUTES: "a=b,service.name=res" }).serviceName).toBeUndefined();
  expect(readOptions({}, {}).serviceName).toEqual(expect.any(String));
});

test("bad values: a diagnostic that says what was expected and got, and the default", () => {
  const said: string[] = [];
  onDiagnostic(({ message }) => said.push(message));
  const options = {
    serviceName: 7,
    endpoint: "ftp://x",
    heartbeatInterval: -1,
    propagateTo: ["https://api.mycompany.com", "ok.example"],
    headers: { a: 1 },
  } as unknown as SetupOptions;
  expect(readOptions(options, {})).toMatchObject({
    endpoint: "http://127.0.0.1:4318/v1/traces",
    heartbeatInterval: 10_000,
    propagateTo: ["ok.example"],
    headers: {},
  });
  expect(said).toHaveLength(5);
  expect(said).toContain(
    "setup: expected heartbeatInterval to be milliseconds, from 1 up, got -1: the default is used",
  );
});

test("every option that text can hold has an environment variable", () => {
  expect(
    readOptions(
      {},
      { WEIR_API_KEY: "k", WEIR_PROPAGATE_TO: "a.com, *.b.com", WEIR_HEARTBEAT_INTERVAL: "500" },
    ),
  ).toMatchObject({
    headers: { authorization: "Bearer k" },
    propagateTo: ["a.com", "*.b.com"],
    heartbeatInterval: 500,
  });
});

test("setup with nonsense for options never throws", () => {
  onTestFinished(() => shutdown(100));
  setupWith(7 as unknown as SetupOptions, {
    env: {},
    exporter: { export: (_spans, done) => done({ code: 0 }), shutdown: async () => {} },
  });
  expect(flow.start({ name: "n", tenant: "t" }, (f) => f.tenant)).toBe("t");
});

test("a diagnostic is said at most once a minute, for each subject; a handler that throws harms nobody", () => {
  const said: string[] = [];
  onDiagnostic(({ code }) => {
    said.push(code);
    throw new Error("handler");
  });
  for (let i = 0; i < 3; i++) {
    diagnose("internal", "…");
    diagnose("bad-option", "…", "one");
    diagnose("bad-option", "…", "two");
  }
  expect(said).toEqual(["internal", "bad-option", "bad-option"]);
});

test("the user's tracerProvider makes the spans, pending copies included", async () => {
  const names: string[] = [];
  const { TracerProvider, SimpleSpanProcessor, InMemorySpanExporter } = await import(
    "@opentelemetry/sdk-trace"
  );
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  record({ tracerProvider }, { pendingDelayMs: 5 });
  await flow.start({ name: "f", tenant: "t" }, () => new Promise((done) => setTimeout(done, 30)));
  for (const span of exporter.getFinishedSpans())
    names.push(`${span.name} ${span.attributes["weir.pending"] === true}`);
  expect(names).toEqual(["f true", "f false"]);
  expect(health().endpoint).toBeNull();
});
