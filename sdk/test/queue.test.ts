import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { ExportQueue, type QueueOptions, type Sent } from "../src/queue.ts";

/** A queue of numbers that sends to `answer`; odd ones are expendable. */
function queueTo(
  answer: (batch: number[]) => Sent | Promise<Sent>,
  options: Partial<QueueOptions<number>> = {},
) {
  const batches: number[][] = [];
  const losses: [number, string][] = [];
  const queue = new ExportQueue<number>({
    async send(batch) {
      batches.push(batch);
      return answer(batch);
    },
    onLoss: (count, why) => losses.push([count, why]),
    delayMs: 5,
    lanes: 1,
    random: () => 0,
    ...options,
  });
  return { queue, batches, losses };
}

const sent: Sent = { result: "sent" };

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

test("items go out together, after a short wait", async () => {
  const { queue, batches } = queueTo(() => sent);
  for (const item of upTo(3)) queue.add(item);
  expect(batches).toEqual([]);
  await sleep(40);
  expect(batches).toEqual([[0, 1, 2]]);
  expect(queue.counts()).toEqual({ exported: 3, queued: 0, dropped: 0, lastError: undefined });
});

test("a full batch goes at once, but never from inside add", async () => {
  const { queue, batches } = queueTo(() => sent, { batchSize: 4, delayMs: 10_000 });
  for (const item of upTo(4)) queue.add(item);
  expect(batches).toEqual([]);
  await sleep(20);
  expect(batches).toEqual([[0, 1, 2, 3]]);
});

test("hurried, what waits for company goes on the next turn", async () => {
  const { queue, batches } = queueTo(() => sent, { delayMs: 10_000 });
  queue.add(1);
  queue.hurry();
  expect(batches).toEqual([]);
  await sleep(20);
  expect(batches).toEqual([[1]]);
});

test("what can be sent later goes back to the front, and is tried again with longer and longer waits", async () => {
  let down = 3;
  const times: number[] = [];
  const { queue, batches } = queueTo(() => {
    times.push(performance.now());
    return down-- > 0 ? { result: "retry", message: "ECONNREFUSED" } : sent;
  });
  queue.add(1);
  await sleep(20);
  queue.add(2);
  await sleep(1100);
  expect(batches).toEqual([[1], [1, 2], [1, 2], [1, 2]]);
  const waits = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  expect(waits[0]).toBeGreaterThanOrEqual(120);
  expect(waits[1]).toBeGreaterThanOrEqual(245);
  expect(waits[2]).toBeGreaterThanOrEqual(495);
  expect(queue.counts()).toMatchObject({ exported: 2, queued: 0, dropped: 0 });
  expect(queue.counts().lastError?.message).toBe("ECONNREFUSED");
});

test("a wait that the collector asks for is kept", async () => {
  let first = true;
  const { queue, batches } = queueTo(() => {
    const answer: Sent = first ? { result: "retry", message: "busy", afterMs: 400 } : sent;
    first = false;
    return answer;
  });
  queue.add(1);
  await sleep(300);
  expect(batches).toHaveLength(1);
  await sleep(200);
  expect(batches).toHaveLength(2);
});

test("what can never be sent is dropped and counted, and the next goes on", async () => {
  const { queue, losses } = queueTo((batch) => (batch[0] === 0 ? { result: "lost", message: "400" } : sent), {
    batchSize: 2,
  });
  for (const item of upTo(4)) queue.add(item);
  await vi.waitFor(() => expect(queue.counts()).toMatchObject({ exported: 2, queued: 0, dropped: 2 }));
  expect(losses).toEqual([[2, "400"]]);
});

test("who refuses batch after batch is asked ever more seldom, and all the meantime is bounded", async () => {
  const times: number[] = [];
  const { queue } = queueTo(
    () => {
      times.push(performance.now());
      return times.length < 4 ? { result: "lost", message: "400" } : sent;
    },
    { bound: 10, batchSize: 2 },
  );
  for (const item of upTo(16)) queue.add(item);
  expect(queue.counts()).toMatchObject({ queued: 10, dropped: 6 });
  await vi.waitFor(() => expect(queue.counts()).toMatchObject({ exported: 4, queued: 0, dropped: 12 }), 5000);
  const waits = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  expect(waits[0]).toBeGreaterThanOrEqual(120);
  expect(waits[1]).toBeGreaterThanOrEqual(245);
  expect(waits[2]).toBeGreaterThanOrEqual(495);
});

