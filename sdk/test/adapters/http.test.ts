import { once } from "node:events";
import http, { request as imported, get as importedGet } from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import axios from "axios";
import got from "got";
import { describe, expect, test } from "vitest";
import { withHttp } from "../../src/adapters/http.ts";
import { flow, step } from "../../src/index.ts";
import { trusted } from "./certificate.ts";
import { clientContract, IDENTITY, inOrder, lookupHere, startEcho } from "./client.contract.ts";
import { outline } from "./receiver.ts";
import { ended, useRecording } from "./recording.ts";
import { listen } from "./server.ts";

const lookup = lookupHere as never;
const agents = { http: new http.Agent({ lookup }), https: new https.Agent({ lookup, ...trusted }) };

async function answerOf(request: http.ClientRequest) {
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  return { status: response.statusCode ?? 0, text: await text(response) };
}

clientContract({
  name: "node:http",
  redirects: false,
  steps: true,
  begin: withHttp,
  async send(url, { body, ...options }) {
    // What has no scheme goes to the module that refuses it.
    const secure = url.startsWith("https:");
    const request = secure
      ? https.request(url, { ...options, agent: agents.https })
      : http.request(url, { ...options, agent: agents.http });
    request.end(body);
    return answerOf(request);
  },
});

clientContract({
  name: "axios",
  redirects: true,
  steps: true,
  begin: withHttp,
  async send(url, { body, ...options }) {
    const answer = await axios.request({
      url,
      ...options,
      ...(body !== undefined && { data: body }),
      adapter: "http",
      httpAgent: agents.http,
      httpsAgent: agents.https,
      responseType: "text",
      validateStatus: () => true,
    });
    return { status: answer.status, text: answer.data };
  },
});

clientContract({
  name: "got",
  redirects: true,
  steps: true,
  begin: withHttp,
  async send(url, { body, signal, ...options }) {
    const answer = await got(url, {
      ...options,
      ...(body !== undefined && { body }),
      ...(signal !== undefined && { signal }),
      agent: agents,
      retry: { limit: 0 },
      throwHttpErrors: false,
    });
    return { status: answer.statusCode, text: answer.body };
  },
});

