/** OTLP over HTTP in either encoding: the door of the contract, and what only HTTP has. */
import { once } from "node:events";
import { connect } from "node:net";
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { WeirError } from "../src/errors.ts";
import { type AppOptions, createApp } from "./created-app.ts";
import { createFakeStore, type FakeStore } from "./fake-store.ts";
import { logTo } from "./log-to.ts";
import { accepting, type Door } from "./otlp.contract.ts";
import { aSpan } from "./otlp-support.ts";

export interface Encoding extends Pick<Door, "name" | "body" | "malformed" | "empty" | "exporters"> {
  contentType: string;
  readAnswer(body: Buffer): { rejectedSpans: number; errorMessage: string };
  readError(body: Buffer): { code: number; message: string };
}

export function httpDoor(encoding: Encoding): Door {
  return {
    ...encoding,
    encodings: [
      ["gzip", gzipSync],
      ["GZIP", gzipSync],
      ["deflate", deflateSync],
      // Not what the name means, and yet it is sent.
      ["deflate", deflateRawSync],
      ["zstd", zstdCompressSync],
      ["identity", (body) => body],
    ],
    async open(options, tenant) {
      const app = createApp({ ...options, otlp: { ...options.otlp, tenantOf: () => tenant } });
      const url = await app.listen({ port: 0, host: "127.0.0.1" });
      return {
        url,
        close: () => app.close(),
        async send(body, { signal = "traces", encoding: contentEncoding } = {}) {
          const { response, answer } = await post(`${url}/v1/${signal}`, body, {
            "content-type": encoding.contentType,
            ...(contentEncoding !== undefined && { "content-encoding": contentEncoding }),
          });
          if (response.status === 200) return { is: "taken", ...encoding.readAnswer(answer) };
          const { code, message } = encoding.readError(answer);
          const retryAfter = response.headers.get("retry-after");
          if (retryAfter === null) return { is: "refused", code, message };
          expect([429, 503]).toContain(response.status);
          return { is: "put off", code, message, retryAfter: Number(retryAfter) };
        },
      };
    },
  };
}

async function post(url: string, body: Buffer, headers: Record<string, string>) {
  const response = await fetch(url, { method: "POST", body: new Uint8Array(body), headers });
  return { response, answer: Buffer.from(await response.arrayBuffer()) };
}

