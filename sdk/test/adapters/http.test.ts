import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import express, { type NextFunction, type Request, type Response } from "express";
import fastify, { type RouteHandlerMethod } from "fastify";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { flowHandler, withExpress } from "../../src/adapters/express.ts";
import { withFastify } from "../../src/adapters/fastify.ts";
import { withFetch } from "../../src/adapters/fetch.ts";
import { flow, setup, shutdown, step } from "../../src/index.ts";
import { outline, type Receiver, startReceiver } from "./receiver.ts";
import { listen } from "./server.ts";

let receiver: Receiver;
let undoFetch: () => void;
let diagnostics: string[] = [];
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  receiver = await startReceiver();
  setup({
    serviceName: "test",
    endpoint: receiver.endpoint,
    onDiagnostic: ({ message }) => void diagnostics.push(message),
  });
  undoFetch = withFetch();
});

beforeEach(() => {
  receiver.forget();
  diagnostics = [];
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

afterAll(async () => {
  undoFetch();
  await shutdown();
  await receiver.close();
});

const ended = (flow: { status: string }) => flow.status !== "running";
const options = {
  name: "data_import",
  tenant: (req: { params: { customer?: string } }) => req.params.customer ?? "",
};

function expressApp() {
  return withExpress(express());
}

async function serveExpress(app: express.Express): Promise<string> {
  // Express's own answer to an error, without its noise.
  app.use((error: Error, _req: Request, res: Response, next: NextFunction) =>
    res.headersSent ? next(error) : res.status(500).send(error.message),
  );
  const { url, close } = await listen(app);
  closing.push(close);
  return url;
}

async function fastifyApp() {
  const app = fastify({ forceCloseConnections: true });
  await app.register(withFastify);
  closing.push(() => app.close());
  return app;
}

/** Sends a request and closes the connection once the server has it. */
async function abandon(url: string, until: Promise<unknown>): Promise<void> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.write(`POST ${pathname} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`);
  await until;
  socket.destroy();
}

test("Express, fetch and Fastify make one flow", async () => {
  const checker = await fastifyApp();
  checker.post("/check", () =>
    step.start("check_schema", () => step.start("read_columns", async () => ({ ok: true }))),
  );
  const checkerUrl = await checker.listen();

  const app = expressApp();
  app.post(
    "/import/:customer",
    express.json(),
    flowHandler({ ...options, labels: { env: "test" } }, async (req, res) => {
      await step.start("read", async () => req.body.rows);
      const answer = await step.start("validate", () => fetch(`${checkerUrl}/check`, { method: "POST" }));
      res.json(await answer.json());
    }),
  );
  const url = await serveExpress(app);

  const answer = await fetch(`${url}/import/acme-corp`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rows: 7 }),
  });
  expect(await answer.json()).toEqual({ ok: true });
  const seen = await receiver.flowThat(ended);
  expect(seen).toMatchObject({
    name: "data_import",
    tenant: "acme-corp",
    labels: { env: "test" },
    status: "succeeded",
  });
  expect(outline(seen)).toEqual(["read", "validate", "  check_schema", "    read_columns"]);
  expect(await receiver.flows()).toHaveLength(1);
});

test("a hundred interleaved requests of different tenants keep apart", async () => {
  const checker = await fastifyApp();
  checker.post("/check", async (req) => {
    await sleep(Math.random() * 20);
    return step.start("check", async () => ({ tenant: flow.current()?.tenant, body: req.body }));
  });
  const checkerUrl = await checker.listen();
  const app = expressApp();
  app.post(
    "/import/:customer",
    express.json(),
    flowHandler(options, async (req, res) => {
      await sleep(Math.random() * 20);
      const body = JSON.stringify(req.body);
      const init = { method: "POST", body, headers: { "content-type": "application/json" } };
      const answer = await step.start("validate", () => fetch(`${checkerUrl}/check`, init));
      res.json(await answer.json());
    }),
  );
  const url = await serveExpress(app);

  const tenants = Array.from({ length: 100 }, (_, i) => `tenant-${i}`);
  const answers = await Promise.all(
    tenants.map(async (tenant) => {
      const init = {
        method: "POST",
        body: JSON.stringify(tenant.split("-")),
        headers: { "content-type": "application/json" },
      };
      return (await fetch(`${url}/import/${tenant}`, init)).json();
    }),
  );
  expect(answers).toEqual(tenants.map((tenant) => ({ tenant, body: tenant.split("-") })));
  await expect.poll(async () => (await receiver.flows()).filter(ended).length).toBe(100);
  for (const seen of await receiver.flows()) expect(outline(seen)).toEqual(["validate", "  check"]);
});

