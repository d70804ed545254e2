/** Executing flows: the same in each place, but for what only a journal can do. */
import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  accessor,
  custom,
  DisposeInFlow,
  type Extension,
  type Flow,
  flow,
  InputMismatch,
  NotEncodable,
  ProgramChanged,
  provide,
  RunIdTaken,
  ScopeDisposed,
  ValueInvalid,
} from "../../src/durable/index.ts";
import { JOURNALED, PLACES, scopeOn } from "./places.ts";

const config = provide(() => ({ multiplier: 3 }), { name: "config" });
const requestId = accessor("requestId", custom<string>());
const count = accessor("count", z.number().int(), 0);

class CardDeclined extends Error {
  override readonly name = "CardDeclined";
  readonly code = 51;
}

inEachPlace("flows", (journal) => {
  test("handler only, void input; dependencies, one and a record; a result of a sub-flow", async () => {
    const scope = scopeOn(journal());
    expect(await scope.exec(flow(() => "done"))).toBe("done");
    expect(
      await scope.exec(
        flow(config, (cfg, _ctx, n: number) => n * cfg.multiplier),
        14,
      ),
    ).toBe(42);
    const byRecord = flow({ name: config, late: config.lazy, held: config.static }, async (deps) => [
      deps.name.multiplier,
      (await deps.late.resolve()).multiplier,
      deps.held.get().multiplier,
    ]);
    expect(await scope.exec(byRecord)).toEqual([3, 3, 3]);
    const double = flow({ name: "double" }, (_ctx, n: number) => n * 2);
    const outer = flow({ name: "outer" }, async (ctx, n: number) => 1 + (await ctx.exec(double, n)));
    expect(await scope.exec(outer, 4)).toBe(9);
  });

  test("`run` executes once: the same key again, also at once, gives the first value", async () => {
    let calls = 0;
    const counted = flow({ name: "counted" }, async (ctx) => {
      const once = async () => {
        await delay(2);
        return ++calls;
      };
      return [...(await Promise.all([ctx.run("a", once), ctx.run("a", once)])), await ctx.run("a", once)];
    });
    expect(await scopeOn(journal()).exec(counted)).toEqual([1, 1, 1]);
    expect(calls).toBe(1);
  });

  test("a retry of the flow runs the failed step again, and only that; a step's own retry stays within it", async () => {
    const log: string[] = [];
    const order = flow({ name: "order" }, async (ctx) => {
      await ctx.run("charge", () => void log.push("charge"));
      await ctx.run("ship", { retry: { maxAttempts: 2, baseDelay: 0 } }, ({ attempt }) => {
        log.push(`ship ${attempt}`);
        if (attempt < 4) throw new Error("no truck");
      });
      return ctx.attempt;
    });
    const run = scopeOn(journal()).exec(order, undefined, { retry: { maxAttempts: 3, baseDelay: 0 } });
    expect(await run).toBe(2);
    expect(log).toEqual(["charge", "ship 1", "ship 2", "ship 3", "ship 4"]);
    const { steps, ...details } = await run.details();
    expect(details).toMatchObject({ status: "succeeded", attempt: 2, tenant: "default", error: undefined });
    expect(steps.filter(({ status }) => status === "succeeded")).toMatchObject([
      { path: ["charge"], kind: "run", attempt: 1, replayed: true },
      { path: ["ship"], kind: "run", attempt: 4, replayed: false },
    ]);
  });

  test("an error keeps its class and fields; details on failure; what can't be tried again is not", async () => {
    let calls = 0;
    const fails = flow({ name: "fails" }, (ctx) =>
      ctx.run("charge", () => {
        calls += 1;
        throw new CardDeclined("no money");
      }),
    );
    const retry = {
      maxAttempts: 5,
      baseDelay: 0,
      retryIf: (error: unknown) => !(error instanceof CardDeclined),
    };
    const run = scopeOn(journal()).exec(fails, undefined, { retry });
    const error = await run.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CardDeclined);
    expect(error).toMatchObject({ code: 51, message: "no money" });
    expect(run.status).toBe("failed");
    expect(await run.details()).toMatchObject({
      status: "failed",
      error,
      steps: [{ path: ["charge"], status: "failed" }],
    });
    expect(calls).toBe(1);
  });

  test("input and output are validated by any library, sub-flows too, and the transformed value is used", async () => {
    const scope = scopeOn(journal());
    const parse = flow({ name: "parse", input: v.pipe(v.string(), v.transform(Number)) }, (_ctx, n) => n + 1);
    const outer = flow(
      {
        name: "outer",
        input: z.object({ n: z.string().refine(async (text) => text !== "13") }),
        output: z.number().transform((n) => `is ${n}`),
      },
      async (ctx, { n }) => await ctx.exec(parse, n),
    );
    expect(await scope.exec(outer, { n: "41" })).toBe("is 42");
    await expect(scope.exec(outer, { n: "13" })).rejects.toThrow(ValueInvalid);
    await expect(scope.exec(outer as Flow<unknown, unknown>, { n: 1 })).rejects.toThrow(
      "input of flow outer",
    );
    const wrong = flow({ name: "wrong" }, (ctx) => ctx.exec(parse as Flow<unknown, number>, 7));
    await expect(scope.exec(wrong)).rejects.toThrow("input of flow parse");
    const out = flow({ name: "out", output: z.number().max(1) }, () => 2);
    await expect(scope.exec(out)).rejects.toThrow("output of flow out");
  });

  test("parallel keeps order within its limit; the first failure aborts the others and waits for them", async () => {
    const scope = scopeOn(journal());
    let [now, most] = [0, 0];
    const limited = flow({ name: "limited" }, (ctx) =>
      ctx.parallel(
        [3, 1, 2, 0].map((n) => async () => {
          most = Math.max(most, ++now);
          await delay(n);
          now -= 1;
          return n;
        }),
        { concurrency: 2 },
      ),
    );
    expect(await scope.exec(limited)).toEqual({
      results: [3, 1, 2, 0],
      counts: { total: 4, succeeded: 4, failed: 0 },
    });
    expect(most).toBe(2);
    const ended: string[] = [];
    const failing = flow({ name: "failing" }, async (ctx) => {
      await ctx.parallel([
        (signal) =>
          ctx.run("heeds", async () => {
            await delay(60_000, undefined, { signal }).catch(() => ended.push("heeds"));
          }),
        () => Promise.reject(new Error("first")),
      ]);
    });
    await expect(scope.exec(failing)).rejects.toThrow("first");
    expect(ended).toEqual(["heeds"]);
  });

  test("parallelSettled counts 2 and 1", async () => {
    const settled = flow({ name: "settled" }, (ctx) =>
      ctx.parallelSettled([() => 1, () => Promise.reject(new Error("no")), Promise.resolve("a")]),
    );
    expect(await scopeOn(journal()).exec(settled)).toMatchObject({
      results: [
        { status: "fulfilled", value: 1 },
        { status: "rejected" },
        { status: "fulfilled", value: "a" },
      ],
      counts: { total: 3, succeeded: 2, failed: 1 },
    });
  });

  test("the same sub-flow twice, in parallel, and by key: each has steps of its own, stable over a retry", async () => {
    const seen: string[] = [];
    const child = flow({ name: "child" }, async (ctx, n: number) => {
      // Whichever comes first here must not change which place is whose.
      await delay(Math.random() * 4);
      return await ctx.run("work", () => {
        seen.push(`work ${n}`);
        return n;
      });
    });
    const parent = flow({ name: "parent" }, async (ctx) => {
      const late = async (n: number) => {
        await delay(Math.random() * 4);
        return await ctx.exec(child, n);
      };
      const both = await ctx.parallel([() => late(1), () => late(2)]);
      const rest = [await ctx.exec(child, 3), await ctx.exec(child, 4), await ctx.exec("child", child, 5)];
      if (ctx.attempt < 3) throw new Error("again");
      return [...both.results, ...rest];
    });
    const run = scopeOn(journal()).exec(parent, undefined, { retry: { maxAttempts: 3, baseDelay: 0 } });
    expect(await run).toEqual([1, 2, 3, 4, 5]);
    expect(seen.toSorted()).toEqual(["work 1", "work 2", "work 3", "work 4", "work 5"]);
  });

  test("a sub-flow that is cancelled stops alone", async () => {
    const slow = flow({ name: "slow" }, (ctx) => ctx.sleep(60_000));
    const parent = flow({ name: "parent" }, async (ctx) => {
      const child = ctx.exec(slow);
      await child.cancel("not needed");
      const error = await child.catch((thrown: Error) => thrown.message);
      return [error, child.status, ctx.signal.aborted];
    });
    expect(await scopeOn(journal()).exec(parent)).toEqual(["not needed", "cancelled", false]);
  });
});

