import { once } from "node:events";
import { createReadStream } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, onTestFinished, test } from "vitest";
import { flow, health, step } from "../src/index.ts";
import { record, thrownBy } from "./recorder.ts";

const IMPORT = { name: "data_import", tenant: "acme-corp" };

/** A step `read` in a flow of its own, around whatever `fn` returns. */
function inStep<T>(fn: () => T): T {
  return flow.open(IMPORT).run(() => step.start("read", fn));
}

test("a generator's step is open until it has been read to the end, and its body runs in the step", async () => {
  const recorder = record();
  const names: unknown[] = [];
  function* rows(): Generator<number, string, string> {
    names.push(step.current()?.name, yield 1);
    names.push(step.start("inner", () => flow.current()?.name));
    return "all";
  }
  const generator = inStep(rows);
  expect(health().openSteps).toBe(1);
  expect(names).toEqual([]);
  expect(generator.next("ignored")).toEqual({ done: false, value: 1 });
  expect(health().openSteps).toBe(1);
  expect(generator.next("sent")).toEqual({ done: true, value: "all" });
  expect(health().openSteps).toBe(0);
  expect(names).toEqual(["read", "sent", "data_import"]);
  expect(step.current()).toBeUndefined();
  const read = await recorder.one("read");
  expect(read.status).toBe("succeeded");
  expect((await recorder.one("inner")).parentSpanId).toBe(read.spanId);
  expect(generator.next()).toEqual({ done: true, value: undefined });
});

test("a wrapped generator function gives a generator like any other", async () => {
  const recorder = record();
  function* rows(this: { from: number }, to: number): Generator<number> {
    for (let n = this.from; n <= to; n++) yield n;
  }
  const wrapped = step.wrap("read", rows);
  const inFlow = flow.wrap(IMPORT, function* all(this: { from: number }, to: number) {
    yield* wrapped.call(this, to);
  });
  const generator = inFlow.call({ from: 2 }, 4);
  expect(Object.prototype.toString.call(generator)).toBe("[object Generator]");
  expect(generator[Symbol.iterator]()).toBe(generator);
  expect(Object.keys(generator)).toEqual([]);
  expect([...generator.map((n) => n * 2)]).toEqual([4, 6, 8]);
  expect((await recorder.one("data_import")).status).toBe("succeeded");
  expect((await recorder.one("read")).status).toBe("succeeded");
});

test("a generator that is closed early, by break, return or using, ends its step as succeeded", async () => {
  const recorder = record();
  let closed = 0;
  function* endless(): Generator<number> {
    try {
      for (let n = 0; ; n++) yield n;
    } finally {
      closed++;
    }
  }
  for (const n of inStep(endless)) if (n === 3) break;
  const returned = inStep(endless);
  returned.next();
  expect(returned.return("early")).toEqual({ done: true, value: "early" });
  const disposed = inStep(endless);
  disposed.next();
  dispose(disposed);
  expect(closed).toBe(3);
  const reads = (await recorder.finished()).filter((span) => span.name === "read");
  expect(reads.map((span) => span.status)).toEqual(["succeeded", "succeeded", "succeeded"]);
});

test("a generator that fails fails its step with the same error; one that catches what is thrown in goes on", async () => {
  const recorder = record();
  const error = new Error("row 2 is bad");
  const failing = inStep(function* () {
    yield 1;
    throw error;
  });
  failing.next();
  expect(thrownBy(() => failing.next())).toBe(error);
  expect(await recorder.one("read")).toMatchObject({ status: "failed" });

  const catching = inStep(function* () {
    try {
      yield 1;
    } catch {
      yield "caught";
    }
  });
  catching.next();
  expect(catching.throw(error)).toEqual({ done: false, value: "caught" });
  expect(health().openSteps).toBe(1);
  expect(thrownBy(() => catching.throw(error))).toBe(error);
  expect(health().openSteps).toBe(0);
});

test("an async generator: read, closed, failed; its body runs in the step after each await", async () => {
  const recorder = record();
  const names: unknown[] = [];
  async function* rows(fail: boolean): AsyncGenerator<number> {
    for (let n = 0; n < 3; n++) {
      await Promise.resolve();
      names.push(step.current()?.name);
      yield n;
    }
    if (fail) throw new RangeError("gone");
  }
  const got: number[] = [];
  for await (const n of inStep(() => rows(false))) got.push(n);
  expect(got).toEqual([0, 1, 2]);
  expect(names.splice(0)).toEqual(["read", "read", "read"]);
  for await (const _ of inStep(() => rows(true))) break;
  const failing = inStep(() => rows(true));
  await expect(listOf(failing)).rejects.toThrow(RangeError);
  const disposed = await inStep(async () => rows(true));
  await disposed.next();
  await disposeAsync(disposed);
  const reads = (await recorder.finished()).filter((span) => span.name === "read").map((span) => span.status);
  expect(reads).toEqual(["succeeded", "succeeded", "failed", "succeeded"]);
});

test("a generator that is frozen, or an iterator that is no generator, is a value like any other", async () => {
  const recorder = record();
  const frozen = inStep(() =>
    Object.freeze(
      (function* () {
        yield 1;
      })(),
    ),
  );
  expect([...frozen]).toEqual([1]);
  expect([...inStep(() => new Map([[1, 2]]).values())]).toEqual([2]);
  expect(await recorder.finished()).toHaveLength(2);
});

test("a Node stream is the same object, and its step ends when it has been read", async () => {
  const recorder = record();
  const file = createReadStream(import.meta.filename);
  const listeners = file.listenerCount("end") + file.listenerCount("close");
  expect(inStep(() => file)).toBe(file);
  expect(file.isPaused() || file.readableFlowing === null).toBe(true);
  expect(health().openSteps).toBe(1);
  file.resume();
  await once(file, "close");
  expect(await recorder.one("read")).toMatchObject({ status: "succeeded" });
  expect(file.listenerCount("end") + file.listenerCount("close")).toBe(listeners);
});

