import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { Heap, type HeapItem } from "../../src/heap.ts";
import { abortError, endingOf, linkSignals } from "../../src/run/cancel.ts";
import { createRunClock } from "../../src/run/clock.ts";
import { IllegalMove } from "../../src/run/errors/illegal-move.ts";
import { InputMismatch } from "../../src/run/errors/input-mismatch.ts";
import { ProgramChanged } from "../../src/run/errors/program-changed.ts";
import { RunIdTaken } from "../../src/run/errors/run-id-taken.ts";
import { memoryJournal } from "../../src/run/memory-journal.ts";
import { childPath, keyOf, ROOT } from "../../src/run/path.ts";
import { checkRetry, retryDelay } from "../../src/run/retry.ts";
import { sameRun } from "../../src/run/same-run.ts";
import { hasEnded, moved } from "../../src/run/status.ts";
import { newRun } from "./places.ts";

describe("paths", () => {
  const key = fc.string({ unit: "binary" });

  test("two places never have one path", () => {
    const place = fc.array(fc.tuple(key, fc.integer({ min: 1, max: 12 })), { minLength: 1, maxLength: 4 });
    const pathOf = (parts: [string, number][]) =>
      parts.reduce((above, [k, n]) => childPath(above, k, n), ROOT);
    fc.assert(
      fc.property(place, place, (a, b) => {
        expect(pathOf(a) === pathOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  test("give the key back, hold no control characters and are well-formed text", () => {
    fc.assert(
      fc.property(key, key, (above, k) => {
        const path = childPath(childPath(ROOT, above, 1), k, 2);
        expect(keyOf(path)).toBe(k);
        expect(path.isWellFormed()).toBe(true);
        expect(path).not.toMatch(/\p{Cc}/u);
      }),
    );
    expect(childPath("/a", "b:c/d#2%\ud800", 1)).toBe("/a/b:c%2f;d%23;2%25;%d800;");
  });
});

describe("retries", () => {
  const delays = (given: Parameters<typeof checkRetry>[0], random = 0) =>
    [1, 2, 3, 4, 5].map((attempt) => retryDelay(checkRetry(given), new Error("no"), attempt, () => random));

  test("grow as they are told, up to the cap and the last attempt", () => {
    expect(delays({ maxAttempts: 5, baseDelay: 20 })).toEqual([20, 40, 80, 160, undefined]);
    expect(delays({ maxAttempts: 4, backoff: "linear", baseDelay: 20 })).toEqual([
      20,
      40,
      60,
      undefined,
      undefined,
    ]);
    expect(delays({ maxAttempts: 9, backoff: "fixed", baseDelay: 20 })).toEqual(Array(5).fill(20));
    expect(delays({ maxAttempts: 9, baseDelay: 20, maxDelay: 50 })).toEqual([20, 40, 50, 50, 50]);
    expect(delays({})).toEqual(Array(5).fill(undefined));
    expect(retryDelay(checkRetry({ maxAttempts: Number.POSITIVE_INFINITY }), 1, 5_000, () => 0)).toBe(30_000);
  });

  test("leave a part to chance", () => {
    expect(delays({ maxAttempts: 2, baseDelay: 100, jitter: 0.5 }, 0.5)[0]).toBe(75);
    expect(delays({ maxAttempts: 2, baseDelay: 100, jitter: 1 }, 0.99)[0]).toBeCloseTo(1);
  });

  test("are not made of what the filter refuses, nor of an abort", () => {
    const policy = checkRetry({ maxAttempts: 3, retryIf: (error) => error !== "never" });
    expect(retryDelay(policy, "never", 1, () => 0)).toBeUndefined();
    expect(retryDelay(policy, abortError("stop"), 1, () => 0)).toBeUndefined();
    expect(retryDelay(policy, "again", 1, () => 0)).toBe(100);
  });

  test.each([
    [{ maxAttempts: 0 }, /x: expected maxAttempts to be a whole number from 1, or Infinity, got 0/],
    [{ maxAttempts: 1.5 }, /maxAttempts/],
    [{ baseDelay: -1 }, /baseDelay/],
    [{ maxDelay: Number.NaN }, /maxDelay/],
    [{ jitter: 2 }, /jitter/],
    [{ backoff: "often" as "fixed" }, /fixed, linear or exponential, got often/],
    [{ retryIf: 1 as never }, /retryIf/],
  ])("a policy that can't be meant is refused: %o", (given, message) => {
    expect(() => checkRetry(given, "x")).toThrow(message);
  });
});

describe("linked signals", () => {
  test("abort with any parent, with its very reason", () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const linked = linkSignals(a.signal, undefined, b.signal);
    const reason = new Error("b");
    b.abort(reason);
    expect(linked.signal.reason).toBe(reason);
    expect(linkSignals(b.signal).signal.reason).toBe(reason);
    a.abort(new Error("late"));
    expect(linked.signal.reason).toBe(reason);
  });

  test("leave nothing behind on a parent that lives on", () => {
    const parent = new AbortController();
    for (let n = 0; n < 10; n++) {
      using _done = linkSignals(parent.signal);
      const own = linkSignals(parent.signal);
      own.abort("enough");
      expect(own.signal.reason).toMatchObject({ name: "AbortError", message: "enough" });
    }
    expect(getEventListeners(parent.signal, "abort")).toEqual([]);
    expect(parent.signal.aborted).toBe(false);
  });

  test("tell a cancellation from a failure", () => {
    const { signal, abort } = linkSignals();
    const reason = new Error("shutdown");
    expect(endingOf(abortError("x"))).toBe("cancelled");
    expect(endingOf(reason, signal)).toBe("failed");
    abort(reason);
    expect(endingOf(reason, signal)).toBe("cancelled");
    expect(endingOf(new Error("other"), signal)).toBe("failed");
    const timeout = linkSignals();
    timeout.abort(new DOMException("late", "TimeoutError"));
    expect(endingOf(timeout.signal.reason, timeout.signal)).toBe("failed");
  });
});

describe("statuses", () => {
  test("move as they may, and the end is the end", () => {
    expect(moved("a", "running", "paused")).toBe("paused");
    expect(moved("a", "paused", "running")).toBe("running");
    expect(() => moved("a", "cancelled", "running")).toThrow(IllegalMove);
    expect(() => moved("a", "cancelled", "running")).toThrow(
      /run a: .* is cancelled, got running: it has ended/,
    );
    expect(() => moved("a", "paused", "succeeded")).toThrow(/it can be running or cancelled/);
    expect(["running", "paused", "failed"].map((status) => hasEnded(status as "failed"))).toEqual([
      false,
      false,
      true,
    ]);
  });
});

describe("the same run", () => {
  test("is one of the same tenant, flow, version and input; one that ended is, whatever the input", async () => {
    const journal = memoryJournal();
    const { run, lease } = await journal.open(newRun("a"), { owner: "one", leaseMs: 1_000 });
    expect(sameRun(run, newRun("a"))).toBe(run);
    expect(() => sameRun(run, newRun("a", { tenant: "globex" }))).toThrow(RunIdTaken);
    expect(() => sameRun(run, newRun("a", { tenant: "globex" }))).not.toThrow(/acme-corp/);
    expect(() => sameRun(run, newRun("a", { flow: { name: "other", version: 1 } }))).toThrow(RunIdTaken);
    expect(() => sameRun(run, newRun("a", { flow: { name: "order", version: 2 } }))).toThrow(ProgramChanged);
    expect(() => sameRun(run, newRun("a", { inputDigest: "e" }))).toThrow(InputMismatch);
    if (lease !== undefined) await journal.end(lease, { status: "succeeded" });
    const ended = await journal.read("a");
    expect(ended && sameRun(ended, newRun("a", { inputDigest: "e" }))).toBe(ended);
  });
});

describe("the heap", () => {
  test("gives what a sorted list gives, whatever is removed meanwhile", () => {
    const steps = fc.array(fc.oneof(fc.record({ at: fc.integer({ min: 0, max: 9 }) }), fc.nat({ max: 30 })));
    fc.assert(
      fc.property(steps, (sequence) => {
        const heap = new Heap<HeapItem>();
        let list: HeapItem[] = [];
        for (const step of sequence) {
          if (typeof step === "number") {
            const gone = list[step];
            if (gone !== undefined) heap.remove(gone);
            list = list.filter((item) => item !== gone);
          } else {
            const item = { at: step.at, index: -1, order: 0 };
            heap.add(item);
            list.push(item);
          }
          expect(heap.first()).toBe(list.toSorted((a, b) => a.at - b.at)[0]);
          expect(heap.size).toBe(list.length);
        }
      }),
    );
  });
});

describe("the real clock", () => {
  test("serves any number of sleeps with one timer, in order, and none that was given up", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
    try {
      const clock = createRunClock();
      const woken: number[] = [];
      const giveUp = new AbortController();
      const sleeps = Array.from({ length: 1_000 }, (_, at) =>
        clock.sleep(1_000 - at).then(() => woken.push(1_000 - at)),
      );
      const given = clock.sleep(1, giveUp.signal);
      expect(vi.getTimerCount()).toBe(1);
      giveUp.abort(new Error("enough"));
      await expect(given).rejects.toThrow("enough");
      await expect(clock.sleep(1, giveUp.signal)).rejects.toThrow("enough");
      await vi.advanceTimersByTimeAsync(1_000);
      await Promise.all(sleeps);
      expect(woken).toEqual(Array.from({ length: 1_000 }, (_, at) => at + 1));
      expect(vi.getTimerCount()).toBe(0);
      let late = false;
      void clock.sleep(2 ** 31 + 5).then(() => {
        late = true;
      });
      await vi.advanceTimersByTimeAsync(2 ** 31);
      expect(late).toBe(false);
      await vi.advanceTimersByTimeAsync(5);
      expect(late).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});