inEachPlace("context", (journal) => {
  test("defaults, missing values, overwriting, symbols; a child reads through, and its set does not reach the parent", async () => {
    const secret = accessor(Symbol("secret"), custom<number>());
    const child = flow({ name: "child" }, (ctx) => {
      const before = [ctx.get(requestId), ctx.get(count)];
      ctx.set(count, 7);
      return [...before, ctx.get(count)];
    });
    const parent = flow({ name: "parent" }, async (ctx) => {
      expect(() => ctx.get(secret)).toThrow("get of Symbol(secret)");
      expect(ctx.find(secret)).toBeUndefined();
      ctx.set(secret, 1);
      expect(ctx.set(secret, 2)).toBe(2);
      ctx.set(count, 1);
      return [await ctx.exec(child), ctx.get(count), ctx.get(secret)];
    });
    const initialContext = [[requestId, "req-1"]] as const;
    expect(await scopeOn(journal()).exec(parent, undefined, { initialContext })).toEqual([
      ["req-1", 1, 7],
      1,
      2,
    ]);
  });

  test("executions at the same time never see each other", async () => {
    const scope = scopeOn(journal());
    const one = flow({ name: "one" }, async (ctx, n: number) => {
      ctx.set(count, n);
      await delay(Math.random() * 3);
      return ctx.get(count);
    });
    const all = Array.from({ length: 20 }, (_, n) => n);
    expect(await Promise.all(all.map((n) => scope.exec(one, n)))).toEqual(all);
  });
});

