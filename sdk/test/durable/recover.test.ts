/** Runs that outlive their process: here a scope whose journal answers no more, as if its process had been killed. */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  accessor,
  createCodec,
  createScope,
  custom,
  flow,
  type Journal,
  NotDecodable,
  ProgramChanged,
  sqliteJournal,
} from "../../src/durable/index.ts";
import { JournalUnavailable } from "../../src/run/index.ts";
import { JOURNALED, mortal, scopeOn } from "./places.ts";

const LEASE_MS = 60;
const requestId = accessor("requestId", custom<string>());

/** Begins work in a process that is killed by it. */
function doomed(shared: Journal) {
  const { journal, kill } = mortal(shared);
  return { scope: createScope({ journal, leaseMs: LEASE_MS }), kill };
}

describe.each(JOURNALED)("%s", (_name, make) => {
  test("another process goes on: finished steps happened once, the one in hand runs again", async () => {
    const shared = make();
    const dead = doomed(shared);
    const log: string[] = [];
    const order = flow({ name: "order" }, async (ctx, id: string) => {
      const receipt = await ctx.run("charge", () => {
        log.push("charge");
        return { id, at: new Date(0), request: ctx.get(requestId) };
      });
      await ctx.run("ship", () => {
        log.push("ship");
        dead.kill();
      });
      return receipt;
    });
    void dead.scope.exec(order, "o-1", { id: "run-1", initialContext: [[requestId, "req-1"]] });
    await expect.poll(() => log).toEqual(["charge", "ship"]);
    await delay(LEASE_MS + 20);
    const second = scopeOn(shared);
    const [run] = await second.recover({ flows: [order] });
    const result = { id: "o-1", at: new Date(0), request: "req-1" };
    expect(await run).toEqual(result);
    expect(log).toEqual(["charge", "ship", "ship"]);
    expect(await second.exec(order, "another input", { id: "run-1" })).toEqual(result);
  });

  test("a run whose lease still lasts is taken when it has run out, by who recovered or executes it again", async () => {
    const shared = make();
    const dead = doomed(shared);
    let calls = 0;
    const order = flow({ name: "order" }, (ctx, n: number) =>
      ctx.run("a", () => {
        calls += 1;
        if (calls < 3) dead.kill();
        return n;
      }),
    );
    void dead.scope.exec(order, 1, { id: "run-1" });
    void dead.scope.exec(order, 1, { id: "run-2" });
    await expect.poll(() => calls).toBe(2);
    expect(await scopeOn(shared).exec(order, 1, { id: "run-1" })).toBe(1);
    await scopeOn(shared).recover({ flows: [order] });
    await expect.poll(async () => (await shared.read("run-2"))?.status).toBe("succeeded");
  });

  test("rollbacks go on where the process died, each once, in reverse order; nothing new is begun", async () => {
    const shared = make();
    const dead = doomed(shared);
    const log: string[] = [];
    const part = flow({ name: "part" }, async (ctx) => {
      await ctx.run("reserve", () => void log.push("reserve"));
      ctx.onRollback(() => void log.push("undo reserve"));
    });
    const order = flow({ name: "order" }, async (ctx) => {
      await ctx.run("charge", () => void log.push("charge"));
      ctx.onRollback((error) => void log.push(`undo charge: ${(error as Error).message}`));
      await ctx.exec(part);
      ctx.onRollback(() => {
        log.push("undo last");
        dead.kill();
      });
      await ctx.run("ship", () => {
        log.push("ship");
        throw new Error("no truck");
      });
    });
    void dead.scope.exec(order, undefined, { id: "run-1" });
    await expect.poll(() => log.at(-1)).toBe("undo last");
    await delay(LEASE_MS + 20);
    const [run] = await scopeOn(shared).recover({ flows: [order] });
    await expect(run).rejects.toThrow("no truck");
    expect(log).toEqual([
      ...["charge", "reserve", "ship", "undo last"],
      // The one in hand when the process died was not noted.
      ...["undo last", "undo reserve", "undo charge: no truck"],
    ]);
    expect(await shared.read("run-1")).toMatchObject({ status: "failed" });
  });

  test("a run that sleeps is given back; what is slept is not slept again, and one scope's timer wakes it", async () => {
    const shared = make();
    const log: number[] = [];
    const sleepy = flow({ name: "sleepy" }, async (ctx) => {
      log.push(Date.now());
      await ctx.run("a", () => 1);
      await ctx.sleep(150);
      await ctx.sleep(1);
      return "awake";
    });
    const scope = scopeOn(shared, { parkAfter: 20 });
    const run = scope.exec(sleepy, undefined, { id: "run-1" });
    await expect.poll(async () => (await shared.read("run-1"))?.owner).toBeUndefined();
    expect(await run).toBe("awake");
    expect(log).toHaveLength(2);
    expect((await run.details()).steps.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      "run succeeded",
      "sleep succeeded",
      "sleep succeeded",
    ]);
  });

  test("a run that waits is given back, and a message sent by another process wakes it", async () => {
    const shared = make();
    const asks = flow({ name: "asks" }, (ctx) =>
      ctx.waitFor("answer", { schema: custom<Map<string, number>>() }),
    );
    const run = scopeOn(shared).exec(asks, undefined, { id: "run-1" });
    await expect.poll(async () => (await shared.read("run-1"))?.owner).toBeUndefined();
    await scopeOn(shared).send("run-1", "answer", new Map([["n", 42]]));
    expect(await run).toEqual(new Map([["n", 42]]));
  });

  test("a run that sleeps elsewhere is cancelled from here, and undone", async () => {
    const shared = make();
    const log: string[] = [];
    const sleepy = flow({ name: "sleepy" }, async (ctx) => {
      await ctx.run("a", () => void log.push("a"));
      ctx.onRollback(() => void log.push("undo a"));
      await ctx.sleep(60_000);
    });
    const there = scopeOn(shared).exec(sleepy, undefined, { id: "run-1" });
    there.catch(() => {});
    await expect.poll(async () => (await shared.read("run-1"))?.owner).toBeUndefined();
    await scopeOn(shared).exec(sleepy, undefined, { id: "run-1" }).cancel("not wanted");
    expect(await shared.read("run-1")).toMatchObject({ status: "cancelled" });
    expect(log).toEqual(["a", "undo a"]);
  });

  test("workers take what is enqueued, so many at once, and go on with what one of them left", async () => {
    const shared = make();
    let [now, most] = [0, 0];
    const done: number[] = [];
    const work = flow({ name: "work" }, (ctx, n: number) =>
      ctx.run("a", async () => {
        most = Math.max(most, ++now);
        await delay(5);
        now -= 1;
        done.push(n);
      }),
    );
    const producer = scopeOn(shared);
    const all = Array.from({ length: 12 }, (_, n) => n);
    const ids = await Promise.all(all.map((n) => producer.enqueue(work, n, { id: `run-${n}` })));
    expect(await producer.enqueue(work, 0, { id: "run-0" })).toBe("run-0");
    const scope = scopeOn(shared);
    const worker = scope.worker({ flows: [work], concurrency: 3 });
    expect(await producer.exec(work, 5, { id: "run-5" })).toBeUndefined();
    await expect.poll(() => done.length).toBe(12);
    await worker.stop();
    expect(done.toSorted((a, b) => a - b)).toEqual(all);
    expect(most).toBeLessThanOrEqual(4);
    for (const id of ids) expect(await shared.read(id)).toMatchObject({ status: "succeeded" });
    await producer.enqueue(work, 99);
    await delay(30);
    expect(done).not.toContain(99);
  });

  test("a lost lease: the work is told to stop, nothing of it is written, and its caller gets the other's result", async () => {
    const shared = make();
    const log: string[] = [];
    const work = flow({ name: "work" }, (ctx) =>
      ctx.run("a", async ({ signal }) => {
        const place = log.push("begun");
        if (place > 1) return "second";
        // Stands still for so long that another takes the run over.
        await shared.renew([{ runId: ctx.runId, token: 1 }], 1);
        await delay(60_000, undefined, { signal }).catch(() => log.push("stopped"));
        return "first";
      }),
    );
    const first = scopeOn(shared, { leaseMs: 400 }).exec(work, undefined, { id: "run-1" });
    await expect.poll(() => log).toEqual(["begun"]);
    await delay(20);
    const [second] = await scopeOn(shared).recover({ flows: [work] });
    expect(await second).toBe("second");
    expect(await first).toBe("second");
    expect(log).toContain("stopped");
    expect((await shared.entries("run-1")).map(({ value }) => value)).toEqual(['["second"]']);
  });

  test("a changed program stops by name, is left as it was, and goes on with the right one", async () => {
    const shared = make();
    const dead = doomed(shared);
    const log: string[] = [];
    const first = flow({ name: "order" }, async (ctx) => {
      await ctx.run("pay", function charge() {
        log.push("charge");
      });
      await ctx.run("ship", () => {
        log.push("ship");
        if (log.length === 2) dead.kill();
      });
    });
    const changed = flow({ name: "order" }, (ctx) => ctx.run("pay", function refund() {}));
    void dead.scope.exec(first, undefined, { id: "run-1" });
    await expect.poll(() => log.length).toBe(2);
    await delay(LEASE_MS + 20);
    const error = await scopeOn(shared)
      .exec(changed, undefined, { id: "run-1" })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ProgramChanged);
    expect(error).toMatchObject({ message: expect.stringMatching(/charge.*refund/) });
    const newer = flow({ name: "order", version: 2 }, () => 1);
    await expect(scopeOn(shared).exec(newer, undefined, { id: "run-1" })).rejects.toThrow(ProgramChanged);
    expect(await shared.read("run-1")).toMatchObject({ status: "running", owner: undefined });
    await shared.cancel("run-2", "x").catch(() => {});
    await expect.poll(async () => (await shared.read("run-1"))?.owner).toBeUndefined();
    await scopeOn(shared).exec(first, undefined, { id: "run-1" });
    expect(log).toEqual(["charge", "ship", "ship"]);
  });

  test("a journal that goes away in mid-step and comes back: nothing is executed twice", async () => {
    const shared = make();
    let isAway = false;
    const flaky = new Proxy(shared, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) =>
          isAway && property === "write"
            ? Promise.reject(new JournalUnavailable("test", "it is away"))
            : (member as (...given: unknown[]) => unknown).apply(target, args);
      },
    });
    const log: string[] = [];
    const order = flow({ name: "order" }, async (ctx) => {
      await ctx.run("a", () => {
        isAway = true;
        setTimeout(() => {
          isAway = false;
        }, 120);
        log.push("a");
      });
      await ctx.run("b", () => void log.push("b"));
    });
    await scopeOn(flaky).exec(order);
    expect(log).toEqual(["a", "b"]);
  });

  test("what another codec wrote is left to who can read it, with an error that says so", async () => {
    const shared = make();
    const order = flow({ name: "order" }, (_ctx, text: string) => text);
    await scopeOn(shared).enqueue(order, "a", { id: "run-1" });
    const seal = {
      seal: (plain: Uint8Array) => plain,
      open: () => {
        throw new Error("a wrong key");
      },
      digestKey: "key",
    };
    const stranger = scopeOn(shared, { codec: createCodec({ seal }) });
    stranger.worker({ flows: [order] });
    await expect.poll(async () => (await shared.read("run-1"))?.token).toBe(1);
    await expect.poll(async () => (await shared.read("run-1"))?.owner).toBeUndefined();
    expect(await scopeOn(shared).exec(order, "a", { id: "run-1" })).toBe("a");
    await expect(stranger.exec(order, "a", { id: "run-1" })).rejects.toThrow(NotDecodable);
  });
});

