/** `@weir/collector/client` against real collectors. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, createServer as createTcp, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import {
  type FlowSummary,
  type Pages,
  type StreamChange,
  WeirApiError,
  WeirClient,
} from "../src/client/index.ts";
import { eventsIn } from "../src/client/server-sent-events.ts";
import { fill } from "../src/demo/fill.ts";
import { demoFlows } from "../src/demo/flows.ts";
import type { OpenApi } from "../src/http/openapi-types.ts";
import type { FlowPage } from "../src/http/schemas.ts";
import { flowBody, type Guarded, NOW, startGuarded } from "./access-support.ts";

const FLOWS = 700;
let weir: Guarded;
let client: WeirClient;
let readerKey: string;
const asked = new Set<string>();

beforeAll(async () => {
  weir = await startGuarded("never");
  await fill({
    store: weir.store,
    flows: demoFlows({ flows: FLOWS, tenants: 4, days: 7, seed: 1, now: NOW }),
    now: NOW,
  });
  client = new WeirClient({ url: `${weir.url}/`, apiKey: await weir.key("admin"), fetch: noting });
  readerKey = await weir.key("read", "acme-corp");
});
afterAll(() => weir.close());

/** Remembers what was asked, by method and path. */
async function noting(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  asked.add(`${init?.method ?? "GET"} ${new URL(String(input)).pathname}`);
  return fetch(input, init);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("lists", () => {
  test("each flow once, over all pages, which are asked for as they are wanted", async () => {
    const ids = (await all(client.flows({ limit: 100 }))).map(({ tenant, id }) => `${tenant} ${id}`);
    expect(new Set(ids).size).toBe(FLOWS);

    let pages = 0;
    for await (const page of client.flows({ limit: 100 }).pages()) {
      pages += 1;
      expect(page.flows).toHaveLength(100);
      if (pages === 2) break;
    }
    expect(pages).toBe(2);
  });

  test("filters as the API takes them: lists, dates, labels", async () => {
    const from = new Date(NOW / 1000 - 3 * 86_400_000);
    const flows = await all(
      client.flows({
        tenant: ["acme-corp", "globex-labs"],
        status: ["failed", "succeeded"],
        labels: { env: "production", provider: ["hubspot", "stripe"] },
        from,
        order: "oldest",
      }),
    );
    expect(flows.length).toBeGreaterThan(0);
    for (const { tenant, status, labels, startedAt } of flows) {
      expect(["acme-corp", "globex-labs"]).toContain(tenant);
      expect(["failed", "succeeded"]).toContain(status);
      expect([labels["env"], ["hubspot", "stripe"].includes(labels["provider"] ?? "")]).toEqual([
        "production",
        true,
      ]);
      expect(Date.parse(startedAt)).toBeGreaterThanOrEqual(from.getTime());
    }
    const { total } = await client.count({ tenant: ["acme-corp", "globex-labs"] });
    expect(total).toBe((await all(client.flows({ tenant: ["acme-corp", "globex-labs"] }))).length);
  });

  test("one flow, figures, and what pickers show", async () => {
    const { flows } = await client.flows({ name: "data_import", limit: 1 }).page();
    const [{ tenant, id }] = flows as [FlowSummary];
    expect((await client.flow(tenant, id)).steps[0]?.name).toBe("validate");
    const [outline = "", ...more] = (await new Response(await client.stages(tenant, id)).text()).split("\n");
    expect(JSON.parse(outline)).toMatchObject({
      ...(await client.flow(tenant, id)),
      below: expect.anything(),
    });
    expect(more).toEqual([""]);
    expect((await all(client.tenants({ q: "acme" }))).map((each) => each.tenant)).toEqual(["acme-corp"]);
    expect(await client.names({ tenant })).toContain("data_import");
    expect((await client.labels()).map(({ key }) => key)).toContain("env");
    expect((await client.stats({ tenant, groupBy: "name" })).groups.map(({ key }) => key)).toContain(
      "data_import",
    );
    expect((await client.errors({ from: 0 })).errors.length).toBeGreaterThan(0);
    expect((await client.histogram({ buckets: 7 })).buckets.length).toBeGreaterThan(0);
    expect((await client.stuck().page()).flows.length).toBe((await all(client.stuck())).length);
    expect(await client.limits()).toEqual([]);
    expect((await client.me()).role).toBe("admin");
    expect((await client.server()).store.flows.running).toBeGreaterThan(0);
  });
});

test("settings, read and changed", async () => {
  const traceLink = "https://jaeger.example/trace/{traceId}";
  expect((await client.changeSettings({ traceLink })).traceLink).toBe(traceLink);
  expect((await client.settings()).traceLink).toBe(traceLink);
  await client.changeSettings({ traceLink: null, stalledAfter: [{ name: "data_import", limitMs: 60_000 }] });
  expect(await client.settings()).toMatchObject({
    traceLink: null,
    stalledAfter: [{ name: "data_import", limitMs: 60_000 }],
  });
  await client.changeSettings({ stalledAfter: [{ name: "data_import", limitMs: null }] });
});

test("whole lists as files", async () => {
  for (const list of ["flows", "tenants", "stuck", "stats", "stats/errors"] as const) {
    const csv = await new Response(await client.export(list, "csv")).text();
    expect(csv.split("\r\n", 1)[0]?.split(",").length).toBeGreaterThan(3);
    await (await client.export(list, "ndjson")).cancel();
  }
  const lines = await new Response(await client.export("flows", "ndjson", { name: "crm_sync" })).text();
  const { total } = await client.count({ name: "crm_sync" });
  expect(lines.trimEnd().split("\n")).toHaveLength(total);
});

test("keys and links, from their making to their end", async () => {
  const made = await client.makeKey({ role: "read", tenant: "acme-corp", name: "a client", expiresIn: "1d" });
  expect(made.key).toMatch(/^weir_read_/);
  expect((await client.keys()).map(({ id }) => id)).toContain(made.id);
  await client.revokeKey(made.id);
  expect((await client.keys()).find(({ id }) => id === made.id)?.revokedAt).not.toBeNull();

  const share = await client.makeShare({ tenant: "acme-corp", name: "data_import", expiresIn: "1d" });
  expect((await client.shares({ tenant: "acme-corp" })).map(({ id }) => id)).toEqual([share.id]);
  const token = share.path.split("/").at(-1) as string;
  const guest = new WeirClient({ url: weir.url, fetch: noting });
  expect((await guest.shared(token)).name).toBe("data_import");
  const [flow] = await all(guest.sharedFlows(token, { limit: 500 }));
  expect((await guest.sharedFlow(token, flow?.id as string)).id).toBe(flow?.id);
  await client.revokeShare(share.id);
  await expect(guest.shared(token)).rejects.toMatchObject({ status: 404, code: "not_found" });
  expect((await all(client.audit({ limit: 2 }))).slice(0, 4).map(({ action }) => action)).toEqual([
    "share.revoke",
    "share.create",
    "key.revoke",
    "key.create",
  ]);
});

describe("errors", () => {
  test("say what the collector said", async () => {
    const bad = { limit: 5_000 };
    const error = await client
      .flows(bad)
      .page()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WeirApiError);
    expect(error).toMatchObject({ status: 400, code: "invalid_argument", retryAfterMs: null });
    expect((error as WeirApiError).message).toBe(
      'limit: expected one whole number from 1 to 500, got "5000"',
    );
    const nobody = new WeirClient({ url: weir.url });
    await expect(nobody.me()).rejects.toMatchObject({ status: 401, code: "unauthenticated" });
  });

  test("an id with half a character in it is that of no flow", async () => {
    await expect(client.flow("acme-corp", "\ud800")).rejects.toMatchObject({ status: 404 });
  });

  test("that nobody answers, or someone else", async () => {
    const nowhere = new WeirClient({ url: "http://127.0.0.1:1", retries: 0 });
    await expect(nowhere.me()).rejects.toMatchObject({ status: 0, code: "unreachable" });
    const other = await serve((_request, response) => response.writeHead(502).end("<h1>Bad gateway</h1>"));
    const beyond = new WeirClient({ url: other.url, retries: 0 });
    await expect(beyond.me()).rejects.toMatchObject({ status: 502, code: "no_collector" });
    const site = await serve((_request, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome</h1>"),
    );
    const mistaken = new WeirClient({ url: site.url });
    await expect(mistaken.me()).rejects.toMatchObject({
      name: "WeirApiError",
      status: 200,
      code: "no_collector",
      message: "expected an answer of a collector, got 200 text/html",
    });
    const frail = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write('{"flows"', () => response.destroy());
    });
    await expect(new WeirClient({ url: frail.url, retries: 0 }).me()).rejects.toMatchObject({
      status: 0,
      code: "unreachable",
    });
  });

  test("that pass are asked again, but never what changes something", async () => {
    const seen: string[] = [];
    const busy = await serve((request, response) => {
      seen.push(request.method ?? "");
      const body = { error: { code: "overloaded", message: "too much" } };
      response
        .writeHead(429, { "retry-after": "0", "content-type": "application/json" })
        .end(JSON.stringify(body));
    });
    const patient = new WeirClient({ url: busy.url, retries: 3 });
    await expect(patient.me()).rejects.toMatchObject({ status: 429, code: "overloaded", retryAfterMs: 0 });
    await expect(patient.makeKey({ role: "read" })).rejects.toMatchObject({ status: 429 });
    expect(seen).toEqual(["GET", "GET", "GET", "GET", "POST"]);
  });

  test("an abort is its caller's own", async () => {
    const ending = new AbortController();
    ending.abort(new Error("enough"));
    await expect(client.flow("a", "b", { signal: ending.signal })).rejects.toThrow("enough");
  });
});

