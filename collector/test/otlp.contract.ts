/** What every OTLP door must do, whatever it speaks: with raw bytes, and with the official exporters. */
import { DiagLogLevel, diag, SpanStatusCode } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from "@opentelemetry/sdk-logs";
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, describe, expect, test } from "vitest";
import { WeirError } from "../src/errors.ts";
import type { Attributes } from "../src/flow.ts";
import type { Observation } from "../src/observation.ts";
import type { Admit } from "../src/otlp/admit.ts";
import { createCounters } from "../src/otlp/counters.ts";
import { createIngest } from "../src/otlp/ingest.ts";
import type { AppOptions } from "./created-app.ts";
import { createFakeStore } from "./fake-store.ts";
import { logTo } from "./log-to.ts";
import { aSpan, IDENTITY, type ShortSpan, TRACE_ID } from "./otlp-support.ts";

/** How a sender reads an answer, in OTLP's terms. */
export type Outcome =
  | { is: "taken"; rejectedSpans: number; errorMessage: string }
  /** Not to be sent again. */
  | { is: "refused"; code: number; message: string }
  /** To be sent again, after so many seconds. */
  | { is: "put off"; code: number; message: string; retryAfter: number };

export type Compression = "none" | "gzip";

export interface Door {
  name: string;
  body(spans: ShortSpan[], resource?: Attributes): Buffer;
  /** What can't be parsed. */
  malformed: Buffer[];
  /** Of no bytes or no spans. */
  empty: Buffer[];
  /** What it takes beside plain bytes. */
  encodings: [name: string, encode: (body: Buffer) => Buffer][];
  /** @param tenant the one that every sender speaks for; `null`: any. */
  open(options: AppOptions, tenant: string | null): Promise<OpenDoor>;
  exporters(url: string, compression: Compression): Exporters;
}

export interface OpenDoor {
  /** What exporters are given as base. */
  url: string;
  send(
    body: Buffer,
    options?: { signal?: "traces" | "logs" | "metrics"; encoding?: string },
  ): Promise<Outcome>;
  close(): Promise<void>;
}

export interface Exporters {
  traces: SpanExporter;
  logs: LogRecordExporter;
  metrics: PushMetricExporter;
}

const TAKEN = { is: "taken", rejectedSpans: 0, errorMessage: "" };