test("a run may have a journal of its own; what is sent to its sub-flow arrives there", async () => {
  const [, make] = JOURNALED[1] as (typeof JOURNALED)[number];
  const own = make();
  const asks = flow({ name: "asks" }, (ctx) => ctx.waitFor("answer"));
  const parent = flow({ name: "parent" }, async (ctx) => {
    const child = ctx.exec(asks);
    await ctx.run("ask", () => child.send("answer", 42));
    return await child;
  });
  expect(await scopeOn(undefined).exec(parent, undefined, { id: "run-1", journal: own })).toBe(42);
  expect(await own.read("run-1")).toMatchObject({ status: "succeeded" });
});

test("a journal that can't be opened or has no room is a named error", async () => {
  expect(() => createScope({ journal: sqliteJournal("/dev/null/journal.db") })).toThrow(JournalUnavailable);
  const full = new Proxy({} as Journal, {
    get: (_target, property) =>
      property === "name"
        ? "full"
        : () => Promise.reject(new JournalUnavailable("full", "no room: free some")),
  });
  await expect(scopeOn(full).exec(flow(() => 1))).rejects.toThrow("no room: free some");
});

test("without a journal, or a name, what needs one is refused in words", async () => {
  const named = flow({ name: "named" }, () => 1);
  await expect(scopeOn(undefined).enqueue(named)).rejects.toThrow("enqueue: expected a scope with a journal");
  expect(() => scopeOn(undefined).worker({ flows: [named] })).toThrow(
    "worker: expected a scope with a journal",
  );
  const [, make] = JOURNALED[0] as (typeof JOURNALED)[number];
  await expect(scopeOn(make()).recover({ flows: [flow(() => 1)] })).rejects.toThrow(
    "expected a flow with a name",
  );
});