describe("the stream", () => {
  test("what changes arrives, until its reader has had enough", async () => {
    const sender = await weir.key("ingest");
    const changes = client.stream({ tenant: "acme-corp" });
    const first = changes.next();
    await until(() => asked.has("GET /api/v1/stream"));
    // Sent until it was heard: nobody tells when the stream is open.
    const sending = setInterval(
      () => void weir.fetch("/v1/traces", sender, flowBody("acme-corp", "heard")),
      50,
    );
    const { value } = await first;
    clearInterval(sending);
    expect(value).toMatchObject({ type: "flow", flow: { tenant: "acme-corp", id: "heard" } });
    await changes.return();
  });

  test("has whatever a flow holds, also what ends a line elsewhere", async () => {
    const sender = await weir.key("ingest");
    const note = "one\u2028two\u2029three\r\nfour\u0085five";
    const sending = setInterval(
      () => void weir.fetch("/v1/traces", sender, flowBody("globex", "lines", { "weir.label.note": note })),
      50,
    );
    let seen: string | undefined;
    for await (const change of client.stream({ tenant: "globex" })) {
      if (change.type !== "flow") continue;
      seen = change.flow.labels["note"];
      break;
    }
    clearInterval(sending);
    expect(seen).toBe(note);
  });

  test("its events are read as the HTML standard says: lines of data are one text", async () => {
    const { body } = new Response('event: flow\ndata: {\ndata:  "a": 1\ndata:}\nid: 7\n\n:\n\n');
    const events = await all(eventsIn(body as ReadableStream<Uint8Array>));
    expect(events).toEqual([
      { type: "flow", data: '{\n "a": 1\n}', lastEventId: "7", retryMs: null },
      { type: "message", data: null, lastEventId: "7", retryMs: null },
    ]);
  });

  test("goes on after the last change where the connection broke", async () => {
    const proxy = await startProxy(Number(new URL(weir.url).port));
    const through = new WeirClient({ url: proxy.url, apiKey: readerKey });
    const breaks: number[] = [];
    const ending = new AbortController();
    const changes = through.stream(
      {},
      { signal: ending.signal, onBreak: (_error, wait) => void breaks.push(wait) },
    );
    const sender = await weir.key("ingest");
    const send = (id: string) => weir.fetch("/v1/traces", sender, flowBody("acme-corp", id));
    const heard: string[] = [];
    const hear = async (id: string) => {
      while (heard.at(-1) !== id) {
        const { value } = await changes.next();
        heard.push(value?.type === "flow" ? value.flow.id : (value?.type ?? "the end"));
      }
    };

    const first = hear("before");
    // Until it was heard: nobody tells when the stream is open.
    const sending = setInterval(() => void send("before"), 50);
    await first;
    clearInterval(sending);
    proxy.cut();
    const second = hear("meanwhile");
    await until(() => breaks.length > 0);
    await send("meanwhile");
    await second;
    await send("after");
    await hear("after");
    expect(heard).not.toContain("resync");
    expect(breaks.every((wait) => wait >= 500 && wait <= 1_000)).toBe(true);

    const last = changes.next();
    ending.abort();
    expect(await last).toEqual({ value: undefined, done: true });
    await proxy.close();
  });

  test("is told to ask again where too much was missed", async () => {
    const ending = new AbortController();
    const changes = client.stream({}, { lastEventId: "of-another-time-1", signal: ending.signal });
    expect((await changes.next()).value?.type).toBe("resync");
    await changes.return();
  });

  test("fails at once where it can't be had, and when it is refused later", async () => {
    const nobody = new WeirClient({ url: weir.url });
    await expect(nobody.stream().next()).rejects.toMatchObject({ status: 401 });
    const nowhere = new WeirClient({ url: "http://127.0.0.1:1" });
    await expect(nowhere.stream().next()).rejects.toMatchObject({ code: "unreachable" });

    let open = true;
    const strict = await serve((_request, response) => {
      if (!open) return response.writeHead(401, { "content-type": "application/json" }).end('{"error":{}}');
      open = false;
      response.writeHead(200, { "content-type": "text/event-stream" }).write("retry: 1\n\nid: a-1\n\n");
      return response.end();
    });
    await expect(new WeirClient({ url: strict.url }).stream().next()).rejects.toMatchObject({ status: 401 });
  });

  test("a connection that says nothing is made again; events in pieces are whole", async () => {
    const ids: (string | undefined)[] = [];
    const silent = await serve((request, response) => {
      ids.push(request.headers["last-event-id"]?.toString());
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (ids.length === 1) return void response.write("retry: 1\n\nid: a-1\n\n");
      response.write("event: resy");
      setTimeout(() => response.write("nc\r\ndata: {}\r\nid: a-2\r\n\r\n"), 20);
    });
    const changes = new WeirClient({ url: silent.url }).stream({}, { silentMs: 300 });
    expect((await changes.next()).value).toEqual({ type: "resync", id: "a-2" });
    await changes.return();
    expect(ids.slice(0, 2)).toEqual([undefined, "a-1"]);
  });
});