/** A server with one route, which opens a flow around a handler that behaves so. */
interface Served {
  url: string;
}

type Behaviour =
  | "async"
  | "callback"
  | "rejects"
  | "throws"
  | "passes on"
  | "answers 503"
  | "answers 404"
  | "left open";

async function express5(behaviour: Behaviour): Promise<Served> {
  const app = expressApp();
  const handlers: Record<Behaviour, express.RequestHandler<{ customer: string }>> = {
    async: async (_req, res) => void res.send(await step.start("work", async () => "done")),
    callback: (_req, res) => {
      setTimeout(() => step.start("work", () => res.send("done")), 5);
    },
    rejects: async () => {
      await sleep(2);
      throw new Error("bad row 7");
    },
    throws: () => {
      throw new Error("bad row 7");
    },
    "passes on": (_req, _res, next) => {
      setTimeout(() => next(new Error("bad row 7")), 5);
    },
    "answers 503": (_req, res) => void res.sendStatus(503),
    "answers 404": (_req, res) => void res.sendStatus(404),
    "left open": (_req, res) => void res.sendStatus(202),
  };
  app.post(
    "/:customer",
    flowHandler({ ...options, endOnExit: behaviour !== "left open" }, handlers[behaviour]),
  );
  return { url: await serveExpress(app) };
}

async function fastify5(behaviour: Behaviour): Promise<Served> {
  const app = await fastifyApp();
  const config = { flow: { ...options, endOnExit: behaviour !== "left open" } };
  const handlers: Record<Behaviour, RouteHandlerMethod> = {
    async: async () => step.start("work", async () => "done"),
    callback: (_req, reply) => {
      setTimeout(() => step.start("work", () => void reply.send("done")), 5);
    },
    rejects: async () => {
      await sleep(2);
      throw new Error("bad row 7");
    },
    throws: () => {
      throw new Error("bad row 7");
    },
    "passes on": (_req, reply) => {
      setTimeout(() => reply.send(new Error("bad row 7")), 5);
    },
    "answers 503": (_req, reply) => void reply.code(503).send("busy"),
    "answers 404": (_req, reply) => reply.code(404).send("no such file"),
    "left open": async (_req, reply) => reply.code(202).send("taken"),
  };
  app.post("/:customer", { config }, handlers[behaviour]);
  return { url: await app.listen() };
}

describe.each([
  ["Express", express5],
  ["Fastify", fastify5],
])("%s: a flow around a handler", (_name, serve) => {
  test.each<[Behaviour, number, string, string | undefined]>([
    ["async", 200, "succeeded", undefined],
    ["callback", 200, "succeeded", undefined],
    ["rejects", 500, "failed", "bad row 7"],
    ["throws", 500, "failed", "bad row 7"],
    ["passes on", 500, "failed", "bad row 7"],
    ["answers 503", 503, "failed", "the response was 503 Service Unavailable"],
    ["answers 404", 404, "succeeded", undefined],
  ])("that %s answers %i: %s", async (behaviour, code, status, error) => {
    const { url } = await serve(behaviour);
    const answer = await fetch(`${url}/acme-corp`, { method: "POST" });
    await answer.text();
    expect(answer.status).toBe(code);
    const seen = await receiver.flowThat(ended);
    expect(seen).toMatchObject({ tenant: "acme-corp", status, error });
    if (status === "succeeded" && code === 200) expect(outline(seen)).toEqual(["work"]);
    expect(diagnostics).toEqual([]);
  });

  test("stays open with endOnExit: false", async () => {
    const { url } = await serve("left open");
    await (await fetch(`${url}/acme-corp`, { method: "POST" })).text();
    await sleep(20);
    const [seen] = await receiver.flows();
    expect(seen?.status).toBe("running");
  });
});

test("Express: a client that goes away cancels the flow", async () => {
  const app = expressApp();
  const begun = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  app.post(
    "/:customer",
    flowHandler(options, async (_req, res) => {
      begun.resolve();
      await finish.promise;
      res.send("too late");
    }),
  );
  await abandon(`${await serveExpress(app)}/acme-corp`, begun.promise);
  await sleep(30);
  // The handler still works, so the flow still runs.
  expect((await receiver.flows())[0]?.status).toBe("running");
  finish.resolve();
  expect((await receiver.flowThat(ended)).status).toBe("cancelled");
});

test("Fastify: a client that goes away cancels the flow", async () => {
  const app = await fastifyApp();
  const begun = Promise.withResolvers<void>();
  app.post("/:customer", { config: { flow: options } }, async () => {
    begun.resolve();
    await sleep(50);
    return "too late";
  });
  await abandon(`${await app.listen()}/acme-corp`, begun.promise);
  expect((await receiver.flowThat(ended)).status).toBe("cancelled");
});