inEachPlace("stopping", (journal) => {
  test("a cancelled run aborts its step and its children, waits for them, and undoes in reverse order", async () => {
    const log: string[] = [];
    const inner = flow({ name: "inner" }, async (ctx) => {
      ctx.onRollback(() => log.push("undo inner"));
      await ctx.run("long", async ({ signal }) => {
        log.push("begun");
        await delay(60_000, undefined, { signal }).catch(() => {});
        await delay(5);
        log.push("ended");
      });
      await ctx.run("never", () => log.push("never"));
    });
    const outer = flow({ name: "outer" }, async (ctx) => {
      ctx.onRollback(async (error) => {
        await delay(1);
        log.push(`undo outer: ${(error as Error).message}`);
      });
      await ctx.exec(inner);
    });
    const run = scopeOn(journal()).exec(outer);
    run.catch(() => {});
    await expect.poll(() => log).toEqual(["begun"]);
    await run.cancel("no longer wanted");
    await expect(run).rejects.toMatchObject({ name: "AbortError", message: "no longer wanted" });
    expect(run.status).toBe("cancelled");
    expect(log).toEqual(["begun", "ended", "undo inner", "undo outer: no longer wanted"]);
  });

  test("a signal cancels with its reason, before and after the begin", async () => {
    const scope = scopeOn(journal());
    const slow = flow({ name: "slow" }, (ctx) => ctx.sleep(60_000));
    await expect(scope.exec(slow, undefined, { signal: AbortSignal.abort("early") })).rejects.toBeTruthy();
    const controller = new AbortController();
    const run = scope.exec(slow, undefined, { signal: controller.signal });
    setTimeout(() => controller.abort(), 10);
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    expect(run.status).toBe("cancelled");
  });

  test("time runs out: of a step, which may be tried again, and of a flow whose step heeds nothing", async () => {
    const scope = scopeOn(journal());
    const slowOnce = flow({ name: "slow_once" }, (ctx) =>
      ctx.run(
        "slow",
        { timeout: 10, retry: { maxAttempts: 2, baseDelay: 0 } },
        async ({ attempt, signal }) => {
          if (attempt === 1) await delay(60_000, undefined, { signal });
          return attempt;
        },
      ),
    );
    expect(await scope.exec(slowOnce)).toBe(2);
    const deaf = flow({ name: "deaf" }, (ctx) => ctx.run("deaf", () => new Promise(() => {})));
    const run = scope.exec(deaf, undefined, { timeout: 20, retry: { maxAttempts: 9 } });
    await expect(run).rejects.toMatchObject({ name: "TimeoutError" });
    expect(run.status).toBe("failed");
  });

  test("rollbacks of a sub-flow: none where the flow around it catches its failure and succeeds, all where it then fails", async () => {
    const undone: string[] = [];
    const inner = flow({ name: "inner" }, async (ctx) => {
      ctx.onRollback(() => undone.push("inner"));
      await ctx.run("fail", () => {
        throw new Error("inner failed");
      });
    });
    const outer = flow({ name: "outer" }, async (ctx, fails: boolean) => {
      ctx.onRollback(() => undone.push("outer"));
      await ctx.exec(inner).catch(() => {});
      if (fails) throw new Error("outer failed");
    });
    const scope = scopeOn(journal());
    await scope.exec(outer, false);
    expect(undone).toEqual([]);
    await expect(scope.exec(outer, true)).rejects.toThrow("outer failed");
    expect(undone).toEqual(["inner", "outer"]);
  });

  test("rollbacks: none on success, each once when the flow fails for good, past one that fails itself", async () => {
    const scope = scopeOn(journal());
    const log: string[] = [];
    const order = flow({ name: "order" }, async (ctx, fails: boolean) => {
      for (const part of ["a", "b", "c"]) {
        await ctx.run(part, () => void log.push(part));
        ctx.onRollback(() => {
          log.push(`undo ${part}`);
          if (part === "b") throw new Error("can't");
        });
      }
      if (fails) throw new Error("no");
    });
    await scope.exec(order, false);
    expect(log.splice(0)).toEqual(["a", "b", "c"]);
    await expect(scope.exec(order, true, { retry: { maxAttempts: 2, baseDelay: 0 } })).rejects.toThrow("no");
    expect(log).toEqual(["a", "b", "c", "undo c", "undo b", "undo a"]);
  });

  test("what a sub-flow did is undone too, where a retry has replayed it", async () => {
    const log: string[] = [];
    const part = flow({ name: "part" }, async (ctx, n: number) => {
      await ctx.run("reserve", () => void log.push(`reserve ${n}`));
      ctx.onRollback(() => log.push(`undo ${n}`));
    });
    const order = flow({ name: "order" }, async (ctx) => {
      await ctx.parallel([() => ctx.exec(part, 1), () => ctx.exec(part, 2)], { concurrency: 1 });
      ctx.onRollback(() => log.push("undo last"));
      await ctx.run("ship", () => Promise.reject(new Error("no truck")));
    });
    const run = scopeOn(journal()).exec(order, undefined, { retry: { maxAttempts: 3, baseDelay: 0 } });
    await expect(run).rejects.toThrow("no truck");
    expect(log).toEqual(["reserve 1", "reserve 2", "undo last", "undo 2", "undo 1"]);
  });

  test("dispose waits for flows within the grace period, then they are told to stop; later ones are refused", async () => {
    const scope = scopeOn(journal());
    const log: string[] = [];
    const quick = flow({ name: "quick" }, (ctx) =>
      ctx.run("a", () => delay(20).then(() => log.push("quick"))),
    );
    const slow = flow({ name: "slow" }, (ctx) =>
      ctx.run("a", async ({ signal }) => {
        await delay(60_000, undefined, { signal }).catch(() => log.push("stopped"));
        signal.throwIfAborted();
      }),
    );
    void scope.exec(quick);
    const stopped = scope.exec(slow);
    stopped.catch(() => {});
    await delay(5);
    await scope.dispose({ grace: 60 });
    expect(log).toEqual(["quick", "stopped"]);
    await expect(stopped).rejects.toThrow(ScopeDisposed);
    await expect(scope.exec(quick)).rejects.toThrow(ScopeDisposed);
  });

  test("a flow that awaits the end of its own scope is refused", async () => {
    const scope = scopeOn(journal());
    const selfish = flow({ name: "selfish" }, (ctx) => ctx.scope.dispose());
    await expect(scope.exec(selfish)).rejects.toThrow(DisposeInFlow);
  });
});

