/** What every OTLP door must do; each encoding runs it through real HTTP on loopback. */
import { once } from "node:events";
import { connect } from "node:net";
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { type AppOptions, createApp } from "../src/app.ts";
import { WeirError } from "../src/errors.ts";
import type { Attributes } from "../src/flow.ts";
import { createCounters } from "../src/otlp/counters.ts";
import { createIntake } from "../src/otlp/intake.ts";
import { createFakeStore, type FakeStore } from "./fake-store.ts";
import { aSpan, type ShortSpan } from "./otlp-support.ts";

export interface Encoding {
  contentType: string;
  body(spans: ShortSpan[], resource?: Attributes): Buffer;
  readAnswer(body: Buffer): { rejectedSpans: number; errorMessage: string };
  readError(body: Buffer): { code: number; message: string };
  /** What can't be parsed. */
  malformed: Buffer[];
  /** Of no bytes or no spans. */
  empty: Buffer[];
}

export function describeOtlpDoor(name: string, encoding: Encoding): void {
  describe(`OTLP over HTTP, ${name}`, () => {
    let app: FastifyInstance;
    let store: FakeStore;
    const counters = createCounters();

    async function start(options: Partial<AppOptions> = {}): Promise<string> {
      store = createFakeStore();
      app = createApp({ store, counters, ...options });
      return app.listen({ port: 0, host: "127.0.0.1" });
    }

    afterEach(() => app.close());

    async function send(url: string, body: Buffer, headers: Record<string, string> = {}) {
      const response = await fetch(`${url}/v1/traces`, {
        method: "POST",
        body: new Uint8Array(body),
        headers: { "content-type": encoding.contentType, ...headers },
      });
      return { response, body: Buffer.from(await response.arrayBuffer()) };
    }

    test("takes any span of a process that promises heartbeats for one, once a request", async () => {
      const url = await start();
      const promise = { "service.instance.id": "worker-1", "weir.heartbeat.interval_ms": 2000 };
      await send(url, encoding.body([aSpan(), aSpan()], promise));
      const beats = store.taken.filter(({ kind }) => kind === "heartbeat");
      expect(beats).toMatchObject([{ instance: "worker-1", intervalMs: 2000 }]);
    });

    test("takes spans, and says so in the encoding of the request", async () => {
      const url = await start();
      const { response, body } = await send(url, encoding.body([aSpan()]));
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe(encoding.contentType);
      expect(encoding.readAnswer(body)).toEqual({ rejectedSpans: 0, errorMessage: "" });
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
      const url = await start();
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
      await send(url, encoding.body([aSpan({ attributes })]));
      const [opened] = store.taken;
      expect(opened).toHaveProperty("attributes");
      expect(JSON.parse(JSON.stringify((opened as { attributes: Attributes }).attributes))).toEqual(
        attributes,
      );
    });

    test("an error is the last exception event", async () => {
      const url = await start();
      const exception = (message: string) => ({
        name: "exception",
        attributes: {
          "exception.type": "ValueError",
          "exception.message": message,
          "exception.stacktrace": "at row 7",
        },
      });
      const events = [exception("first"), { name: "retried" }, exception("bad row 7"), { name: "gave up" }];
      await send(url, encoding.body([aSpan({ events, status: { code: 2, message: "unused" } })]));
      expect(store.taken[1]).toMatchObject({
        status: "failed",
        error: { type: "ValueError", message: "bad row 7", stack: "at row 7" },
      });
    });

    test("one bad span does not lose its neighbours", async () => {
      const url = await start();
      const before = counters.accepted;
      const { response, body } = await send(
        url,
        encoding.body([
          aSpan({ name: "first" }),
          aSpan({ spanId: "" }),
          aSpan({ attributes: { "weir.kind": "nonsense" } }),
          aSpan({ attributes: { "weir.kind": "nonsense" } }),
          aSpan({ name: "last" }),
        ]),
      );
      expect(response.status).toBe(200);
      const answer = encoding.readAnswer(body);
      expect(answer.rejectedSpans).toBe(3);
      expect(answer.errorMessage).toContain("span id: expected 8 bytes that are not all zero (1)");
      expect(answer.errorMessage).toContain('got "nonsense" (2)');
      expect(store.taken.map((said) => "name" in said && said.name).filter(Boolean)).toEqual([
        "first",
        "last",
      ]);
      expect(counters.accepted - before).toBe(2);
      expect(counters.rejected.get("bad-kind")).toBeGreaterThanOrEqual(2);
    });

    test("a span that its sender may not send is rejected by itself, with the first reason found", async () => {
      const asked: string[] = [];
      const intake = createIntake({
        accept: async (observations) => void store.taken.push(...observations),
        admit: ([said]) => {
          asked.push(said?.kind ?? "nothing");
          return said?.kind === "event-noted"
            ? { reason: "bad-kind", message: "no events today" }
            : undefined;
        },
      });
      const url = await start({ intake, otlp: { tenantOf: () => "acme-corp" } });
      const attributes = { "weir.kind": "flow" };
      const other = { "weir.tenant": "globex" };
      const promise = { "service.instance.id": "worker-1", "weir.heartbeat.interval_ms": 2000 };
      const { response, body } = await send(
        url,
        encoding.body(
          [
            aSpan({ attributes: other }),
            aSpan({
              attributes: { ...attributes, "weir.parent_flow.id": "a", "weir.parent_flow.tenant": "globex" },
            }),
            aSpan({ attributes: { "weir.kind": "event" } }),
            aSpan({ attributes: { ...attributes, "weir.parent_flow.id": "a" } }),
          ],
          promise,
        ),
      );
      expect(response.status).toBe(200);
      const answer = encoding.readAnswer(body);
      expect(answer.rejectedSpans).toBe(3);
      for (const reason of [
        "weir.tenant: the key is bound",
        "weir.parent_flow.tenant: the key",
        "no events today",
      ]) {
        expect(answer.errorMessage).toContain(reason);
      }
      expect(asked).toEqual(["event-noted", "flow-opened"]);
      expect(store.taken.map(({ kind }) => kind)).toEqual(["flow-opened", "flow-ended", "heartbeat"]);
      expect(counters.rejected.get("foreign-tenant")).toBeGreaterThanOrEqual(2);
    });

    test("spans that are none of Weir's are accepted, ignored and counted", async () => {
      const url = await start();
      const before = counters.ignored;
      const foreign = { ...aSpan(), attributes: { "http.route": "/users" } };
      const { response, body } = await send(url, encoding.body([foreign]));
      expect(response.status).toBe(200);
      expect(encoding.readAnswer(body)).toEqual({ rejectedSpans: 0, errorMessage: "" });
      expect(store.taken).toEqual([]);
      expect(counters.ignored - before).toBe(1);
    });

    test("empty requests are fine", async () => {
      const url = await start();
      for (const body of encoding.empty) expect((await send(url, body)).response.status).toBe(200);
    });

    test("what can't be parsed is 400 with a message", async () => {
      const url = await start();
      for (const malformed of encoding.malformed) {
        const { response, body } = await send(url, malformed);
        expect(response.status).toBe(400);
        expect(response.headers.get("content-type")).toBe(encoding.contentType);
        const error = encoding.readError(body);
        expect(error.code).toBe(3);
        expect(error.message).toContain(encoding.contentType);
      }
      expect(store.taken).toEqual([]);
    });

    test.each([
      ["gzip", gzipSync],
      ["GZIP", gzipSync],
      ["deflate", deflateSync],
      ["deflate", deflateRawSync],
      ["zstd", zstdCompressSync],
      ["identity", (body: Buffer) => body],
    ])("takes Content-Encoding %s", async (contentEncoding, compress) => {
      const url = await start();
      const body = compress(encoding.body([aSpan()]));
      const { response } = await send(url, body, { "content-encoding": contentEncoding });
      expect(response.status).toBe(200);
      expect(store.taken).toHaveLength(2);
    });

    test("an unknown or broken Content-Encoding is refused", async () => {
      const url = await start();
      const unknown = await send(url, encoding.body([]), { "content-encoding": "br" });
      expect(unknown.response.status).toBe(415);
      expect(encoding.readError(unknown.body).message).toContain(
        'expected gzip, deflate, zstd or none, got "br"',
      );
      const broken = await send(url, Buffer.from("no gzip"), { "content-encoding": "gzip" });
      expect(broken.response.status).toBe(400);
    });

    test("a body over the limit is 413, as it comes and inflated", async () => {
      const url = await start({ otlp: { bodyLimit: 10_000, inflatedLimit: 50_000 } });
      const plain = await send(url, Buffer.alloc(10_001));
      expect(plain.response.status).toBe(413);
      expect(encoding.readError(plain.body).code).toBe(8);
      const bomb = Buffer.alloc(5_000_000);
      for (const [name, compress] of [
        ["gzip", gzipSync],
        ["deflate", deflateSync],
        ["zstd", zstdCompressSync],
      ] as const) {
        const { response, body } = await send(url, compress(bomb), { "content-encoding": name });
        expect(response.status).toBe(413);
        expect(encoding.readError(body).message).toContain("expected at most 50000 bytes once inflated");
      }
      // A chunked body does not say how long it is.
      const stream = new ReadableStream({
        start(controller) {
          for (let i = 0; i < 20; i++) controller.enqueue(new Uint8Array(1_000));
          controller.close();
        },
      });
      const init = {
        method: "POST",
        body: stream,
        duplex: "half",
        headers: { "content-type": encoding.contentType },
      };
      const chunked = await fetch(`${url}/v1/traces`, init as RequestInit);
      expect(chunked.status).toBe(413);
    });

    test("other methods are 405, other types 415", async () => {
      const url = await start();
      for (const method of ["GET", "PUT", "DELETE", "OPTIONS", "PROPFIND"]) {
        const response = await fetch(`${url}/v1/traces`, { method });
        expect(response.status).toBe(405);
        expect(response.headers.get("allow")).toBe("POST");
      }
      const { response } = await send(url, encoding.body([]), { "content-type": "text/plain" });
      expect(response.status).toBe(415);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(await fetch(`${url}/v1/traces`, { method: "POST" })).toHaveProperty("status", 415);
    });

    test("parameters of the content type do not matter", async () => {
      const url = await start();
      const { response } = await send(url, encoding.body([aSpan()]), {
        "content-type": `${encoding.contentType.toUpperCase()}; charset=utf-8`,
      });
      expect(response.status).toBe(200);
    });

    test("answers after the commit, not before", async () => {
      const committed = Promise.withResolvers<void>();
      const url = await start({ intake: createIntake({ accept: () => committed.promise }) });
      let answered = false;
      const sent = send(url, encoding.body([aSpan()])).then(() => {
        answered = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(answered).toBe(false);
      committed.resolve();
      await sent;
      expect(answered).toBe(true);
    });

    test("a store that can't keep the spans now is 503 with a short Retry-After, 429 when overloaded", async () => {
      for (const [thrown, status] of [
        [new WeirError("unavailable", "the database is locked"), 503],
        [new WeirError("overloaded", "too much at once"), 429],
        [new Error("disk I/O error"), 503],
      ] as const) {
        const before = counters.accepted;
        const url = await start({ intake: createIntake({ accept: () => Promise.reject(thrown) }) });
        const { response } = await send(url, encoding.body([aSpan()]));
        expect(response.status).toBe(status);
        expect(response.headers.get("retry-after")).toBe("1");
        expect(counters.accepted).toBe(before);
        await app.close();
      }
    });

    test("logs and metrics are taken politely, and said not to be kept", async () => {
      const url = await start();
      for (const signal of ["logs", "metrics"]) {
        const response = await fetch(`${url}/v1/${signal}`, {
          method: "POST",
          body: new Uint8Array(encoding.body([])),
          headers: { "content-type": encoding.contentType },
        });
        expect(response.status).toBe(200);
        expect(encoding.readAnswer(Buffer.from(await response.arrayBuffer()))).toEqual({
          rejectedSpans: 0,
          errorMessage: `weir keeps no ${signal}`,
        });
      }
    });

    test("requests that follow each other on one connection without waiting are each answered", async () => {
      const url = await start();
      const { port, hostname } = new URL(url);
      const body = encoding.body([aSpan()]);
      const head =
        "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n" +
        `Content-Type: ${encoding.contentType}\r\nContent-Length: ${body.length}\r\n`;
      const socket = connect(Number(port), hostname);
      const request = (extra: string) => Buffer.concat([Buffer.from(`${head}${extra}\r\n`), body]);
      socket.write(Buffer.concat([request(""), request(""), request("Connection: close\r\n")]));
      let received = "";
      socket.on("data", (chunk) => {
        received += chunk.toString("latin1");
      });
      await once(socket, "close");
      expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    });
  });
}