test("Fastify: a hijacked reply ends the flow when the raw response is done", async () => {
  const app = await fastifyApp();
  app.get("/:customer", { config: { flow: options } }, (_req, reply) => {
    reply.hijack();
    reply.raw.write("one ");
    setTimeout(() => step.start("last part", () => reply.raw.end("two")), 20);
  });
  const answer = await fetch(`${await app.listen()}/acme-corp`);
  expect(await answer.text()).toBe("one two");
  const seen = await receiver.flowThat(ended);
  expect(seen.status).toBe("succeeded");
  expect(outline(seen)).toEqual(["last part"]);
});

test("Fastify: injected requests end their flows too, and a HEAD opens one, not two", async () => {
  const app = await fastifyApp();
  app.get("/:customer", { config: { flow: options } }, async () => "done");
  expect((await app.inject("/acme-corp")).body).toBe("done");
  expect((await app.inject({ method: "HEAD", url: "/globex" })).statusCode).toBe(200);
  await expect
    .poll(async () => (await receiver.flows()).map((seen) => `${seen.tenant} ${seen.status}`))
    .toEqual(["acme-corp succeeded", "globex succeeded"]);
});

test("Express: the flow reaches handlers of request events and middleware that calls back from elsewhere", async () => {
  const app = expressApp();
  // As pools and batching loaders do: calls waiting for each other are answered from one place.
  const waiting: (() => void)[] = [];
  const ticker = setInterval(() => {
    for (const call of waiting.splice(0)) call();
  }, 5);
  closing.push(() => clearInterval(ticker));
  app.post(
    "/events/:customer",
    flowHandler(options, (req, res) => {
      req.on("data", () => step.start("chunk", () => {}));
      req.on("end", () => step.start("end", () => res.send("done")));
    }),
  );
  app.post(
    "/elsewhere",
    (_req, _res, next) => void waiting.push(next),
    flowHandler({ name: "child", tenant: "acme-corp" }, (_req, res) => void res.send("done")),
  );
  const url = await serveExpress(app);
  await (await fetch(`${url}/events/acme-corp`, { method: "POST", body: "x" })).text();
  expect(outline(await receiver.flowThat(ended))).toEqual(["chunk", "end"]);

  receiver.forget();
  await flow.start({ name: "parent", tenant: "acme-corp", id: "p-1" }, async () => {
    await (await fetch(`${url}/elsewhere`, { method: "POST" })).text();
  });
  expect((await receiver.flowThat((seen) => seen.name === "child")).parentFlowId).toBe("p-1");
});

test("Express: an option that throws, or a missing tenant, costs the flow and not the request", async () => {
  const app = expressApp();
  const handler = (_req: Request, res: Response) => void res.send("done");
  app.post("/throws", flowHandler({ name: "n", tenant: () => JSON.parse("{") }, handler));
  app.post("/missing", flowHandler({ name: "n", tenant: () => "" }, handler));
  const url = await serveExpress(app);
  for (const path of ["throws", "missing"]) {
    expect(await (await fetch(`${url}/${path}`, { method: "POST" })).text()).toBe("done");
  }
  expect(await receiver.flows()).toEqual([]);
  expect(diagnostics[0]).toContain("expected tenant(request) to return a value, it threw SyntaxError");
  expect(diagnostics.at(-1)).toContain("expected a non-empty string");
});

test.each(["Express", "Fastify"])(
  "%s: a server started in a flow does not put its requests into that",
  async (kind) => {
    const url = await flow.start({ name: "deploy", tenant: "us" }, async () => {
      if (kind === "Fastify") {
        const app = await fastifyApp();
        app.get("/", async () => ({ flow: flow.current()?.name }));
        return app.listen();
      }
      const app = expressApp();
      app.get("/", (_req, res) => void res.json({ flow: flow.current()?.name }));
      return serveExpress(app);
    });
    expect(await (await fetch(url)).json()).toEqual({});
    await flow.start({ name: "order", tenant: "acme-corp" }, async () => {
      expect(await (await fetch(url)).json()).toEqual({ flow: "order" });
    });
  },
);