test("there is a method for each operation of the API", async () => {
  const { paths } = (await (await weir.fetch("/api/v1/openapi.json", readerKey)).json()) as OpenApi;
  const patterns = [...asked].map((each) => each.split(" ") as [string, string]);
  for (const [path, methods] of Object.entries(paths)) {
    if (!path.startsWith("/api/v1/") || path.endsWith("openapi.json")) continue;
    // What `flows({ tenant })` asks too.
    if (path === "/api/v1/tenants/{tenant}/flows") continue;
    const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    for (const method of Object.keys(methods)) {
      const isAsked = patterns.some(([by, of]) => by === method.toUpperCase() && pattern.test(of));
      expect([method, path, isAsked]).toEqual([method, path, true]);
    }
  }
});

test("types: what is given and what comes", () => {
  expectTypeOf(client.flows()).toEqualTypeOf<Pages<FlowSummary, FlowPage>>();
  expectTypeOf<Parameters<WeirClient["flows"]>[0]>().toEqualTypeOf<Parameters<typeof client.flows>[0]>();
  const given = () => {
    client.flows({ status: "failed", from: 0, health: ["lost"], labels: { env: ["a"] } });
    // @ts-expect-error: no such status
    client.flows({ status: "fallen" });
    // @ts-expect-error: no such parameter
    client.flows({ tenants: "acme-corp" });
    // @ts-expect-error: a count has no pages
    client.count({ cursor: "x" });
    // @ts-expect-error: a link shows one flow or one name
    void client.makeShare({ tenant: "a", flowId: "b", name: "c", expiresIn: "1d" });
  };
  expectTypeOf(given).toBeFunction();
  expectTypeOf<Extract<StreamChange, { type: "flow" }>["flow"]>().toEqualTypeOf<FlowSummary>();
});

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handler: Parameters<typeof createServer>[1]): Promise<{ url: string }> {
  const server = createServer(handler);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}` };
}

/** Lies between a client and a collector, and cuts connections when it is told to. */
async function startProxy(port: number) {
  const sockets = new Set<Socket>();
  const server = createTcp((socket) => {
    const beyond = connect(port, "127.0.0.1");
    sockets.add(socket);
    socket
      .on("error", () => {})
      .on("close", () => {
        sockets.delete(socket);
        beyond.destroy();
      });
    beyond.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.pipe(beyond).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as { port: number };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    connections: () => sockets.size,
    cut,
    async close() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
