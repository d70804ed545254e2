/** The live stream over real sockets. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterEach, expect, test, vi } from "vitest";
import type { HubOptions } from "../src/live/hub.ts";
import { createApp } from "./created-app.ts";
import { aFlow, aStep, createFakeStore, START } from "./fake-store.ts";

let app: FastifyInstance;
let store = createFakeStore();
const sockets: Socket[] = [];

async function start(live: Partial<HubOptions> = {}): Promise<number> {
  store = createFakeStore();
  app = createApp({ store, live: { coalesceMs: 5, ...live } });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return (app.server.address() as { port: number }).port;
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await app.close();
});

interface Reader {
  socket: Socket;
  text(): string;
  ids(): string[];
  sees(text: string): Promise<void>;
}

async function read(port: number, query = "", headers = ""): Promise<Reader> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk.toString();
  });
  socket.on("error", () => {});
  socket.write(`GET /api/v1/stream${query} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
  const reader = {
    socket,
    text: () => received,
    ids: () => [...received.matchAll(/^id: (.*)$/gm)].map(([, id]) => id as string),
    sees: (text: string) => vi.waitFor(() => expect(received).toContain(text), { timeout: 5_000 }),
  };
  await reader.sees("\nid: ");
  return reader;
}

test("events arrive as the store changes, in the API's form", async () => {
  const port = await start();
  const reader = await read(port, "?tenant=acme-corp");
  expect(reader.text()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(reader.text()).toContain("content-type: text/event-stream; charset=utf-8\r\n");
  expect(reader.text()).toContain("x-content-type-options: nosniff\r\n");
  expect(reader.text()).toContain("retry: 1000\n\n");

  store.change({ flow: aFlow({ tenant: "other", id: "hidden" }), steps: [] });
  store.change({ flow: aFlow(), steps: [aStep()] });
  await reader.sees("event: step");
  const data = [...reader.text().matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json as string));
  expect(data).toMatchObject([
    { tenant: "acme-corp", id: "order-17", status: "running", startedAt: "2026-11-22T10:00:00.000Z" },
    {
      tenant: "acme-corp",
      flowId: "order-17",
      step: { name: "validate", startedAt: "2026-11-22T10:00:00.000Z" },
    },
  ]);
  expect(reader.text()).not.toContain("hidden");
});

test("of one flow: what is noted in it and what it opens, where one tenant is named and nothing else", async () => {
  const port = await start();
  const reader = await read(port, "?tenant=acme-corp&flow=order-17");
  const parent = { tenant: "acme-corp", id: "order-17" };
  store.change(
    { flow: aFlow({ id: "order-18" }), steps: [] },
    { flow: aFlow({ id: "notify", parent }), steps: [] },
    { flow: aFlow(), steps: [], events: [{ name: "file opened", at: START, attributes: { size: 9 } }] },
  );
  await reader.sees("event: event");
  const data = [...reader.text().matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(([, name, json]) => [
    name,
    JSON.parse(json as string),
  ]);
  expect(data).toMatchObject([
    [
      "child",
      { flowId: "order-17", child: { ...parent, id: "notify", name: "data_import", status: "running" } },
    ],
    ["flow", { id: "order-17" }],
    [
      "event",
      {
        tenant: "acme-corp",
        flowId: "order-17",
        event: { name: "file opened", at: "2026-11-22T10:00:00.000Z", attributes: { size: 9 } },
      },
    ],
  ]);
  for (const query of ["flow=a", "flow=a&tenant=a&tenant=b", "flow=a&tenant=a&status=failed"]) {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/stream?${query}`);
    expect([query, response.status]).toEqual([query, 400]);
    expect(await response.text()).toContain("flow: expected one tenant beside it, and nothing else");
  }
});

test("many readers: each hears of its own, and one that does not read harms none of them", async () => {
  const port = await start();
  const many = await Promise.all(
    Array.from({ length: 150 }, (_, n) => read(port, `?tenant=tenant-${n % 3}`)),
  );
  const stuck = await read(port);
  stuck.socket.pause();
  const message = "x".repeat(2_000);
  for (let n = 0; n < 60; n += 1) {
    const error = { type: "Error", message, stack: null };
    store.change(
      ...[0, 1, 2].map((each) => ({
        flow: aFlow({ tenant: `tenant-${each}`, id: `flow-${n}`, error }),
        steps: [],
      })),
    );
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(many.map((reader) => reader.sees('"flow-59"')));
  for (const [n, reader] of many.entries()) {
    expect(reader.text()).not.toContain("resync");
    const tenants = [...reader.text().matchAll(/^data: \{"tenant":"([\w-]+)"/gm)].map(([, tenant]) => tenant);
    expect(new Set(tenants)).toEqual(new Set([`tenant-${n % 3}`]));
  }
});

test("Last-Event-ID resumes", async () => {
  const port = await start();
  const first = await read(port);
  store.change({ flow: aFlow({ id: "seen" }), steps: [] });
  await first.sees('"seen"');
  const last = first.ids().at(-1);
  first.socket.destroy();
  store.change({ flow: aFlow({ id: "missed" }), steps: [] });
  const second = await read(port, "", `Last-Event-ID: ${last}\r\n`);
  await second.sees('"missed"');
  expect(second.text()).not.toContain('"seen"');
  expect(second.text()).not.toContain("resync");

  const third = await read(port, "", "Last-Event-ID: 000000000000-1\r\n");
  await third.sees("event: resync");
});

test("a reader that stops reading holds a bounded amount, is told to resync, and goes on", async () => {
  const port = await start({ slowBytes: 64 * 1024 });
  const slow = await read(port);
  slow.socket.pause();
  const message = "x".repeat(20_000);
  const flows = Array.from({ length: 1_000 }, (_, i) =>
    aFlow({ id: `flow-${i}`, error: { type: "Error", message, stack: null } }),
  );
  for (let i = 0; i < flows.length; i += 50) {
    store.change(...flows.slice(i, i + 50).map((flow) => ({ flow, steps: [] })));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const quick = await read(port);
  slow.socket.resume();
  await slow.sees("event: resync");
  // 20 MB were said; what it got is what fitted into the sockets.
  expect(slow.text().length).toBeLessThan(15_000_000);
  store.change({ flow: aFlow({ id: "afterwards" }), steps: [] });
  await Promise.all([slow.sees('"afterwards"'), quick.sees('"afterwards"')]);
});

test("a reader that leaves is forgotten; the server closes though readers are there", async () => {
  const port = await start({ lingerMs: 0 });
  const reader = await read(port);
  expect(store.listeners).toBe(1);
  reader.socket.destroy();
  await vi.waitFor(() => expect(store.listeners).toBe(0));

  const other = await read(port);
  const closed = once(other.socket, "close");
  await app.close();
  await closed;
});

test("over the limit of readers: 429 with Retry-After", async () => {
  const port = await start({ maxReaders: 1 });
  await read(port);
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/stream`);
  expect(response.status).toBe(429);
  expect(response.headers.get("retry-after")).toBe("1");
});
