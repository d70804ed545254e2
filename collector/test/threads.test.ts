import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { detailOf, WeirError } from "../src/errors.ts";
import { release } from "../src/own-bytes.ts";
import { parcel } from "../src/threads/parcel.ts";
import { Thread, type ThreadBounds } from "../src/threads/thread.ts";
import type { EchoCalls, EchoData } from "./threads/echo.ts";

const BOUNDS: ThreadBounds = { calls: 100, bytes: 1_000_000, waitMs: 60_000 };
const warnings: string[] = [];
const threads: Thread<EchoCalls>[] = [];

async function start(bounds: Partial<ThreadBounds> = {}, data: EchoData = {}): Promise<Thread<EchoCalls>> {
  const thread = await Thread.start<EchoCalls>({
    name: "the echo",
    entry: new URL("./threads/echo.ts", import.meta.url),
    data,
    bounds: { ...BOUNDS, ...bounds },
    warn: (line) => void warnings.push(line),
  });
  threads.push(thread);
  return thread;
}

afterEach(async () => {
  await Promise.allSettled(threads.splice(0).map((thread) => thread.close()));
  warnings.length = 0;
});

describe("calls", () => {
  test("are answered with what they were made with, bytes small and large in their order", async () => {
    const thread = await start();
    // Short ones lie in the pool that all buffers share; the long one has its memory to itself.
    const texts = ["a", "", "ä".repeat(50_000), "b".repeat(3000), "c".repeat(40_000)];
    const answers = await Promise.all(
      texts.map((text, n) => thread.call("echo", { n }, { bytes: Buffer.from(text) })),
    );
    expect(answers).toEqual(texts.map((text, n) => ({ argument: { n }, text })));
    expect(Buffer.from("the pool is still there").toString()).toBe("the pool is still there");
  });

  test("give bytes back, small and large", async () => {
    const thread = await start();
    const lengths = [0, 1, 100_000, 5];
    const lists = await thread.call("giveEach", lengths);
    expect(lists.map((bytes) => [bytes.length, bytes.every((byte) => byte === 7)])).toEqual(
      lengths.map((length) => [length, true]),
    );
    const given = await Promise.all(lengths.map((length) => thread.call("give", length)));
    expect(given.map((bytes) => [bytes.length, bytes.every((byte) => byte === 7)])).toEqual(
      lengths.map((length) => [length, true]),
    );
  });

  test("fail with the code and the message that they failed with, and the whole of the cause for the log", async () => {
    const thread = await start();
    const expected = await thread.call("failAsExpected", undefined).catch((error: unknown) => error);
    expect(expected).toBeInstanceOf(WeirError);
    expect(expected).toMatchObject({ code: "not_found", message: "no such thing" });
    expect(detailOf((expected as WeirError).cause)).toContain("Error: the reason\n");
    const mistake = await thread.call("failByMistake", undefined).catch((error: unknown) => error);
    expect(mistake).toMatchObject({ code: "internal", message: expect.not.stringContaining("a mistake") });
    expect(detailOf((mistake as WeirError).cause)).toContain("TypeError: a mistake");
  });

  test("with an argument or an answer that can't cross fail, and those beside them too, but nothing hangs", async () => {
    const thread = await start();
    await expect(thread.call("giveWhatCannotCross", undefined)).rejects.toMatchObject({ code: "internal" });
    await expect(thread.call("echo", () => {})).rejects.toMatchObject({ code: "internal" });
    expect(await thread.call("echo", 1)).toEqual({ argument: 1, text: "" });
  });

  test("may leave a line in the log", async () => {
    const thread = await start();
    await thread.call("warn", "the disk is nearly full");
    expect(warnings).toEqual(["the disk is nearly full"]);
  });
});