test("a drain is not held up by what is lost for good", async () => {
  const { queue } = queueTo(() => ({ result: "lost", message: "400" }), { batchSize: 1 });
  for (const item of upTo(40)) queue.add(item);
  expect(await queue.drain(30_000, false)).toBe(true);
  expect(queue.counts()).toMatchObject({ queued: 0, dropped: 40 });
});

test("a sender that throws costs its batch, counted", async () => {
  const { queue } = queueTo(() => {
    throw new Error("unserialisable");
  });
  queue.add(1);
  await sleep(30);
  expect(queue.counts()).toMatchObject({ dropped: 1, queued: 0 });
});

test("items that the collector refused singly are counted", async () => {
  const { queue, losses } = queueTo(() => ({ result: "sent", refused: 1, message: "no tenant" }));
  for (const item of upTo(3)) queue.add(item);
  await sleep(30);
  expect(queue.counts()).toMatchObject({ exported: 2, dropped: 1 });
  expect(losses).toEqual([[1, "no tenant"]]);
});

test("a batch that is too large goes in halves, down to the one item that is", async () => {
  const { queue } = queueTo((batch) => (batch.includes(5) ? { result: "split", message: "413" } : sent));
  for (const item of upTo(8)) queue.add(item);
  expect(await queue.drain(1000, true)).toBe(true);
  expect(queue.counts()).toMatchObject({ exported: 7, dropped: 1, queued: 0 });
});

test("over the bound, expendable items go first, then new ones; all are counted", async () => {
  const { queue } = queueTo(() => new Promise<Sent>(() => {}), {
    bound: 10,
    expendable: (item) => item % 2 === 1,
  });
  for (const item of upTo(10)) queue.add(item);
  queue.add(100);
  expect(queue.counts()).toMatchObject({ queued: 6, dropped: 5 });
  for (const item of [102, 104, 106, 108, 110, 111, 112]) queue.add(item);
  expect(queue.counts()).toMatchObject({ queued: 10, dropped: 8 });
});

test("asked before one is made, a full queue counts it and says so", () => {
  const { queue } = queueTo(() => new Promise<Sent>(() => {}), {
    bound: 2,
    expendable: (item) => item % 2 === 1,
  });
  expect(queue.admits(true)).toBe(true);
  queue.add(1);
  queue.add(2);
  expect(queue.admits(true)).toBe(false);
  expect(queue.counts()).toMatchObject({ queued: 2, dropped: 1 });
  // What is expendable makes room.
  expect(queue.admits(false)).toBe(true);
  queue.add(4);
  expect(queue.admits(false)).toBe(false);
  expect(queue.counts()).toMatchObject({ queued: 2, dropped: 3 });
});

test("drain sends all there is, and more that comes meanwhile", async () => {
  const { queue } = queueTo(() => sleep(5, sent), { batchSize: 10, delayMs: 10_000 });
  for (const item of upTo(35)) queue.add(item);
  expect(await queue.drain(1000, true)).toBe(true);
  expect(queue.counts()).toMatchObject({ exported: 35, queued: 0 });
});

test("drain gives up when its time is over", async () => {
  const { queue } = queueTo(() => new Promise<Sent>(() => {}));
  queue.add(1);
  expect(await queue.drain(50, true)).toBe(false);
});

test("an impatient drain stops at the first failure", async () => {
  const { queue } = queueTo(() => ({ result: "retry", message: "down" }));
  queue.add(1);
  expect(await queue.drain(5000, false)).toBe(false);
  expect(queue.counts().queued).toBe(1);
});

test("close counts what is left, and what comes later, as dropped", async () => {
  const { queue } = queueTo(() => new Promise<Sent>(() => {}));
  queue.add(1);
  queue.close();
  queue.add(2);
  await sleep(20);
  expect(queue.counts()).toMatchObject({ queued: 0, dropped: 2 });
});

test("a burst into a queue whose collector hangs is bounded", () => {
  const { queue } = queueTo(() => new Promise<Sent>(() => {}), { bound: 20_000 });
  for (let i = 0; i < 1_000_000; i++) queue.add(i);
  expect(queue.counts()).toMatchObject({ queued: 20_000, dropped: 980_000 });
});