inEachPlace("messages and time", (journal) => {
  test("waitFor takes what was sent before and after, each once and in order, checked by its schema", async () => {
    const asks = flow({ name: "asks" }, async (ctx) => [
      await ctx.waitFor("n", { schema: z.string().transform(Number) }),
      await ctx.waitFor("n", { schema: custom<string>() }),
      await ctx.waitFor("other"),
    ]);
    const scope = scopeOn(journal());
    const run = scope.exec(asks, undefined, { id: "asks" });
    await run.send("n", "1");
    await delay(20);
    await scope.send("asks", "other", new Date(5));
    await scope.send("asks", "n", "2");
    expect(await run).toEqual([1, "2", new Date(5)]);
    await expect(run.send("n", "3")).rejects.toThrow();
  });

  test("a wait that runs out rejects, and stays so on a retry though a message comes", async () => {
    const asks = flow({ name: "asks" }, async (ctx) => {
      const answer = await ctx.waitFor("n", { timeout: 5 }).catch((error: Error) => error.name);
      if (ctx.attempt === 1) {
        await ctx.scope.send(ctx.runId, "n", "late");
        throw new Error("again");
      }
      return answer;
    });
    const run = scopeOn(journal()).exec(asks, undefined, { retry: { maxAttempts: 2, baseDelay: 0 } });
    expect(await run).toBe("TimeoutError");
  });

  test("sleeps one after the other; a sleep that nobody awaits does no harm", async () => {
    const sleepy = flow({ name: "sleepy" }, async (ctx) => {
      void ctx.sleep(60_000);
      await ctx.sleep(1);
      await ctx.sleep(1);
      throw new Error("no");
    });
    await expect(scopeOn(journal()).exec(sleepy)).rejects.toThrow("no");
  });
});