describe("node:http", () => {
  const recording = useRecording();

  test("is patched once for require, import and https, and can be taken back", async () => {
    const before = [http.request, http.get, https.request, https.get];
    const undo = withHttp();
    expect(withHttp()).toBe(undo);
    expect(imported).toBe(http.request);
    expect(importedGet).toBe(http.get);
    expect(http.request.name).toBe("request");
    const { seen, url } = await startEcho(recording);
    for (const request of [
      imported(url).end(),
      importedGet(url),
      http.get(new URL(url)),
      http.get({ port: new URL(url).port }),
    ]) {
      await inOrder(async () => request);
      await answerOf(request);
    }
    expect(seen.filter(({ headers }) => "baggage" in headers)).toEqual([]);
    await inOrder(() => answerOf(importedGet(url)));
    await inOrder(() => answerOf(imported(url).end()));
    const patched = http.get;
    undo();
    expect([http.request, http.get, https.request, https.get]).toEqual(before);
    expect(imported).toBe(http.request);
    await inOrder(() => answerOf(patched(url)));
    expect(seen.slice(-3).map(({ headers }) => headers["baggage"])).toEqual([IDENTITY, IDENTITY, undefined]);
  });

  test("takes options, addresses and headers in every form", async () => {
    recording.closing.push(withHttp());
    const { seen, url, port } = await startEcho(recording);
    const headers = { Baggage: "user=7" };
    const made = inOrder(() => [
      http.request({ host: "127.0.0.1", port, headers }),
      http.request({ hostname: "127.0.0.1", host: "api.example.com", port, headers }),
      http.request(url, { headers }),
      http.request(new URL(url), { headers }),
      http.request(url, { headers: ["Host", "here", "Baggage", "user=7"] as never }),
      http.request(url, {
        headers: [
          ["Host", "here"],
          ["Baggage", "user=7"],
        ] as never,
      }),
      http.request({ host: "127.0.0.1", port, headers: ["Host", "here", "Baggage", "user=7"] as never }),
    ]);
    for (const request of made) await answerOf(request.end());
    const late = inOrder(() => http.request(url));
    late.setHeader("BAGGAGE", "user=7");
    await answerOf(late.end());
    const all = inOrder(() => http.request(url));
    all.setHeaders(new Map([["baggage", "user=7"]]));
    await answerOf(all.end());
    expect(seen.map((one) => one.headers["baggage"])).toEqual(seen.map(() => `user=7,${IDENTITY}`));
    expect(seen).toHaveLength(9);
    expect(headers).toEqual({ Baggage: "user=7" });
  });

  test("lives with others that patch, below and above", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const original = http.request;
    const tracing = (next: typeof http.request) =>
      ((url: string, options: http.RequestOptions) =>
        next(url, { ...options, headers: { ...options.headers, traceparent } })) as typeof http.request;
    const { seen, url } = await startEcho(recording);
    http.request = tracing(original);
    const undo = withHttp();
    await inOrder(() => answerOf(http.request(url, {}).end()));
    const ours = http.request;
    const above = tracing(ours);
    http.request = above;
    await inOrder(() => answerOf(http.request(url, {}).end()));
    undo();
    expect(http.request).toBe(above);
    await inOrder(() => answerOf(http.request(url, {}).end()));
    http.request = original;
    expect(seen.map(({ headers }) => headers["traceparent"])).toEqual([
      traceparent,
      traceparent,
      traceparent,
    ]);
    expect(seen.map(({ headers }) => headers["baggage"])).toEqual([IDENTITY, IDENTITY, undefined]);
  });

  test("headers that are written at once have identity too", async () => {
    recording.closing.push(withHttp());
    const { seen, url } = await startEcho(recording);
    const headers = { Expect: "100-continue", baggage: "user=7" };
    const request = inOrder(() => http.request(url, { method: "POST", headers }));
    request.once("continue", () => request.end("hello"));
    expect(await answerOf(request)).toEqual({ status: 200, text: "ok" });
    expect(seen).toMatchObject([{ body: "hello", headers: { baggage: `user=7,${IDENTITY}` } }]);
    expect(headers.baggage).toBe("user=7");
  });

  test("a proxy is told no more than the host behind it may know", async () => {
    recording.closing.push(withHttp());
    const { seen, port } = await startEcho(recording);
    for (const path of ["http://api.example.com/charge", "http://billing.internal/charge"]) {
      await inOrder(() => answerOf(http.get({ host: "127.0.0.1", port, path })));
      const headers = ["Host", "x"] as never;
      await inOrder(() => answerOf(http.get({ host: "127.0.0.1", port, path, headers })));
    }
    expect(seen.map(({ headers }) => "baggage" in headers)).toEqual([false, false, true, true]);
  });

  test("a tunnel's CONNECT carries nothing", async () => {
    recording.closing.push(withHttp({ steps: true }));
    const told: http.IncomingHttpHeaders[] = [];
    const { server, url, close } = await listen(() => {});
    server.on("connect", (request, socket) => {
      told.push(request.headers);
      socket.end("HTTP/1.1 200 OK\r\n\r\n");
    });
    recording.closing.push(close);
    await inOrder(async () => {
      const request = http.request(url, { method: "CONNECT", path: "api.example.com:443" }).end();
      const [, socket] = await once(request, "connect");
      (socket as { destroy(): void }).destroy();
    });
    expect(told).toHaveLength(1);
    expect(told[0]).not.toHaveProperty("baggage");
    expect((await recording.receiver.flowThat(ended)).steps).toEqual([]);
  });

  test("what nobody listens to goes as it went: responses are thrown away, errors are thrown", async () => {
    recording.closing.push(withHttp({ steps: true }));
    const { url } = await startEcho(recording);
    const quiet = inOrder(() => http.get(url));
    await once(quiet, "close");
    expect(quiet.listenerCount("response")).toBe(0);
    const failing = inOrder(() => http.get("http://127.0.0.1:1/"));
    expect(failing.listenerCount("error")).toBe(0);
    await expect(once(failing, "response")).rejects.toThrow("ECONNREFUSED");
    expect(() => inOrder(() => http.get("no address"))).toThrow("Invalid URL");
  });

  test("a step ends when its request is destroyed", async () => {
    recording.closing.push(withHttp({ steps: true }));
    const { server, url, close } = await listen(() => {});
    recording.closing.push(close);
    await flow.start({ name: "order", tenant: "acme-corp" }, async () => {
      const request = http.get(url);
      request.on("error", () => {});
      await once(server, "request");
      const closed = new Promise((resolve) => request.once("close", resolve));
      request.destroy();
      await closed;
      step.start("after", () => {});
    });
    const lines = outline(await recording.receiver.flowThat(ended));
    expect(lines).toEqual([expect.stringMatching(/^GET .*\/ \(failed\)$/), "after"]);
  });
});