describe("what waits is bounded", () => {
  const overloaded = { code: "overloaded" };

  test("in number", async () => {
    const thread = await start({ calls: 2 });
    const waiting = [thread.call("wait", undefined), thread.call("wait", undefined)];
    await expect(thread.call("echo", 1)).rejects.toMatchObject(overloaded);
    await thread.call("go", undefined, { patient: true });
    expect(await Promise.all(waiting)).toEqual(["gone on", "gone on"]);
    expect(await thread.call("echo", 1)).toMatchObject({ argument: 1 });
  });

  test("but what was let in elsewhere is not refused; it counts, and has waited since then", async () => {
    const thread = await start({ calls: 2, waitMs: 1000 });
    const longAgo = performance.now() - 2000;
    const waiting = [1, 2, 3].map(() => thread.call("wait", undefined, { since: longAgo }));
    expect(thread.waiting).toBe(3);
    expect(thread.refusal()).toMatchObject(overloaded);
    await thread.call("go", undefined, { patient: true });
    await Promise.all(waiting);
    const old = thread.call("wait", undefined, { since: longAgo });
    await expect(thread.call("echo", 1)).rejects.toMatchObject(overloaded);
    await thread.call("go", undefined, { patient: true });
    await old;
    expect(thread.refusal()).toBeUndefined();
  });

  test("in bytes, but one that is larger than all that may wait goes alone", async () => {
    const thread = await start({ bytes: 1000 });
    const large = thread.call("echo", 1, { bytes: Buffer.alloc(2000, "x") });
    await expect(thread.call("echo", 2, { bytes: Buffer.alloc(1) })).rejects.toMatchObject(overloaded);
    expect((await large).text).toHaveLength(2000);
    expect(await thread.call("echo", 3, { bytes: Buffer.from("y") })).toEqual({ argument: 3, text: "y" });
  });

  test("in time: nobody joins a queue whose first has waited too long", async () => {
    const thread = await start({ waitMs: 50 });
    const first = thread.call("wait", undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await expect(thread.call("echo", 1)).rejects.toMatchObject(overloaded);
    await thread.call("go", undefined, { patient: true });
    expect(await first).toBe("gone on");
    expect(await thread.call("echo", 1)).toMatchObject({ argument: 1 });
  });

  test("patient calls count towards no bound", async () => {
    const thread = await start({ calls: 1, waitMs: 50 });
    const patient = thread.call("wait", undefined, { patient: true });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await thread.call("echo", 1)).toMatchObject({ argument: 1 });
    await thread.call("go", undefined);
    expect(await patient).toBe("gone on");
  });
});

describe("a thread that dies", () => {
  test("refuses all that waits, says so, and is there again", async () => {
    const thread = await start();
    const first = await thread.call("thread", undefined);
    const waiting = [thread.call("wait", undefined), thread.call("throwOutside", undefined)];
    for (const { reason } of (await Promise.allSettled(waiting)) as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ code: "unavailable", message: "the echo ended: try it again" });
    }
    expect(warnings).toEqual([expect.stringContaining("the echo ended by itself, and is started again")]);
    expect(warnings[0]).toContain("nobody catches this");
    await expect(thread.call("echo", 1)).rejects.toMatchObject({ code: "unavailable" });
    const again = await vi.waitFor(() => thread.call("thread", undefined), { timeout: 5_000 });
    expect(again).not.toBe(first);
  });

  test("is tried again until it starts", async () => {
    const starts = new Int32Array(new SharedArrayBuffer(4));
    const thread = await start({}, { starts });
    await expect(thread.call("throwOutside", undefined)).rejects.toMatchObject({ code: "unavailable" });
    await vi.waitFor(() => thread.call("echo", 1), { timeout: 5_000 });
    expect(starts[0]).toBe(3);
    expect(warnings[1]).toContain("could not start, and is tried again: no room for another thread");
  });

  test("told to close while it starts again ends, and nothing is said of another try", async () => {
    // Counted from 2: the second of all is refused.
    const shared = (value: number) => new Int32Array(new SharedArrayBuffer(4)).fill(value);
    const [starts, gate, ends] = [shared(2), shared(1), shared(0)];
    const thread = await start({}, { starts, gate, ends });
    Atomics.store(gate, 0, 0);
    await expect(thread.call("throwOutside", undefined)).rejects.toMatchObject({ code: "unavailable" });
    const before = warnings.length;
    await vi.waitFor(() => expect(starts[0]).toBe(4), { timeout: 5_000 });
    const closed = thread.close();
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await closed;
    expect(ends[0]).toBe(2);
    expect(warnings.slice(before)).toEqual([]);
  });

  test("while it is closing stays away", async () => {
    const thread = await start();
    const waiting = thread.call("throwOutside", undefined);
    const closed = thread.close();
    await expect(waiting).rejects.toMatchObject({ code: "unavailable" });
    await closed;
    expect(warnings).toEqual([]);
  });
});