inEachPlace("identity", (journal) => {
  test("the same id at the same time joins; another input, flow or tenant is refused", async () => {
    const scope = scopeOn(journal());
    let calls = 0;
    const slow = flow({ name: "slow" }, (ctx, n: { n: number }) =>
      ctx.run("a", async () => {
        calls += 1;
        await delay(30);
        return n.n;
      }),
    );
    const other = flow({ name: "other" }, (_ctx, n: { n: number }) => n.n);
    const first = scope.exec(slow, { n: 1 }, { id: "one" });
    const again = scope.exec(slow, { n: 1 }, { id: "one" });
    await expect(scope.exec(slow, { n: 2 }, { id: "one" })).rejects.toThrow(InputMismatch);
    await expect(scope.exec(other, { n: 1 }, { id: "one" })).rejects.toThrow(RunIdTaken);
    await expect(scope.exec(slow, { n: 1 }, { id: "one", tenant: "other" })).rejects.toThrow(RunIdTaken);
    expect(await Promise.all([first, again])).toEqual([1, 1]);
    expect(calls).toBe(1);
  });

  test("one key for two functions is an error that names both", async () => {
    const mixed = flow({ name: "mixed" }, async (ctx) => {
      await ctx.run("pay", function charge() {});
      await ctx.run("pay", function refund() {});
    });
    const error = await scopeOn(journal())
      .exec(mixed)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProgramChanged);
    expect(error).toMatchObject({ message: expect.stringMatching(/charge.*refund/) });
  });

  test.each<[string, () => unknown, string]>([
    ["no flow", () => scopeOn(journal()).exec({} as never), "expected a flow made by flow()"],
    [
      "an empty id",
      () =>
        scopeOn(journal()).exec(
          flow(() => 1),
          undefined,
          { id: "" },
        ),
      "expected id to be text",
    ],
    [
      "a negative timeout",
      () =>
        scopeOn(journal()).exec(
          flow(() => 1),
          undefined,
          { timeout: -1 },
        ),
      "expected timeout",
    ],
    ["an empty key", () => scopeOn(journal()).exec(flow((ctx) => ctx.run("", () => 1))), "expected a key"],
    [
      "no function",
      () => scopeOn(journal()).exec(flow((ctx) => ctx.run("a", 1 as never))),
      "expected a function",
    ],
    [
      "a sleep of no length",
      () => scopeOn(journal()).exec(flow((ctx) => ctx.sleep(Number.NaN))),
      "ctx.sleep",
    ],
    [
      "no limit",
      () => scopeOn(journal()).exec(flow((ctx) => ctx.parallel([], { concurrency: 0 }))),
      "concurrency",
    ],
  ])("refused in words, as a rejection: %s", async (_what, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });
});

