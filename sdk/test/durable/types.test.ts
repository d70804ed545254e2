/** What the types of durable flows promise. Checked by tsc; run only to be seen. */
import * as v from "valibot";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  type Accessor,
  accessor,
  createScope,
  custom,
  defineFlow,
  derive,
  type Executor,
  type ExecutorHandle,
  type Flow,
  type FlowContext,
  flow,
  preset,
  provide,
  type RunHandle,
  type Scope,
} from "../../src/durable/index.ts";

const config = provide(() => ({ multiplier: 3 }));
const count = provide(async () => 1);
const label = provide(() => "rows");
const requestId = accessor("requestId", custom<string>());
const retries = accessor("retries", custom<number>(), 3);
const amount = accessor("amount", z.string().transform(Number));

/** Checked and never called: there is nothing behind these. */
function typesOnly(_check: (scope: Scope, ctx: FlowContext) => unknown): void {}

test("executors: values are inferred, promises are awaited", () => {
  expectTypeOf(config).toEqualTypeOf<Executor<{ multiplier: number }>>();
  expectTypeOf(count).toEqualTypeOf<Executor<number>>();
  expectTypeOf(derive(count, (n) => n + 1)).toEqualTypeOf<Executor<number>>();
  derive([config, count.reactive, label.lazy, count.static], ([cfg, n, text, handle]) => {
    expectTypeOf(cfg).toEqualTypeOf<{ multiplier: number }>();
    expectTypeOf(n).toEqualTypeOf<number>();
    expectTypeOf(text).toEqualTypeOf<ExecutorHandle<string>>();
    expectTypeOf(handle).toEqualTypeOf<ExecutorHandle<number>>();
  });
  derive({ name: label, rows: count.reactive }, ({ name, rows }) => {
    expectTypeOf(name).toEqualTypeOf<string>();
    expectTypeOf(rows).toEqualTypeOf<number>();
  });
  // @ts-expect-error a dependency is an executor
  expectTypeOf(() => derive({ name: "rows" }, () => 1)).toBeFunction();
});

test("presets and updates take the executor's type", () => {
  preset(count, 2);
  preset(
    count,
    derive(label, (text) => text.length),
  );
  preset(
    provide(() => undefined as number | undefined),
    undefined,
  );
  // @ts-expect-error a number is expected
  preset(count, "2");
  // @ts-expect-error an executor of a number is expected
  preset(count, label);
  expectTypeOf(createScope().resolve(count)).toEqualTypeOf<Promise<number>>();
  typesOnly((some) => {
    expectTypeOf(some.accessor(count).get()).toEqualTypeOf<number>();
    void some.update(count, (n) => n + 1);
    some.onUpdate(label, (text) => expectTypeOf(text).toEqualTypeOf<string>());
    // @ts-expect-error a number is expected
    void some.update(count, "2");
    // @ts-expect-error the form of a dependency is no executor
    void some.resolve(count.lazy);
  });
});

test("accessors: what may be set and what is read", () => {
  expectTypeOf(requestId).toEqualTypeOf<Accessor<string>>();
  typesOnly((_scope, ctx) => {
    expectTypeOf(ctx.get(requestId)).toEqualTypeOf<string>();
    expectTypeOf(ctx.find(requestId)).toEqualTypeOf<string | undefined>();
    expectTypeOf(ctx.find(retries)).toEqualTypeOf<number>();
    expectTypeOf(ctx.get(amount)).toEqualTypeOf<number>();
    expectTypeOf(ctx.set(amount, "12")).toEqualTypeOf<number>();
    // @ts-expect-error a string is expected
    ctx.set(amount, 12);
    // @ts-expect-error a string is expected
    ctx.set(requestId, 1);
  });
  // @ts-expect-error a number is expected
  accessor("retries", custom<number>(), "3");
});

test("flows: input and output are inferred from the handler", () => {
  expectTypeOf(flow(() => 1)).toEqualTypeOf<Flow<void, number>>();
  expectTypeOf(flow(async (_ctx, n: number) => String(n))).toEqualTypeOf<Flow<number, string>>();
  expectTypeOf(flow(config, (cfg, _ctx, n: number) => n * cfg.multiplier)).toEqualTypeOf<
    Flow<number, number>
  >();
  expectTypeOf(flow([config, label], ([cfg, text], ctx) => [cfg.multiplier, text, ctx.runId])).toEqualTypeOf<
    Flow<void, (string | number)[]>
  >();
  const named = flow({ name: label }, ({ name }) => name);
  expectTypeOf(named).toEqualTypeOf<Flow<void, string>>();
  expectTypeOf(flow({ name: "fetch", version: 1 }, async (_ctx, url: string) => url.length)).toEqualTypeOf<
    Flow<string, number>
  >();
  expectTypeOf(
    flow({ name: "fetch" }, { config, count }, ({ config, count }, _ctx, n: number) => {
      expectTypeOf(config.multiplier).toEqualTypeOf<number>();
      return count + n;
    }),
  ).toEqualTypeOf<Flow<number, number>>();
  expectTypeOf(defineFlow).toEqualTypeOf(flow);
});