export function describeOtlpDoor(door: Door): void {
  describe(`OTLP, ${door.name}`, () => {
    const opened: OpenDoor[] = [];

    async function open(options: Partial<AppOptions> = {}, tenant: string | null = null) {
      const store = createFakeStore();
      const counters = createCounters();
      const warnings: string[] = [];
      const one = await door.open({ store, counters, log: logTo(warnings), ...options }, tenant);
      opened.push(one);
      return { ...one, store, counters, warnings };
    }

    afterEach(async () => {
      diag.disable();
      await Promise.all(opened.splice(0).map((one) => one.close()));
    });

    test("takes any span of a process that promises heartbeats for one, once a request", async () => {
      const { send, store } = await open();
      const promise = { "service.instance.id": "worker-1", "weir.heartbeat.interval_ms": 2000 };
      await send(door.body([aSpan(), aSpan()], promise));
      const beats = store.taken.filter(({ kind }) => kind === "heartbeat");
      expect(beats).toMatchObject([{ instance: "worker-1", intervalMs: 2000 }]);
    });

    test("takes spans, and says so", async () => {
      const { send, store } = await open();
      expect(await send(door.body([aSpan()]))).toEqual(TAKEN);
      expect(store.taken).toEqual([
        {
          kind: "step-opened",
          flow: { tenant: "acme-corp", id: "order-17" },
          at: 1_795_341_600_000_000,
          spanId: "00f067aa0ba902b7",
          service: "import-api",
          instance: "instance-1",
          flowName: "data_import",
          stepId: "00f067aa0ba902b7",
          name: "validate",
          stepKind: "step",
          attempt: 1,
          optional: false,
          parent: null,
          attributes: {},
          copyOf: null,
          traceId: TRACE_ID,
          node: null,
          edge: null,
          attemptOf: null,
        },
        {
          kind: "step-ended",
          flow: { tenant: "acme-corp", id: "order-17" },
          at: 1_795_341_604_210_000,
          spanId: "00f067aa0ba902b7",
          service: "import-api",
          instance: "instance-1",
          flowName: "data_import",
          stepId: "00f067aa0ba902b7",
          status: "succeeded",
          error: null,
        },
      ]);
    });

    test("attribute values come out as they went in", async () => {
      const { send, store } = await open();
      const attributes = {
        rows: 120,
        "rows.most": Number.MAX_SAFE_INTEGER,
        "rows.least": -7,
        ratio: 0.5,
        ok: true,
        note: "Grüße, 世界 🌊",
        none: null,
        list: ["a", 1, false, [2.5]],
        map: { inner: { deep: "x" } },
        ["__proto__"]: "plain text",
      };
      await send(door.body([aSpan({ attributes })]));
      const [opened] = store.taken;
      expect(opened).toHaveProperty("attributes");
      expect(JSON.parse(JSON.stringify((opened as { attributes: Attributes }).attributes))).toEqual(
        attributes,
      );
    });

    test("an error is the last exception event", async () => {
      const { send, store } = await open();
      const exception = (message: string) => ({
        name: "exception",
        attributes: {
          "exception.type": "ValueError",
          "exception.message": message,
          "exception.stacktrace": "at row 7",
        },
      });
      const events = [exception("first"), { name: "retried" }, exception("bad row 7"), { name: "gave up" }];
      await send(door.body([aSpan({ events, status: { code: 2, message: "unused" } })]));
      expect(store.taken[1]).toMatchObject({
        status: "failed",
        error: { type: "ValueError", message: "bad row 7", stack: "at row 7" },
      });
    });

    test("one bad span does not lose its neighbours", async () => {
      const { send, store, counters } = await open();
      const outcome = await send(
        door.body([
          aSpan({ name: "first" }),
          aSpan({ spanId: "" }),
          aSpan({ attributes: { "weir.kind": "nonsense" } }),
          aSpan({ attributes: { "weir.kind": "nonsense" } }),
          aSpan({ name: "last" }),
        ]),
      );
      expect(outcome).toMatchObject({ is: "taken", rejectedSpans: 3 });
      const { errorMessage } = outcome as { errorMessage: string };
      expect(errorMessage).toContain("span id: expected 8 bytes that are not all zero (1)");
      expect(errorMessage).toContain('got "nonsense" (2)');
      const names = store.taken.map((said) => "name" in said && said.name).filter(Boolean);
      expect(names).toEqual(["first", "last"]);
      expect(counters.accepted).toBe(2);
      expect(counters.rejected.get("bad-kind")).toBe(2);
    });

    test("a span that its sender may not send is rejected by itself, with the first reason found", async () => {
      const asked: string[] = [];
      const admit: Admit = ([said]) => {
        asked.push(said?.kind ?? "nothing");
        return said?.kind === "event-noted" ? { reason: "bad-kind", message: "no events today" } : undefined;
      };
      const kept: Observation[] = [];
      const accept = async (observations: Observation[]) => void kept.push(...observations);
      const { send, counters } = await open({ ingest: createIngest({ accept, admit }) }, "acme-corp");
      const attributes = { "weir.kind": "flow" };
      const other = { "weir.tenant": "globex" };
      const promise = { "service.instance.id": "worker-1", "weir.heartbeat.interval_ms": 2000 };
      const spans = [
        aSpan({ attributes: other }),
        aSpan({
          attributes: { ...attributes, "weir.parent_flow.id": "a", "weir.parent_flow.tenant": "globex" },
        }),
        aSpan({ attributes: { "weir.kind": "event" } }),
        aSpan({ attributes: { ...attributes, "weir.parent_flow.id": "a" } }),
      ];
      const outcome = await send(door.body(spans, promise));
      expect(outcome).toMatchObject({ is: "taken", rejectedSpans: 3 });
      for (const reason of [
        "weir.tenant: the key is bound",
        "weir.parent_flow.tenant: the key",
        "no events today",
      ]) {
        expect((outcome as { errorMessage: string }).errorMessage).toContain(reason);
      }
      expect(asked).toEqual(["event-noted", "flow-opened"]);
      expect(kept.map(({ kind }) => kind)).toEqual(["flow-opened", "flow-ended", "heartbeat"]);
      expect(counters.rejected.get("foreign-tenant")).toBe(2);
    });

    test("spans that are none of Weir's are accepted, ignored and counted", async () => {
      const { send, store, counters } = await open();
      const foreign = { ...aSpan(), attributes: { "http.route": "/users" } };
      expect(await send(door.body([foreign]))).toEqual(TAKEN);
      expect(store.taken).toEqual([]);
      expect(counters.ignored).toBe(1);
    });

    test("empty requests are fine", async () => {
      const { send } = await open();
      for (const body of door.empty) expect(await send(body)).toEqual(TAKEN);
    });

    test("what can't be parsed is refused for good, with a message", async () => {
      const { send, store, warnings } = await open();
      for (const body of door.malformed) {
        const message = expect.stringMatching(/^the body is not application\/\S+ of OTLP: ./);
        expect(await send(body)).toEqual({ is: "refused", code: 3, message });
      }
      expect(store.taken).toEqual([]);
      expect(warnings).toEqual([]);
    });

    test.each(door.encodings)("takes bodies in %s", async (encoding, encode) => {
      const { send, store } = await open();
      expect(await send(encode(door.body([aSpan()])), { encoding })).toEqual(TAKEN);
      expect(store.taken).toHaveLength(2);
      const cut = encode(door.body([aSpan()])).subarray(0, -9);
      expect(await send(cut, { encoding })).toMatchObject({ is: "refused" });
      expect(store.taken).toHaveLength(2);
    });

    test("encodings that it does not know, or that do not fit the bytes, are refused for good", async () => {
      const { send } = await open();
      for (const encoding of ["br", "gzip, gzip", "gzip", "deflate"]) {
        expect(await send(Buffer.from("no such thing"), { encoding })).toMatchObject({ is: "refused" });
      }
    });

    test("a body over the limit is refused for good, as it comes and as it inflates", async () => {
      const { send } = await open({ otlp: { bodyLimit: 50_000, inflatedLimit: 50_000 } });
      expect(await send(Buffer.alloc(50_001))).toMatchObject({ is: "refused", code: 8 });
      for (const [encoding, encode] of door.encodings) {
        if (encoding === "identity") continue;
        const outcome = await send(encode(Buffer.alloc(5_000_000)), { encoding });
        expect(outcome).toMatchObject({ is: "refused", code: 8, message: expect.stringContaining("50000") });
      }
    });

    test("more spans than a request may have are refused for good", async () => {
      const { send, store } = await open({ otlp: { bodyLimit: 60_000_000 } });
      const nothing = { attributes: {} };
      const message = expect.stringContaining("expected at most 200000 spans in a request");
      expect(await send(door.body(Array(200_001).fill(nothing), {}))).toEqual({
        is: "refused",
        code: 8,
        message,
      });
      expect(store.taken).toEqual([]);
    }, 60_000);

    test("answers after the commit, not before", async () => {
      const committed = Promise.withResolvers<void>();
      const { send } = await open(accepting(() => committed.promise));
      let answered = false;
      const sent = send(door.body([aSpan()])).then(() => {
        answered = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(answered).toBe(false);
      committed.resolve();
      await sent;
      expect(answered).toBe(true);
    });

    test("what is under way is answered before the door closes", async () => {
      const accepted = Promise.withResolvers<void>();
      const committed = Promise.withResolvers<void>();
      const accept = () => {
        accepted.resolve();
        return committed.promise;
      };
      const { send, close } = await open(accepting(accept));
      opened.pop();
      const sent = send(door.body([aSpan()]));
      await accepted.promise;
      const closed = close();
      committed.resolve();
      expect(await sent).toEqual(TAKEN);
      await closed;
      await expect(send(door.body([aSpan()]))).rejects.toThrow();
    });

    test.each([
      ["a locked store", new WeirError("unavailable", "the database is locked"), 14],
      ["too much at once", new WeirError("overloaded", "too much at once"), 8],
      ["a fault that nobody foresaw", new Error("disk I/O error"), 14],
    ])("%s puts the sender off for a short time", async (_what, thrown, code) => {
      const { send, counters } = await open(accepting(() => Promise.reject(thrown)));
      expect(await send(door.body([aSpan()]))).toMatchObject({ is: "put off", code, retryAfter: 1 });
      expect(counters.accepted).toBe(0);
    });

    test("more bodies at once than can be held are put off; what was held is given back", async () => {
      const committed = Promise.withResolvers<void>();
      const waiting = Promise.withResolvers<void>();
      let count = 0;
      const accept = () => {
        if (++count === 3) waiting.resolve();
        return committed.promise;
      };
      const body = door.body([aSpan()]);
      const { send } = await open({ ...accepting(accept), otlp: { inHandLimit: body.length * 3 } });
      const held = [send(body), send(body), send(body)];
      await waiting.promise;
      expect(await send(body)).toMatchObject({ is: "put off", code: 8, retryAfter: 1 });
      committed.resolve();
      expect(await Promise.all(held)).toEqual([TAKEN, TAKEN, TAKEN]);
      expect(await Promise.all([send(body), send(body), send(body)])).toEqual([TAKEN, TAKEN, TAKEN]);
    });

    test("logs and metrics are taken politely, and said not to be kept", async () => {
      const { send } = await open();
      for (const signal of ["logs", "metrics"] as const) {
        const errorMessage = `weir keeps no ${signal}`;
        expect(await send(door.body([]), { signal })).toEqual({ ...TAKEN, errorMessage });
      }
    });

    test.each<Compression>(["none", "gzip"])(
      "the official exporters, compression %s",
      async (compression) => {
        const complaints: unknown[][] = [];
        const complain = (...args: unknown[]) => void complaints.push(args);
        diag.setLogger(
          { error: complain, warn: complain, info: () => {}, debug: () => {}, verbose: () => {} },
          { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
        );
        const { url, store } = await open();
        await sendAll(door.exporters(url, compression));

        // Said once to each exporter, and never taken for a failure.
        expect(complaints.filter((said) => !String(said).includes("weir keeps no"))).toEqual([]);
        expect(store.taken).toMatchObject([
          {
            kind: "step-opened",
            name: "validate",
            service: "import-api",
            instance: "instance-1",
            attributes: { rows: 120 },
          },
          { kind: "step-ended", status: "failed", error: { type: "RangeError", message: "bad row 7" } },
        ]);
      },
    );
  });
}

/** A service that has all its telemetry in one set-up. */
async function sendAll({ traces, logs, metrics }: Exporters): Promise<void> {
  const resource = resourceFromAttributes({
    "service.name": "import-api",
    "service.instance.id": "instance-1",
  });
  const tracers = new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ exporter: traces })],
  });
  const loggers = new LoggerProvider({
    resource,
    processors: [new BatchLogRecordProcessor({ exporter: logs })],
  });
  const meters = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter: metrics })],
  });
  const tracer = tracers.getTracer("test");
  const span = tracer.startSpan("validate", { attributes: { "weir.kind": "step", ...IDENTITY, rows: 120 } });
  span.recordException(new RangeError("bad row 7"));
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
  tracer.startSpan("GET /users").end();
  loggers.getLogger("test").emit({ body: "bad row 7" });
  meters.getMeter("test").createCounter("rows").add(120);
  await Promise.all([tracers.shutdown(), loggers.shutdown(), meters.shutdown()]);
}

/** An app's ingest that hands on to `accept` and no further. */
export function accepting(
  accept: (observations: Observation[]) => Promise<void>,
): Pick<AppOptions, "ingest"> {
  return { ingest: createIngest({ accept }) };
}