describe("starting and closing", () => {
  test("a thread that can't start says why", async () => {
    await expect(start({}, { refuseToStart: true })).rejects.toMatchObject({
      code: "unavailable",
      message: "no room for another thread",
    });
  });

  test("closing waits for answers, and takes no more calls", async () => {
    const thread = await start();
    const waiting = thread.call("wait", undefined);
    const order: string[] = [];
    const answered = waiting.then(() => order.push("answered"));
    // Made before, sent with it.
    const going = thread.call("go", undefined);
    const closed = thread.close().then(() => order.push("closed"));
    await expect(thread.call("echo", 1)).rejects.toMatchObject({ message: "the echo is closing" });
    await Promise.all([answered, going, closed]);
    expect(order).toEqual(["answered", "closed"]);
  });

  test("closing does not wait for patient calls", async () => {
    const thread = await start();
    const refused = expect(thread.call("wait", undefined, { patient: true })).rejects.toMatchObject({
      code: "unavailable",
    });
    await thread.close();
    await refused;
  });

  test("a thread that has closed ends by itself", async () => {
    const ends = new Int32Array(new SharedArrayBuffer(4));
    const thread = await start({}, { lingers: 100, ends });
    await thread.close();
    expect(ends[0]).toBe(1);
  });

  test("a thread that has closed, and does not end, is ended", async () => {
    const ends = new Int32Array(new SharedArrayBuffer(4));
    const thread = await start({}, { lingers: 3_600_000, ends });
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const closed = thread.close();
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    vi.advanceTimersToNextTimer();
    await closed;
    expect(ends[0]).toBe(0);
  });

  test("closing that goes wrong says why", async () => {
    const thread = await start({}, { refuseToClose: true });
    await expect(thread.close()).rejects.toMatchObject({ message: "the file is gone" });
  });
});

describe("bytes on their way to another thread", () => {
  test("are handed over where they have their buffer to themselves, and copied where others live in it too", () => {
    const [own, shared] = [new Uint8Array(64 * 1024).fill(1), new Uint8Array(96 * 1024).fill(2)];
    const part = shared.subarray(0, 64 * 1024);
    const { parts, transfer } = parcel([own, undefined, part]);
    expect(transfer).toContain(own.buffer);
    expect(transfer).not.toContain(shared.buffer);
    const [, arrived] = structuredClone([own, ...parts.slice(1)], { transfer })
      .filter((each) => each !== undefined)
      .map((each) => [each.length, each[0]]);
    expect(arrived).toEqual([64 * 1024, 2]);
    expect([own.length, shared.length]).toEqual([0, 96 * 1024]);
  });

  test("are let go of where they have their buffer to themselves, and stay where others live in it too", () => {
    const [own, shared, pooled] = [new Uint8Array(100), Buffer.alloc(100, 7), Buffer.from("weir")];
    const part = shared.subarray(0, 50);
    for (const bytes of [own, part, pooled]) release(bytes);
    expect([own.length, shared[49], pooled.toString()]).toEqual([0, 7, "weir"]);
  });
});