test("a stream that comes by a promise, through a pipeline, or was read already", async () => {
  const recorder = record();
  const through = await inStep(async () => Readable.from(["a", "b"]));
  expect(health().openSteps).toBe(1);
  await pipeline(through, new PassThrough(), async (chunks) => {
    for await (const _chunk of chunks);
  });
  expect(health().openSteps).toBe(0);
  const over = Readable.from([]);
  for await (const _chunk of over);
  inStep(() => over);
  expect(health().openSteps).toBe(0);
  expect(await recorder.finished()).toHaveLength(2);
});

test("a stream that fails fails its step; that it fails still ends a process that does not listen", async () => {
  const recorder = record();
  const stream = inStep(() => new PassThrough());
  const error = new Error("disk");
  stream.destroy(error);
  // Nobody listens for "error": it must be thrown, as without us.
  const uncaught = await new Promise((resolve) => {
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", (thrown) => {
      for (const listener of listeners) process.on("uncaughtException", listener);
      resolve(thrown);
    });
  });
  expect(uncaught).toBe(error);
  expect(await recorder.one("read")).toMatchObject({ status: "failed" });
});

test("a stream that is destroyed without an error, and one that was aborted", async () => {
  const recorder = record();
  const stream = inStep(() => new PassThrough());
  stream.destroy();
  await once(stream, "close");
  expect(await recorder.one("read")).toMatchObject({ status: "succeeded" });
  const stop = new AbortController();
  const aborted = inStep(() => new Readable({ read() {}, signal: stop.signal }));
  stop.abort();
  await once(aborted, "error");
  expect((await recorder.finished()).map((span) => span.status)).toEqual(["succeeded", "cancelled"]);
});

test("a socket is a connection and no answer to read: its step ends at once", async () => {
  record();
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const socket = inStep(() => connect((server.address() as AddressInfo).port, "127.0.0.1"));
  onTestFinished(() => void socket.destroy());
  expect(health().openSteps).toBe(0);
});

function web(chunks: number, error?: Error): ReadableStream<number> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent < chunks) controller.enqueue(sent++);
      else if (error === undefined) controller.close();
      else controller.error(error);
    },
  });
}

test.each<[string, (stream: ReadableStream<number>) => Promise<unknown>]>([
  ["for await", (stream) => listOf(stream)],
  ["for await with a break", (stream) => firstOf(stream)],
  ["a reader", (stream) => readAll(stream.getReader())],
  [
    "two readers one after another",
    async (stream) => {
      const first = stream.getReader();
      await first.read();
      first.releaseLock();
      expect(health().openSteps).toBe(1);
      await readAll(stream.getReader());
    },
  ],
  ["a Response", (stream) => new Response(stream.pipeThrough(bytes())).arrayBuffer()],
  ["pipeTo", (stream) => stream.pipeTo(new WritableStream())],
  ["pipeThrough", (stream) => listOf(stream.pipeThrough(bytes()))],
  ["tee", (stream) => Promise.all(stream.tee().map((branch) => listOf(branch)))],
  ["cancel", (stream) => stream.cancel("enough")],
  ["Readable.fromWeb", (stream) => listOf(Readable.fromWeb(stream as never, { objectMode: true }))],
])("a web stream is the same object, and its step ends when it has been read by %s", async (_by, read) => {
  const recorder = record();
  const stream = web(3);
  expect(inStep(() => stream)).toBe(stream);
  expect(Object.keys(stream)).toEqual([]);
  expect(health().openSteps).toBe(1);
  await read(stream);
  // The reader that hears it is one turn behind the one that reads.
  await new Promise((done) => setImmediate(done));
  expect(health().openSteps).toBe(0);
  expect(await recorder.one("read")).toMatchObject({ status: "succeeded" });
});

test.each<[string, (stream: ReadableStream<number>) => Promise<unknown>]>([
  ["for await", (stream) => listOf(stream)],
  ["a reader", (stream) => readAll(stream.getReader())],
  ["pipeTo", (stream) => stream.pipeTo(new WritableStream())],
  ["pipeThrough", (stream) => listOf(stream.pipeThrough(bytes()))],
  ["tee", (stream) => listOf(stream.tee()[0])],
])("a web stream that fails while read by %s fails its step with the same error", async (_by, read) => {
  const recorder = record();
  const error = new Error("gone");
  await expect(read(inStep(() => web(2, error)))).rejects.toBe(error);
  await new Promise((done) => setImmediate(done));
  expect((await recorder.one("read")).error).toMatchObject({ "exception.message": "gone" });
});

function bytes(): TransformStream<number, Uint8Array> {
  return new TransformStream({ transform: (n, controller) => controller.enqueue(Uint8Array.of(n)) });
}

async function listOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

async function firstOf(stream: ReadableStream<number>): Promise<number | undefined> {
  for await (const n of stream) return n;
  return undefined;
}

async function readAll(reader: ReadableStreamDefaultReader<number>): Promise<void> {
  while (!(await reader.read()).done);
}

/** What `using` does. Generators of Node 22 have no method for it to call. */
function dispose(generator: Generator): void {
  const { [Symbol.dispose]: end } = generator as Partial<Disposable>;
  if (end !== undefined) Reflect.apply(end, generator, []);
  else generator.return(undefined);
}

async function disposeAsync(generator: AsyncGenerator): Promise<void> {
  const { [Symbol.asyncDispose]: end } = generator as Partial<AsyncDisposable>;
  if (end !== undefined) await Reflect.apply(end, generator, []);
  else await generator.return(undefined);
}
