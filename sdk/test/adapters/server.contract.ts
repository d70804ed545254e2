/** What every server adapter promises, over the majors of its framework. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { withFetch } from "../../src/adapters/fetch.ts";
import { type FlowHandle, flow, step } from "../../src/index.ts";
import { outline } from "./receiver.ts";
import { ended, useRecording } from "./recording.ts";

export interface ServerKind {
  name: string;
  /** Express 4 leaves a handler's rejection to the process, and its client without an answer. */
  answersRejections: boolean;
  app(): Promise<App>;
}

export interface App {
  /** Answers `POST path`; with `flow`, a flow is opened around it. */
  post(path: string, handler: Handler, flow?: RouteFlow): void;
  /** Listens on a free port, and closes when the test is over. */
  serve(closing: (() => unknown)[]): Promise<string>;
}

export type Handler = (call: Call) => unknown;

export interface Call {
  customer: string;
  body: unknown;
  request: IncomingMessage;
  /** What the adapter shows of the flow on the framework's own request. */
  flow: FlowHandle | undefined;
  send(body: string | object, status?: number): void;
  /** Fails by the framework's own way for callbacks: `next(error)`, `reply.send(error)`. */
  fail(error: Error): void;
  /** Takes the response out of the framework's hands. */
  raw(): ServerResponse;
}

export interface RouteFlow {
  name: string;
  tenant: (req: { params: { customer?: string } }) => string;
  labels?: Record<string, string>;
  endOnExit?: boolean;
}

export const importFlow: RouteFlow = { name: "data_import", tenant: (req) => req.params.customer ?? "" };

/** Sends a request and closes the connection once the server has it. */
export async function abandon(url: string, until: Promise<unknown>): Promise<void> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.write(`POST ${pathname} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`);
  await until;
  socket.destroy();
}

/** As pools and batching loaders do: what waits is called from one place, whose context is nobody's. */
export function elsewhere(closing: (() => unknown)[]): (call: () => void) => void {
  const waiting: (() => void)[] = [];
  const ticker = setInterval(() => {
    for (const call of waiting.splice(0)) call();
  }, 5);
  closing.push(() => clearInterval(ticker));
  return (call) => void waiting.push(call);
}

/** Rejections that nobody handled while `fn` ran, in the place of the test runner's own handling. */
async function unhandledIn(fn: () => Promise<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (error) => found.push(error));
  try {
    await fn();
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const other of others) process.on("unhandledRejection", other);
  }
  return found;
}

const send = (url: string, body?: unknown): Promise<Response> =>
  fetch(url, {
    method: "POST",
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    }),
  });

