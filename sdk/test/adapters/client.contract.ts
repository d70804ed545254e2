/** What every client adapter promises: for fetch, undici, `node:http` and what stands on it. */
import type { IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { context, createContextKey } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { ClientCall, Undo } from "../../src/adapters/http.ts";
import { flow, step } from "../../src/index.ts";
import { outline } from "./receiver.ts";
import { ended, type Recording, useRecording } from "./recording.ts";
import { listen, type Scheme } from "./server.ts";

export interface ClientKind {
  name: string;
  /** What the user calls once; its options too. */
  begin(options: { steps?: boolean | ((call: ClientCall) => string | undefined) }): Undo;
  /** Sends over http or https, with every host name leading to this machine, and its certificate trusted. Rejects where no answer came. */
  send(url: string, init: ClientInit): Promise<Answer>;
  /** Whether the client follows redirects. */
  redirects: boolean;
  /** Whether a request may be a step. */
  steps: boolean;
}

export interface ClientInit {
  method: "GET" | "POST";
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  text: string;
}

export interface Echoed {
  host: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** For agents: every name is this machine. */
export function lookupHere(
  _host: string,
  { all }: { all?: boolean },
  done: (error: null, address: unknown, family?: number) => void,
): void {
  if (all === true) done(null, [{ address: "127.0.0.1", family: 4 }]);
  else done(null, "127.0.0.1", 4);
}

/** A server that notes what comes; `?to=` redirects, `?status=` answers so. */
export async function startEcho({ closing }: Recording, scheme?: Scheme) {
  const seen: Echoed[] = [];
  const { url, close } = await listen(async (request, response) => {
    seen.push({ host: request.headers.host, headers: request.headers, body: await text(request) });
    const query = new URL(request.url ?? "/", "http://x").searchParams;
    const to = query.get("to");
    const status = to === null ? Number(query.get("status") ?? 200) : 307;
    response.writeHead(status, to === null ? {} : { location: to }).end("ok");
  }, scheme);
  closing.push(close);
  return { seen, port: new URL(url).port, url };
}

export const inOrder = <T>(fn: () => T): T =>
  flow.start({ name: "order", tenant: "acme-corp", id: "o-1" }, fn);

export const IDENTITY = "weir.flow.id=o-1,weir.flow.name=order,weir.tenant=acme-corp";

export function clientContract(kind: ClientKind): void {
  for (const scheme of ["http", "https"] as const) contractOver(scheme, kind);
}

function contractOver(scheme: Scheme, kind: ClientKind): void {
  describe(`${kind.name} over ${scheme}: the contract of clients`, () => {
    const INSIDE = `${scheme}://other.internal`;
    const PUBLIC = `${scheme}://api.example.com`;
    const recording = useRecording();
    let undo: Undo;

    beforeEach(() => {
      undo = kind.begin({});
    });
    afterEach(() => undo());

    const get = (url: string, headers: Record<string, string> = {}) =>
      kind.send(url, { method: "GET", headers });
    const knew = (seen: Echoed[]) =>
      seen.map(({ headers }) => "baggage" in headers && "traceparent" in headers);

    test("takes identity to a host of the inside, beside what the caller sent", async () => {
      const { seen, url } = await startEcho(recording, scheme);
      const headers = { Baggage: "user=7", "X-Own": "1" };
      const answer = await inOrder(() => kind.send(url, { method: "POST", body: "hello", headers }));
      expect(answer).toEqual({ status: 200, text: "ok" });
      expect(seen).toMatchObject([
        { body: "hello", headers: { "x-own": "1", baggage: `user=7,${IDENTITY}` } },
      ]);
      expect(seen[0]?.headers["traceparent"]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      expect(headers).toEqual({ Baggage: "user=7", "X-Own": "1" });
    });

    test("leaves the caller's own traceparent", async () => {
      const { seen, url } = await startEcho(recording, scheme);
      const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
      await inOrder(() => get(url, { traceparent }));
      expect(seen[0]?.headers).toMatchObject({ traceparent, baggage: IDENTITY });
    });

    test("sends nothing outside a flow, and nothing to a public host", async () => {
      const { seen, url, port } = await startEcho(recording, scheme);
      await get(url);
      await inOrder(() => get(`${PUBLIC}:${port}/`));
      await inOrder(() => get(`${PUBLIC}:${port}/?host=other.internal`));
      await inOrder(() => get(`${INSIDE}:${port}/`));
      expect(knew(seen)).toEqual([false, false, false, true]);
      expect(seen.slice(0, 3).filter(({ headers }) => "traceparent" in headers)).toEqual([]);
      expect(recording.diagnostics).toEqual([expect.stringContaining("api.example.com")]);
    });

    test("sends nothing where tracing is suppressed, as exporters do", async () => {
      const { seen, url } = await startEcho(recording, scheme);
      const key = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
      context.setGlobalContextManager(new AsyncLocalStorageContextManager());
      onTestFinished(() => context.disable());
      await inOrder(() => context.with(context.active().setValue(key, true), () => get(url)));
      expect(knew(seen)).toEqual([false]);
    });

    if (kind.redirects)
      test("a redirect to a public host leaves identity behind, one within keeps it", async () => {
        const { seen, url, port } = await startEcho(recording, scheme);
        for (const host of [PUBLIC, INSIDE]) {
          const target = encodeURIComponent(`${host}:${port}/`);
          const answer = await inOrder(() =>
            kind.send(`${url}/?to=${target}`, { method: "POST", body: "hello" }),
          );
          expect(answer.status).toBe(200);
        }
        expect(knew(seen)).toEqual([true, false, true, true]);
        expect(seen[1]?.headers["traceparent"]).toBeUndefined();
        expect(seen.map(({ body }) => body)).toEqual(["hello", "hello", "hello", "hello"]);
      });

    if (kind.redirects)
      test("a redirect to the other scheme is judged by its host too", async () => {
        const { seen, url } = await startEcho(recording, scheme);
        const other = await startEcho(recording, scheme === "http" ? "https" : "http");
        const otherScheme = new URL(other.url).protocol;
        for (const host of ["api.example.com", "other.internal"]) {
          const target = encodeURIComponent(`${otherScheme}//${host}:${other.port}/`);
          expect((await inOrder(() => get(`${url}/?to=${target}`))).status).toBe(200);
        }
        expect([knew(seen), knew(other.seen)]).toEqual([
          [true, true],
          [false, true],
        ]);
      });

    test("rejects as the client does", async () => {
      await expect(inOrder(() => get(`${scheme}://127.0.0.1:1/`))).rejects.toThrow();
      await expect(inOrder(() => get("no address"))).rejects.toThrow();
      const { url } = await startEcho(recording, scheme);
      const signal = AbortSignal.abort();
      await expect(inOrder(() => kind.send(url, { method: "GET", signal }))).rejects.toThrow();
    });

    test("is begun once, and can be taken back", async () => {
      const { seen, url } = await startEcho(recording, scheme);
      const again = kind.begin({});
      await inOrder(() => get(url));
      expect(seen[0]?.headers["baggage"]).toBe(IDENTITY);
      again();
      undo();
      await inOrder(() => get(url));
      expect(knew(seen)).toEqual([true, false]);
    });

    test("fifty flows at once keep apart", async () => {
      const { seen, url } = await startEcho(recording, scheme);
      const ids = Array.from({ length: 50 }, (_, i) => `o-${i}`);
      await Promise.all(
        ids.map((id) =>
          flow.start({ name: "order", tenant: `t${id}`, id }, async () => {
            await sleep(Math.random() * 20);
            await step.start("charge", () => get(url, { "x-id": id }));
          }),
        ),
      );
      for (const { headers } of seen) {
        expect(headers["baggage"]).toContain(`weir.flow.id=${headers["x-id"]},`);
      }
      expect(new Set(seen.map(({ headers }) => headers["x-id"])).size).toBe(50);
    });

    if (kind.steps)
      describe("with steps", () => {
        beforeEach(() => {
          undo();
          undo = kind.begin({ steps: true });
        });

        test("a request is a step, and beside it what the other side does", async () => {
          const { seen, url, port } = await startEcho(recording, scheme);
          await inOrder(() => step.start("charge", () => get(`${url}/cards/7?token=secret`)));
          const found = await recording.receiver.flowThat(ended);
          const outer = found.steps.find(({ name }) => name === "charge");
          expect(outline(found)).toEqual(["charge", `  GET 127.0.0.1:${port}/cards/7`]);
          // Below an optional step a failure would not count, and the flow's end would hang on an option of ours.
          expect(seen[0]?.headers["baggage"]).toContain(`weir.step.id=${outer?.id}`);
        });

        test("it fails without an answer or by a 5xx, and what that means is the caller's to say", async () => {
          const { url, port } = await startEcho(recording, scheme);
          await inOrder(async () => {
            await get(`${url}/a?status=404`);
            await get(`${url}/b?status=503`);
            await get(`${scheme}://127.0.0.1:1/c`).catch(() => {});
            const signal = AbortSignal.abort();
            await kind.send(`${url}/d`, { method: "GET", signal }).catch(() => {});
          });
          const found = await recording.receiver.flowThat(ended);
          expect(found.status).toBe("succeeded");
          const at = `127.0.0.1:${port}`;
          const lines = outline(found);
          expect(lines.slice(0, 3)).toEqual([
            `GET ${at}/a`,
            `GET ${at}/b (failed)`,
            "GET 127.0.0.1:1/c (failed)",
          ]);
          // Some clients look at the signal before they begin.
          expect([[], [`GET ${at}/d (cancelled)`]]).toContainEqual(lines.slice(3));
          expect(found.steps[1]?.error).toBe("the response was 503 Service Unavailable");
          expect(found.steps.every(({ optional }) => optional)).toBe(true);
        });

        test("outside a flow there is none, and nothing is said of that", async () => {
          const { url } = await startEcho(recording, scheme);
          await get(url);
          expect(await recording.receiver.flows()).toEqual([]);
          expect(recording.diagnostics).toEqual([]);
        });

        test("a function names it or leaves it out, and may throw", async () => {
          const { url } = await startEcho(recording, scheme);
          undo();
          undo = kind.begin({
            steps: ({ method, url: { pathname } }) => {
              if (pathname === "/boom") throw new Error("no name");
              return pathname === "/quiet" ? undefined : `${method} vault`;
            },
          });
          await inOrder(async () => {
            for (const path of ["loud", "quiet", "boom"]) await get(`${url}/${path}`);
          });
          expect(outline(await recording.receiver.flowThat(ended))).toEqual(["GET vault"]);
          expect(recording.diagnostics).toEqual([expect.stringContaining("it threw Error: no name")]);
        });
      });
  });
}