export function describeOtlpHttp(encoding: Encoding): void {
  describe(`OTLP over HTTP, ${encoding.name}`, () => {
    let app: FastifyInstance;
    let store: FakeStore;
    const { contentType } = encoding;

    async function start(options: Partial<AppOptions> = {}): Promise<string> {
      store = createFakeStore();
      app = createApp({ store, ...options });
      return app.listen({ port: 0, host: "127.0.0.1" });
    }

    afterEach(() => app.close());

    const send = (url: string, body: Buffer, headers: Record<string, string> = {}) =>
      post(`${url}/v1/traces`, body, { "content-type": contentType, ...headers });

    test("answers and errors are in the encoding of the request", async () => {
      const url = await start({ otlp: { bodyLimit: 10_000, inflatedLimit: 50_000 } });
      const good = await send(url, encoding.body([aSpan()]));
      expect(good.response.headers.get("content-type")).toBe(contentType);
      const errors: [number, number, RegExp, () => ReturnType<typeof send>][] = [
        [400, 3, /not application/, () => send(url, encoding.malformed[0] as Buffer)],
        [400, 3, /not gzip/, () => send(url, Buffer.from("no"), { "content-encoding": "gzip" })],
        [
          415,
          3,
          /expected one of gzip, deflate, zstd or none, got "br"/,
          () => send(url, encoding.body([]), { "content-encoding": "br" }),
        ],
        [413, 8, /at most 10000 bytes; send smaller/, () => send(url, Buffer.alloc(10_001))],
        [
          413,
          8,
          /at most 50000 bytes once inflated/,
          () => send(url, gzipSync(Buffer.alloc(60_000)), { "content-encoding": "gzip" }),
        ],
        [
          404,
          5,
          /\/v1\/profiles/,
          () => post(`${url}/v1/profiles`, encoding.body([]), { "content-type": contentType }),
        ],
      ];
      for (const [status, code, message, fails] of errors) {
        const { response, answer } = await fails();
        expect(response.status).toBe(status);
        expect(response.headers.get("content-type")).toBe(contentType);
        expect(encoding.readError(answer)).toMatchObject({ code, message: expect.stringMatching(message) });
      }
    });

    test.each([
      [503, new WeirError("unavailable", "the database is locked")],
      [429, new WeirError("overloaded", "too much at once")],
      [503, new Error("disk I/O error")],
    ])("%d with Retry-After: %s", async (status, thrown) => {
      const url = await start(accepting(() => Promise.reject(thrown)));
      const { response } = await send(url, encoding.body([aSpan()]));
      expect([response.status, response.headers.get("retry-after")]).toEqual([status, "1"]);
    });

    test("a chunked body counts as it comes", async () => {
      const url = await start({ otlp: { bodyLimit: 10_000 } });
      const chunked = (chunks: Uint8Array[]) =>
        fetch(`${url}/v1/traces`, {
          method: "POST",
          body: new ReadableStream({
            start(controller) {
              for (const chunk of chunks) controller.enqueue(chunk);
              controller.close();
            },
          }),
          duplex: "half",
          headers: { "content-type": contentType },
        } as RequestInit);
      const body = encoding.body([aSpan()]);
      const pieces = Array.from(
        { length: body.length },
        (_, at) => new Uint8Array(body.subarray(at, at + 1)),
      );
      expect((await chunked(pieces)).status).toBe(200);
      expect(store.taken).toHaveLength(2);
      expect((await chunked(Array(20).fill(new Uint8Array(1_000)))).status).toBe(413);
    });

    test("other methods are 405, other types 415", async () => {
      const url = await start();
      for (const path of ["traces", "logs", "metrics"]) {
        for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PROPFIND"]) {
          const headers = { "content-type": contentType };
          const response = await fetch(`${url}/v1/${path}`, { method, headers });
          expect(response.status).toBe(405);
          expect(response.headers.get("allow")).toBe("POST");
          expect(response.headers.get("content-type")).toBe(contentType);
          const answer = Buffer.from(await response.arrayBuffer());
          if (method !== "HEAD") expect(encoding.readError(answer)).toMatchObject({ code: 12 });
        }
        for (const type of [
          "text/plain",
          `${contentType}, ${contentType}`,
          `${contentType}; charset=utf-16`,
        ]) {
          const headers = { "content-type": type };
          const { response, answer } = await post(`${url}/v1/${path}`, encoding.body([]), headers);
          expect(response.status).toBe(415);
          expect(response.headers.get("content-type")).toBe("application/json");
          expect(JSON.parse(answer.toString())).toMatchObject({ code: 3 });
        }
        expect(await fetch(`${url}/v1/${path}`, { method: "POST" })).toHaveProperty("status", 415);
      }
    });

    test.each(["; charset=utf-8", ';charset="UTF-8"', "; x=y", ";"])(
      "a content type with %s is the same",
      async (parameters) => {
        const url = await start();
        const type = `${contentType.toUpperCase()}${parameters}`;
        const { response } = await send(url, encoding.body([aSpan()]), { "content-type": type });
        expect(response.status).toBe(200);
      },
    );

    test("requests that follow each other on one connection without waiting are each answered", async () => {
      const url = await start();
      const body = encoding.body([aSpan()]);
      const request = (...headers: string[]) => rawRequest(contentType, body, headers);
      const received = await exchange(
        url,
        Buffer.concat([request(), request(), request("Connection: close")]),
      );
      expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    });

    test("a connection lives on after an error, also one that was told before the whole body came", async () => {
      const url = await start({ otlp: { bodyLimit: 10_000 } });
      const bad = rawRequest(contentType, Buffer.alloc(300_000), []);
      const good = rawRequest(contentType, encoding.body([aSpan()]), ["Connection: close"]);
      const received = await exchange(url, Buffer.concat([bad, good]));
      expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
    });

    test("large bodies that come one behind the other are each read whole", async () => {
      const url = await start();
      const spans = (many: number) => Array.from({ length: many }, () => aSpan());
      const sizes = [2_000, 1, 900, 3_000];
      const bodies = sizes.map((many) => encoding.body(spans(many)));
      const requests = bodies.map((body, at) =>
        rawRequest(contentType, body, at === bodies.length - 1 ? ["Connection: close"] : []),
      );
      const received = await exchange(url, Buffer.concat(requests));
      expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(sizes.map(() => "HTTP/1.1 200"));
      expect(received).not.toContain("rejected");
    });

    test("of two content types the first counts, and a body that breaks off is nobody's loss", async () => {
      const warnings: string[] = [];
      const url = await start({ log: logTo(warnings) });
      const twice = rawRequest(contentType, encoding.body([aSpan()]), [
        "Content-Type: text/plain",
        "Connection: close",
      ]);
      expect(await exchange(url, twice)).toContain("HTTP/1.1 200 OK");
      const { port, hostname } = new URL(url);
      const socket = connect(Number(port), hostname);
      socket.write(twice.subarray(0, -5));
      await once(socket, "connect");
      // Until the server has seen it.
      await fetch(`${url}/healthz`);
      socket.destroy();
      expect((await send(url, encoding.body([aSpan()]))).response.status).toBe(200);
      expect(warnings).toEqual([]);
      expect(app.intake.budget.held).toBe(0);
    });
  });
}

function rawRequest(contentType: string, body: Buffer, headers: string[]): Buffer {
  const lines = [
    "POST /v1/traces HTTP/1.1",
    "Host: localhost",
    `Content-Type: ${contentType}`,
    `Content-Length: ${body.length}`,
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body]);
}

/** Sends bytes, and reads until the server closes. */
async function exchange(url: string, bytes: Buffer): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
  });
  await once(socket, "close");
  return received;
}