test("flows: schemas of any library say what goes in and comes out", () => {
  const byZod = flow(
    {
      name: "z",
      input: z.object({ id: z.string().transform(Number) }),
      output: z.number().transform(String),
    },
    (_ctx, input) => {
      expectTypeOf(input).toEqualTypeOf<{ id: number }>();
      return input.id;
    },
  );
  expectTypeOf(byZod).toEqualTypeOf<Flow<{ id: string }, string>>();
  const byValibot = flow(
    { name: "v", input: v.object({ id: v.string() }) },
    config,
    async (cfg, ctx, { id }) => {
      expectTypeOf(ctx).toEqualTypeOf<FlowContext>();
      return id.length * cfg.multiplier;
    },
  );
  expectTypeOf(byValibot).toEqualTypeOf<Flow<{ id: string }, number>>();
  expectTypeOf(flow({ name: "o", output: z.number() }, async () => 1)).toEqualTypeOf<Flow<void, number>>();
  // @ts-expect-error the handler must return what the schema takes
  flow({ name: "o", output: z.number() }, () => "1");
  // @ts-expect-error a definition has no such key
  expectTypeOf(() => flow({ name: "o", verison: 1 }, () => 1)).toBeFunction();
});

test("executing: a missing input does not compile, none is needed where none is taken", () => {
  const none = flow(() => "done");
  const one = flow((_ctx, n: number) => n);
  const maybe = flow((_ctx, n: number | undefined) => n ?? 0);
  typesOnly((scope, ctx) => {
    expectTypeOf(scope.exec(none)).toEqualTypeOf<RunHandle<string>>();
    expectTypeOf(scope.exec(none, undefined, { id: "a" })).toEqualTypeOf<RunHandle<string>>();
    expectTypeOf(scope.exec(one, 1, { tenant: "acme-corp" })).toEqualTypeOf<RunHandle<number>>();
    void scope.exec(maybe);
    void ctx.exec(none);
    void ctx.exec("key", none);
    expectTypeOf(ctx.exec("key", one, 1)).toEqualTypeOf<RunHandle<number>>();
    void scope.enqueue(one, 1, { id: "order-17" });
    scope.worker({ flows: [none, one, maybe] });
    // @ts-expect-error the input is missing
    void scope.exec(one);
    // @ts-expect-error the input is missing
    void ctx.exec(one);
    // @ts-expect-error the input is missing
    void ctx.exec("key", one);
    // @ts-expect-error the input is missing
    void scope.enqueue(one);
    // @ts-expect-error a number is expected
    void scope.exec(one, "1");
    // @ts-expect-error it takes no input
    void scope.exec(none, 1);
  });
});

test("executing: each initial value has the type of its accessor", () => {
  const none = flow(() => "done");
  typesOnly((scope) => {
    void scope.exec(none, undefined, { initialContext: [[requestId, "req-1"]] });
    void scope.exec(none, undefined, {
      initialContext: [
        [requestId, "req-1"],
        [retries, 5],
        [amount, "12"],
      ],
    });
    // @ts-expect-error a string is expected
    void scope.exec(none, undefined, { initialContext: [[requestId, 1]] });
    void scope.exec(none, undefined, {
      // @ts-expect-error a number is expected second
      initialContext: [[requestId, "req-1"], [retries, "5"]], // biome-ignore format: one line for the comment above
    });
  });
});

test("steps: a promise of what comes out, never a promise of a promise", () => {
  typesOnly(async (_scope, ctx) => {
    expectTypeOf(ctx.run("a", () => 1)).toEqualTypeOf<Promise<number>>();
    expectTypeOf(ctx.run("a", async () => 1)).toEqualTypeOf<Promise<number>>();
    expectTypeOf(ctx.run("a", { timeout: 5 }, async ({ signal }) => signal.aborted)).toEqualTypeOf<
      Promise<boolean>
    >();
    expectTypeOf(ctx.waitFor("a")).toEqualTypeOf<Promise<unknown>>();
    expectTypeOf(ctx.waitFor("a", { schema: z.string().transform(Number) })).toEqualTypeOf<Promise<number>>();
    expectTypeOf(ctx.waitFor("a", { schema: custom<Date>(), timeout: 5 })).toEqualTypeOf<Promise<Date>>();
    const { results, counts } = await ctx.parallel([() => 1, async () => "a", Promise.resolve(true)], {
      concurrency: 2,
    });
    expectTypeOf(results).toEqualTypeOf<[number, string, boolean]>();
    expectTypeOf(counts.succeeded).toEqualTypeOf<number>();
    const all = await ctx.parallel([1, 2].map((n) => () => ctx.run(`n ${n}`, () => n)));
    expectTypeOf(all.results).toEqualTypeOf<number[]>();
    const settled = await ctx.parallelSettled([() => 1, ctx.exec(flow(() => "a"))]);
    expectTypeOf(settled.results).toEqualTypeOf<
      [PromiseSettledResult<number>, PromiseSettledResult<string>]
    >();
  });
});
