import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline, Readable } from "node:stream";
import express from "express";
import fastify from "fastify";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TestClock } from "../../src/testing.ts";
import {
  EVENT_STREAM_HEADERS,
  eventStream,
  type MessagesOptions,
  repeat,
  run,
  setState,
  wait,
  waitUntil,
  workflow,
} from "../../src/workflow/index.ts";
import { settled } from "./hearing.ts";

let clock: TestClock;
const closing: (() => unknown)[] = [];

beforeEach(() => {
  clock = new TestClock();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const initialState = { n: 0, secret: "s3cret" };
const add = setState((state: typeof initialState) => ({ ...state, n: state.n + 1 }));
const counting = workflow("counting", { initialState }, wait(10), add, wait(10), add);

function dataIn(text: string): { type: string; state: { n: number }; status: string; error?: object }[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, json = ""]) => JSON.parse(json));
}

test("tells how the run stands, each change and the end, and closes", async () => {
  const started = counting.start({ clock });
  const text = new Response(eventStream(started)).text();
  await settled();
  await clock.advance(20);
  expect(await text).toMatch(/^retry: 1000\n\n/);
  expect(dataIn(await text).map(({ type, state, status }) => [type, state.n, status])).toEqual([
    ["state", 0, "running"],
    ["state", 1, "running"],
    ["state", 2, "running"],
    ["done", 2, "succeeded"],
  ]);
});

test("an error is its type and message, never the stack; the page gets what it may see of the state", async () => {
  const failing = workflow(
    "fails",
    { initialState },
    run("work", () => Promise.reject(new RangeError("no\nsuch book"))),
  );
  const text = await new Response(eventStream(failing.start(), { select: ({ n }) => ({ n }) })).text();
  expect(dataIn(text).at(-1)).toMatchObject({
    type: "error",
    status: "failed",
    path: ["work"],
    state: { n: 0 },
    error: { type: "RangeError", message: "no\nsuch book" },
  });
  expect(text).not.toContain("s3cret");
  expect(text).not.toContain(import.meta.filename);
});

test("a page that goes away lets go of the run", async () => {
  const started = counting.start({ clock });
  const reader = eventStream(started).getReader();
  await reader.read();
  await reader.cancel();
  await settled();
  await clock.advance(20);
  await started.done;
});

test("a page that reads nothing is not buffered for", async () => {
  const busy = workflow(
    "busy",
    { initialState },
    waitUntil((state) => state.n > 0),
    repeat(add, { times: 10_000 }),
  );
  const started = busy.start();
  const stream = eventStream(started, { limit: 8 });
  started.signal((state) => ({ ...state, n: 1 }));
  await started.done;
  const seen = dataIn(await new Response(stream).text());
  expect(seen.length).toBeLessThan(12);
  expect(seen.at(-1)).toMatchObject({ type: "done", state: { n: 10_001 } });
});

test("signs of life keep a silent connection open", async () => {
  const started = workflow("silent", { initialState }, wait(1000)).start({ clock });
  const reader = eventStream(started, { heartbeat: 5 }).getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes(": alive")) text += decoder.decode((await reader.read()).value);
  await reader.cancel();
  await started.stop();
  expect(() => eventStream(started, { heartbeat: 0 })).toThrow(
    "expected heartbeat to be milliseconds above 0, got 0",
  );
});

const servers = {
  async express(stream: () => ReadableStream<Uint8Array>): Promise<string> {
    const app = express();
    app.get("/events", (_req, res) => {
      res.writeHead(200, EVENT_STREAM_HEADERS);
      pipeline(Readable.fromWeb(stream() as never), res, () => {});
    });
    const server = createServer(app).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    closing.push(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  },
  async fastify(stream: () => ReadableStream<Uint8Array>): Promise<string> {
    const app = fastify();
    app.get("/events", (_req, reply) => reply.headers(EVENT_STREAM_HEADERS).send(stream()));
    closing.push(() => app.close());
    return `${await app.listen({ port: 0, host: "127.0.0.1" })}/events`;
  },
};

test.each(["express", "fastify"] as const)("goes through %s, live", async (name) => {
  const started = counting.start({ clock });
  const response = await fetch(await servers[name](() => eventStream(started)));
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const until = async (pattern: RegExp) => {
    while (!pattern.test(text)) text += (await reader?.read())?.value ?? "";
  };
  await until(/"n":0/);
  await clock.advance(10);
  await until(/"n":1/);
  await clock.advance(10);
  await until(/"type":"done"/);
  expect((await reader?.read())?.done).toBe(true);
});

test.each(["express", "fastify"] as const)("a page that leaves is told no more, by %s", async (name) => {
  const started = counting.start({ clock });
  let told = true;
  const watched: typeof started = Object.create(started, {
    messages: {
      value: (options: MessagesOptions) => {
        const messages = started.messages(options);
        const leave = messages.return.bind(messages);
        messages.return = async () => {
          told = false;
          return leave();
        };
        return messages;
      },
    },
  });
  const leaving = new AbortController();
  const address = await servers[name](() => eventStream(watched));
  const response = await fetch(address, { signal: leaving.signal });
  await response.body?.getReader().read();
  expect(told).toBe(true);
  leaving.abort();
  await vi.waitFor(() => expect(told).toBe(false));
});