inEachPlace("extensions", (journal) => {
  test("wrap flow, step and parallel, the first outermost; replays are marked", async () => {
    const log: string[] = [];
    const noting = (name: string): Extension => ({
      name,
      flow: (next, { name: flowName, key, attempt, replay }) => {
        log.push(`${name} flow ${flowName} ${key} ${attempt} ${replay}`);
        return next();
      },
      step: (next, { key, attempt, replay }) => {
        log.push(`${name} step ${key} ${attempt} ${replay}`);
        return next();
      },
      parallel: (next, { total }) => {
        log.push(`${name} parallel ${total}`);
        return next();
      },
    });
    const child = flow({ name: "child" }, () => 1);
    const parent = flow({ name: "parent" }, async (ctx) => {
      await ctx.run("a", () => 1);
      await ctx.parallel([() => ctx.exec("c", child)]);
      if (ctx.attempt === 1) throw new Error("again");
    });
    const scope = scopeOn(journal(), { extensions: [noting("x"), noting("y")] });
    await scope.exec(parent, undefined, { retry: { maxAttempts: 2, baseDelay: 0 } });
    const both = (what: string) => [`x ${what}`, `y ${what}`];
    expect(log).toEqual([
      ...both("flow parent undefined 1 false"),
      ...both("step a 1 false"),
      ...both("parallel 1"),
      ...both("flow child c 1 false"),
      ...both("flow parent undefined 2 false"),
      ...both("step a 1 true"),
      ...both("parallel 1"),
      ...both("flow child c 1 true"),
    ]);
  });
});

test.each(JOURNALED)(
  "%s: an ended run is returned whatever the input; a value that can't be kept names its key",
  async (_name, make) => {
    const scope = scopeOn(make());
    const parse = flow({ name: "parse", input: z.number() }, (_ctx, n) => n);
    expect(await scope.exec(parse, 1, { id: "one" })).toBe(1);
    expect(await scope.exec(parse, 2, { id: "one" })).toBe(1);
    expect(await scope.exec(parse, "no number" as never, { id: "one" })).toBe(1);
    let calls = 0;
    const unkeepable = flow({ name: "unkeepable" }, (ctx) =>
      ctx.run("socket", () => {
        calls += 1;
        return { open: () => {} };
      }),
    );
    const error = await scope
      .exec(unkeepable, undefined, { retry: { maxAttempts: 3 } })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NotEncodable);
    expect(error).toMatchObject({ what: 'step "socket"', at: ".open" });
    expect(calls).toBe(1);
  },
);

function inEachPlace(name: string, tests: (journal: (typeof PLACES)[number][1]) => void): void {
  for (const [place, journal] of PLACES) describe(`${name}: ${place}`, () => tests(journal));
}