export function serverContract(kind: ServerKind): void {
  describe(`${kind.name}: the contract of servers`, () => {
    const recording = useRecording();

    /** A server with one route that opens a flow. */
    async function serve(handler: Handler, options: Partial<RouteFlow> = {}): Promise<string> {
      const app = await kind.app();
      app.post("/:customer", handler, { ...importFlow, ...options });
      return app.serve(recording.closing);
    }

    const badRow = () => new Error("bad row 7");

    test.each<[string, Handler, number, string, string | undefined]>([
      [
        "async",
        async (call) => call.send(await step.start("work", async () => "done")),
        200,
        "succeeded",
        undefined,
      ],
      [
        "with callbacks",
        (call) => void setTimeout(() => step.start("work", () => call.send("done")), 5),
        200,
        "succeeded",
        undefined,
      ],
      [
        "throwing",
        () => {
          throw badRow();
        },
        500,
        "failed",
        "bad row 7",
      ],
      [
        "passing an error on",
        (call) => void setTimeout(() => call.fail(badRow()), 5),
        500,
        "failed",
        "bad row 7",
      ],
      [
        "answering 503",
        (call) => call.send("busy", 503),
        503,
        "failed",
        "the response was 503 Service Unavailable",
      ],
      ["answering 404", (call) => call.send("no such file", 404), 404, "succeeded", undefined],
    ])("a flow around a handler %s", async (_name, handler, code, status, error) => {
      const answer = await send(`${await serve(handler)}/acme-corp`);
      await answer.text();
      expect(answer.status).toBe(code);
      const seen = await recording.receiver.flowThat(ended);
      expect(seen).toMatchObject({ name: "data_import", tenant: "acme-corp", status, error });
      if (code === 200) expect(outline(seen)).toEqual(["work"]);
      expect(recording.diagnostics).toEqual([]);
    });

    test("a rejection fails the flow, and is whose it was", async () => {
      const url = await serve(async () => {
        await sleep(2);
        throw badRow();
      });
      const controller = new AbortController();
      const unhandled = await unhandledIn(async () => {
        const answer = fetch(`${url}/acme-corp`, { method: "POST", signal: controller.signal });
        if (kind.answersRejections) expect((await answer).status).toBe(500);
        expect(await recording.receiver.flowThat(ended)).toMatchObject({
          status: "failed",
          error: "bad row 7",
        });
        controller.abort();
        await answer.catch(() => {});
      });
      expect(unhandled.map(String)).toEqual(kind.answersRejections ? [] : ["Error: bad row 7"]);
    });

    test("endOnExit: false leaves the flow open when all went well", async () => {
      const done = Promise.withResolvers<void>();
      const url = await serve(
        (call) => {
          call.raw().once("close", done.resolve);
          call.raw().end("taken");
        },
        { endOnExit: false },
      );
      await (await send(`${url}/acme-corp`)).text();
      await done.promise;
      expect((await recording.receiver.flows()).map(({ status }) => status)).toEqual(["running"]);
    });

    test("a streaming response keeps the flow open to its end", async () => {
      const goOn = Promise.withResolvers<void>();
      const url = await serve(async (call) => {
        const response = call.raw();
        step.start("first part", () => response.write("one "));
        void goOn.promise.then(() => step.start("last part", () => response.end("two")));
      });
      const answer = await send(`${url}/acme-corp`);
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      expect((await recording.receiver.flows()).map(({ status }) => status)).toEqual(["running"]);
      goOn.resolve();
      while (!(await reader.read()).done);
      const seen = await recording.receiver.flowThat(ended);
      expect(seen.status).toBe("succeeded");
      expect(outline(seen)).toEqual(["first part", "last part"]);
    });

    test("a response that breaks off by an error fails the flow with that", async () => {
      const url = await serve((call) => {
        const response = call.raw();
        response.on("error", () => {});
        response.write("one ", () => response.destroy(badRow()));
      });
      await expect(send(`${url}/acme-corp`).then((answer) => answer.text())).rejects.toThrow();
      expect(await recording.receiver.flowThat(ended)).toMatchObject({
        status: "failed",
        error: "bad row 7",
      });
    });

    test("a client that goes away cancels the flow, once its handler is done", async () => {
      const begun = Promise.withResolvers<void>();
      const gone = Promise.withResolvers<void>();
      const finish = Promise.withResolvers<void>();
      const url = await serve(async (call) => {
        call.request.socket.once("close", gone.resolve);
        begun.resolve();
        await finish.promise;
        call.send("too late");
      });
      await abandon(`${url}/acme-corp`, begun.promise);
      await gone.promise;
      // The handler still works, so the flow still runs.
      expect((await recording.receiver.flows()).map(({ status }) => status)).toEqual(["running"]);
      finish.resolve();
      expect((await recording.receiver.flowThat(ended)).status).toBe("cancelled");
    });

    test("a body is parsed, and the flow outlives its parser", async () => {
      const url = await serve((call) => step.start("read", () => call.send({ got: call.body })), {
        labels: { env: "test" },
      });
      const answer = await send(`${url}/acme-corp`, { rows: 7 });
      expect(await answer.json()).toEqual({ got: { rows: 7 } });
      const seen = await recording.receiver.flowThat(ended);
      expect(seen.labels).toEqual({ env: "test" });
      expect(outline(seen)).toEqual(["read"]);
    });

    test("a flow that arrives is continued, by both sides of a call", async () => {
      recording.closing.push(withFetch());
      const app = await kind.app();
      app.post("/check", async (call) => {
        await step.start("check_schema", () => step.start("read_columns", async () => sleep(1)));
        call.send({ flow: flow.current()?.id, shown: call.flow?.id });
      });
      const url = await app.serve(recording.closing);
      const told = await flow.start({ name: "order", tenant: "acme-corp", id: "o-1" }, () =>
        step.start("validate", async () => (await send(`${url}/check`, {})).json()),
      );
      expect(told).toEqual({ flow: "o-1", shown: "o-1" });
      const seen = await recording.receiver.flowThat(ended);
      expect(outline(seen)).toEqual(["validate", "  check_schema", "    read_columns"]);
      // Outside a flow there is none.
      expect(await (await send(`${url}/check`, {})).json()).toEqual({});
    });

    test("identity is taken from whom it may come", async () => {
      recording.closing.push(withFetch());
      const asked: unknown[] = [];
      await recording.setUp({ acceptFrom: ({ address }) => asked.push(address) === 0 });
      const app = await kind.app();
      app.post("/", (call) => call.send({ flow: flow.current()?.name, shown: call.flow?.name }));
      const url = (await app.serve(recording.closing)).replace("localhost", "127.0.0.1");
      const told = await flow.start({ name: "order", tenant: "acme-corp" }, async () =>
        (await send(url)).json(),
      );
      expect(told).toEqual({});
      expect(asked).toEqual([expect.stringMatching(/127\.0\.0\.1$|^::1$/)]);
    });

    test("the request shows its flow, with which lost context is regained", async () => {
      const lose = elsewhere(recording.closing);
      const url = await serve((call) => {
        lose(() => {
          const lost = flow.current()?.tenant;
          call.flow?.run(() => step.start("regained", () => {}));
          call.send({ lost, shown: call.flow?.tenant });
        });
      });
      expect(await (await send(`${url}/acme-corp`)).json()).toEqual({ shown: "acme-corp" });
      expect(outline(await recording.receiver.flowThat(ended))).toEqual(["regained"]);
    });

    test("a hundred interleaved requests of different tenants keep apart", async () => {
      recording.closing.push(withFetch());
      const checker = await kind.app();
      checker.post("/check", async (call) => {
        await sleep(Math.random() * 20);
        call.send(
          await step.start("check", async () => ({ tenant: flow.current()?.tenant, body: call.body })),
        );
      });
      const checkerUrl = await checker.serve(recording.closing);
      const url = await serve(async (call) => {
        await sleep(Math.random() * 20);
        const answer = await step.start("validate", () => send(`${checkerUrl}/check`, call.body));
        call.send((await answer.json()) as object);
      });
      const tenants = Array.from({ length: 100 }, (_, i) => `tenant-${i}`);
      const answers = await Promise.all(
        tenants.map(async (tenant) => (await send(`${url}/${tenant}`, tenant.split("-"))).json()),
      );
      expect(answers).toEqual(tenants.map((tenant) => ({ tenant, body: tenant.split("-") })));
      await expect.poll(async () => (await recording.receiver.flows()).filter(ended).length).toBe(100);
      for (const seen of await recording.receiver.flows()) {
        expect(outline(seen)).toEqual(["validate", "  check"]);
      }
    });

    test("a server started in a flow does not put its requests into that", async () => {
      recording.closing.push(withFetch());
      const url = await flow.start({ name: "deploy", tenant: "us" }, async () => {
        const app = await kind.app();
        app.post("/", (call) => call.send({ flow: flow.current()?.name }));
        return app.serve(recording.closing);
      });
      expect(await (await send(url)).json()).toEqual({});
      await flow.start({ name: "order", tenant: "acme-corp" }, async () => {
        expect(await (await send(url)).json()).toEqual({ flow: "order" });
      });
    });

    test("an option that throws, or a missing tenant, costs the flow and not the request", async () => {
      const handler: Handler = (call) => call.send("done");
      const throwing = await serve(handler, { tenant: () => JSON.parse("{") });
      const missing = await serve(handler, { tenant: () => "" });
      for (const url of [throwing, missing])
        expect(await (await send(`${url}/acme-corp`)).text()).toBe("done");
      expect(await recording.receiver.flows()).toEqual([]);
      expect(recording.diagnostics[0]).toContain(
        "expected tenant(request) to return a value, it threw SyntaxError",
      );
      expect(recording.diagnostics.at(-1)).toContain("expected a non-empty string");
    });
  });
}
