/** How much may be in hand at once. */
import { connect } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type AppOptions, createApp } from "../src/app.ts";
import { Gate } from "../src/otlp/gate.ts";
import { turns } from "../src/otlp/turns.ts";
import { createFakeStore } from "./fake-store.ts";
import { aSpan, jsonBody } from "./otlp-support.ts";
import { parseMetrics } from "./prometheus.ts";

const OVERLOADED = expect.objectContaining({ code: "overloaded" });

describe("the gate", () => {
  test("takes so many bytes; one that is larger when it comes alone", () => {
    const gate = new Gate({ maxBytes: 100 });
    const small = gate.enter(0);
    const large = gate.enter(0);
    large.grow(150);
    // Full: no one else begins, and who began before gets no further.
    expect(() => gate.enter(0)).toThrow(OVERLOADED);
    expect(() => small.grow(1)).toThrow(OVERLOADED);
    expect(gate.figures()).toMatchObject({ requests: 2, bytes: 150 });
    large.leave();
    large.leave();
    small.grow(60);
    small.grow(40);
    expect(() => gate.enter(1)).toThrow(OVERLOADED);
    small.leave();
    expect(gate.figures()).toMatchObject({ requests: 0, bytes: 0 });
  });

  test("takes no more while the store keeps one waiting too long", () => {
    let now = 0;
    const gate = new Gate({ maxWaitMs: 5_000, now: () => now });
    const slow = gate.enter(10);
    now = 60_000;
    // It is still arriving: a slow sender holds up nobody.
    gate.enter(10).leave();
    void slow.turn();
    now += 5_000;
    gate.enter(10).leave();
    now += 1;
    expect(gate.figures().waitMs).toBe(5_001);
    expect(() => gate.enter(10)).toThrow(OVERLOADED);
    slow.leave();
    gate.enter(10).leave();
  });

  test("gives turns in order, so many bytes at a time, or one that is larger", async () => {
    const gate = new Gate({ turnBytes: 100 });
    const began: number[] = [];
    const tickets = [60, 40, 500, 10, 10].map((bytes, n) => {
      const ticket = gate.enter(bytes);
      void ticket.turn().then(() => began.push(n));
      return ticket;
    });
    const leave = async (n: number) => {
      tickets[n]?.leave();
      await new Promise((resolve) => setImmediate(resolve));
      return began;
    };
    expect(await leave(-1)).toEqual([0, 1]);
    // Nobody passes one that is large, or it would wait for ever.
    expect(await leave(0)).toEqual([0, 1]);
    expect(await leave(1)).toEqual([0, 1, 2]);
    expect(await leave(2)).toEqual([0, 1, 2, 3, 4]);
    await leave(3);
    await leave(4);
    expect(gate.figures()).toMatchObject({ requests: 0, bytes: 0, waitMs: 0 });
  });

  test("who has gone before its turn is not worked for, and makes room", async () => {
    const gate = new Gate({ turnBytes: 1 });
    const first = gate.enter(1);
    await first.turn();
    const gone = gate.enter(1);
    const turn = gone.turn();
    gone.abandon();
    expect(gate.figures().requests).toBe(2);
    first.leave();
    await expect(turn).rejects.toEqual(OVERLOADED);
    gone.leave();
    const arriving = gate.enter(1);
    arriving.abandon();
    expect(gate.figures()).toMatchObject({ requests: 0, bytes: 0 });
    await gate.enter(1).turn();
  });
});

test("so many at a time, the others in their order", async () => {
  const inTurn = turns(2);
  const order: number[] = [];
  let busy = 0;
  const work = (n: number) =>
    inTurn(async () => {
      expect(++busy).toBeLessThanOrEqual(2);
      order.push(n);
      await new Promise((resolve) => setImmediate(resolve));
      busy -= 1;
      if (n === 1) throw new Error("failed");
      return n;
    });
  const done = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
  expect(done.map(({ status }) => status === "fulfilled")).toEqual([true, false, true, true, true]);
  expect(order).toEqual([0, 1, 2, 3, 4]);
});

describe("at the door", () => {
  let app = createApp({ store: createFakeStore() });
  afterEach(() => app.close());

  async function start(options: Partial<AppOptions>): Promise<string> {
    app = createApp({ store: createFakeStore(), ...options });
    return app.listen({ port: 0, host: "127.0.0.1" });
  }

  const queue = async () => {
    const metrics = parseMetrics((await app.inject("/metrics")).body);
    return [metrics.value("weir_queue_requests")({}), metrics.value("weir_queue_bytes")({})];
  };

  function post(url: string): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return fetch(`${url}/v1/traces`, { method: "POST", body: new Uint8Array(jsonBody([aSpan()])), headers });
  }

  test("what is over the bound is 429 until there is room; the answers of others go on", async () => {
    const committed = Promise.withResolvers<void>();
    const url = await start({ accept: () => committed.promise, gate: { maxBytes: 100 } });
    const first = post(url);
    await vi.waitFor(async () => expect(await queue()).toEqual([1, jsonBody([aSpan()]).length]));
    const second = await post(url);
    expect(second.status).toBe(429);
    expect(second.headers.get("retry-after")).toBe("1");
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    committed.resolve();
    expect((await first).status).toBe(200);
    await vi.waitFor(async () => expect(await queue()).toEqual([0, 0]));
    expect((await post(url)).status).toBe(200);
  });

  test("who promises much and sends nothing, or goes away, holds nothing", async () => {
    const url = await start({ gate: { maxBytes: 1_000 } });
    const { port, hostname } = new URL(url);
    const sockets = Array.from({ length: 5 }, () => {
      const socket = connect(Number(port), hostname);
      socket.write(
        "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
      );
      return socket;
    });
    await vi.waitFor(async () => expect(await queue()).toEqual([5, 5]));
    expect((await post(url)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => expect(await queue()).toEqual([0, 0]));
  });
});