describe("fetch", () => {
  const names = { alive: "http://other.internal", public: "http://api.example.com" };

  /** An agent for which every name is this machine. */
  function agent(): never {
    const registry = globalThis as unknown as Record<
      symbol,
      { constructor: new (options: object) => unknown }
    >;
    const Agent = registry[Symbol.for("undici.globalDispatcher.1")]?.constructor as new (
      options: object,
    ) => unknown;
    const lookup = (_host: string, _options: object, done: (error: null, addresses: object[]) => void) =>
      done(null, [{ address: "127.0.0.1", family: 4 }]);
    return new Agent({ connect: { lookup } }) as never;
  }

  async function echo() {
    const seen: { host: string | undefined; headers: Record<string, unknown>; body: string }[] = [];
    const { url, close } = await listen(async (request, response) => {
      seen.push({ host: request.headers.host, headers: request.headers, body: await text(request) });
      const to = new URL(request.url ?? "/", "http://x").searchParams.get("to");
      response.writeHead(to === null ? 200 : 307, to === null ? {} : { location: to }).end("ok");
    });
    closing.push(close);
    return { seen, port: new URL(url).port, url };
  }

  const inFlow = <T>(fn: () => Promise<T>) =>
    flow.start({ name: "order", tenant: "acme-corp", id: "o-1" }, fn);

  test("takes identity to a host of the inside, beside what the caller sent", async () => {
    const { seen, url } = await echo();
    const init = { method: "POST", body: "hello", headers: { Baggage: "user=7", "X-Own": "1" } };
    await inFlow(() => fetch(url, init));
    await inFlow(() => fetch(new URL(url)));
    await inFlow(() => fetch(new Request(url, init)));
    await inFlow(() => fetch(url, new Request(url, init)));
    for (const one of [seen[0], seen[2], seen[3]]) {
      expect(one).toMatchObject({ body: "hello", headers: { "x-own": "1" } });
      expect(one?.headers["baggage"]).toBe(
        "user=7,weir.flow.id=o-1,weir.flow.name=order,weir.tenant=acme-corp",
      );
      expect(one?.headers["traceparent"]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    }
    expect(seen[1]?.headers["baggage"]).toContain("weir.tenant=acme-corp");
    expect(init.headers).toEqual({ Baggage: "user=7", "X-Own": "1" });
  });

  test("sends nothing outside a flow, and nothing to a public host", async () => {
    const { seen, url, port } = await echo();
    await fetch(url);
    await inFlow(() => fetch(`${names.public}:${port}/`, { dispatcher: agent() } as RequestInit));
    await inFlow(() => fetch(`${names.alive}:${port}/`, { dispatcher: agent() } as RequestInit));
    expect(seen.map(({ headers }) => "baggage" in headers)).toEqual([false, false, true]);
    expect(seen.map(({ headers }) => "traceparent" in headers)).toEqual([false, false, true]);
    expect(diagnostics).toEqual([expect.stringContaining("api.example.com")]);
  });

  test("leaves identity behind when a redirect goes to a public host, and takes it along within", async () => {
    const { seen, url, port } = await echo();
    for (const host of [names.public, names.alive]) {
      const target = encodeURIComponent(`${host}:${port}/`);
      const init = { method: "POST", body: "hello", dispatcher: agent() } as RequestInit;
      const answer = await inFlow(() => fetch(`${url}/?to=${target}`, init));
      expect(answer).toMatchObject({ status: 200, redirected: true, url: `${host}:${port}/` });
    }
    expect(seen.map(({ headers }) => "baggage" in headers)).toEqual([true, false, true, true]);
    expect(seen.map(({ body }) => body)).toEqual(["hello", "hello", "hello", "hello"]);
  });

  test("is patched once, and can be taken back", async () => {
    const patched = globalThis.fetch;
    expect(withFetch()).toBe(undoFetch);
    expect(globalThis.fetch).toBe(patched);
    undoFetch();
    expect(globalThis.fetch).not.toBe(patched);
    const { seen, url } = await echo();
    await inFlow(() => fetch(url));
    await inFlow(() => patched(url));
    undoFetch = withFetch();
    await inFlow(() => fetch(url));
    expect(seen.map(({ headers }) => "baggage" in headers)).toEqual([false, false, true]);
  });

  test("wraps a fetch of the caller's", async () => {
    undoFetch();
    const { seen, url } = await echo();
    await inFlow(() => withFetch(fetch)(url));
    await inFlow(() => fetch(url));
    undoFetch = withFetch();
    expect(seen.map(({ headers }) => "baggage" in headers)).toEqual([true, false]);
  });

  test("rejects as fetch does", async () => {
    await expect(inFlow(() => fetch("http://127.0.0.1:1/"))).rejects.toThrow("fetch failed");
    await expect(inFlow(() => fetch("no address"))).rejects.toThrow(TypeError);
    const signal = AbortSignal.abort();
    await expect(inFlow(() => fetch("http://127.0.0.1:1/", { signal }))).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});
