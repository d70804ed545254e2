import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  createScope,
  derive,
  type Executor,
  NotResolved,
  preset,
  provide,
  ResourceCycle,
  type ResourceFailure,
  ScopeDisposed,
} from "../../src/durable/index.ts";

test("a value is made at the first resolve, once", async () => {
  let made = 0;
  const counted = provide(() => ++made);
  const scope = createScope();
  expect(made).toBe(0);
  expect(await scope.resolve(counted)).toBe(1);
  expect(await scope.resolve(counted)).toBe(1);
  expect(await createScope().resolve(counted)).toBe(2);
});

test("concurrent resolves share one promise", async () => {
  let made = 0;
  const slow = provide(async () => {
    await setImmediate();
    return ++made;
  });
  const scope = createScope();
  const first = scope.resolve(slow);
  expect(scope.resolve(slow)).toBe(first);
  expect(await first).toBe(1);
  expect(scope.resolve(slow)).toBe(first);
});

test("dependencies are made before dependents: one, an array, a record, none in common twice", async () => {
  const order: string[] = [];
  const a = provide(async () => {
    await setImmediate();
    order.push("a");
    return 1;
  });
  const b = derive(a, (one) => {
    order.push("b");
    return one + 1;
  });
  const c = derive([a, b], ([one, two]) => {
    order.push("c");
    return one + two;
  });
  // A key `name` is a key like any other.
  const d = derive({ name: c, lazy: b }, ({ name, lazy }) => {
    order.push("d");
    return name * lazy;
  });
  expect(await createScope().resolve(d)).toBe(6);
  expect(order).toEqual(["a", "b", "c", "d"]);
});

test("dependencies of nothing: an empty array and an empty record keep their form", async () => {
  const scope = createScope();
  expect(await scope.resolve(derive([], (none) => none))).toEqual([]);
  expect(await scope.resolve(derive({}, (none) => none))).toEqual({});
});

test("a chain of five thousand is no deeper than its memory", async () => {
  let last: Executor<number> = provide(() => 0);
  for (let i = 0; i < 5000; i++) last = derive(last, (n) => n + 1);
  const scope = createScope();
  expect(await scope.resolve(last)).toBe(5000);
  await scope.dispose();
});

test("lazy: a handle, and nothing made until it is asked", async () => {
  let made = 0;
  const costly = provide(() => ++made, { name: "costly" });
  const user = derive(costly.lazy, (handle) => handle);
  const handle = await createScope().resolve(user);
  expect(made).toBe(0);
  expect(() => handle.get()).toThrow(NotResolved);
  expect(() => handle.get()).toThrow('get of "costly": expected a value, got none yet');
  expect(await handle.resolve()).toBe(1);
  expect(handle.get()).toBe(1);
  expect(handle.executor).toBe(costly);
});

test("static: a handle whose value is there, and stays current", async () => {
  let made = 0;
  const count = provide(() => 1);
  const user = derive(count.static, (handle) => ({ handle, made: ++made }));
  const scope = createScope();
  const { handle } = await scope.resolve(user);
  expect(handle.get()).toBe(1);
  await handle.update((n) => n + 1);
  expect(handle.get()).toBe(2);
  expect((await scope.resolve(user)).made).toBe(1);
});

test("preset: a value, undefined, another executor, and the last of two", async () => {
  const real = provide((): number | undefined => {
    throw new Error("not in a test");
  });
  const plusOne = derive(real, (n) => (n ?? 0) + 1);
  const seven = provide(() => 7);
  expect(await createScope({ presets: [preset(real, 5)] }).resolve(plusOne)).toBe(6);
  expect(await createScope({ presets: [preset(real, undefined)] }).resolve(plusOne)).toBe(1);
  expect(await createScope({ presets: [preset(real, 5), preset(real, seven)] }).resolve(plusOne)).toBe(8);
});

test("preset: an executor that stands in is followed when it changes", async () => {
  const real = provide(() => 1);
  const fake = provide(() => 10);
  const doubled = derive(real.reactive, (n) => n * 2);
  const scope = createScope({ presets: [preset(real, fake)] });
  expect(await scope.resolve(doubled)).toBe(20);
  await scope.update(fake, 11);
  expect(await scope.resolve(doubled)).toBe(22);
});

test("a failed resolve rejects with the factory's own error, never at once, and does not stick", async () => {
  let tries = 0;
  const failure = new RangeError("no room");
  const flaky = provide(() => {
    if (++tries === 1) throw failure;
    return tries;
  });
  const user = derive(flaky, (n) => n);
  const scope = createScope();
  await expect(scope.resolve(user)).rejects.toBe(failure);
  expect(await scope.resolve(user)).toBe(2);
});

test("what is no executor is refused in words, as a rejection", async () => {
  const scope = createScope();
  const count = provide(() => 1, { name: "count" });
  await expect(scope.resolve(count.lazy as never)).rejects.toThrow(
    'expected an executor made by provide or derive, got the .lazy form of "count"',
  );
  await expect(scope.update(null as never, 1)).rejects.toThrow("got null");
  await expect(scope.release({} as never)).rejects.toThrow("got an object");
  expect(() => provide(1 as never)).toThrow("provide: expected the factory to be a function, got number");
  expect(() => derive(count, undefined as never)).toThrow("derive: expected the factory to be a function");
  expect(() => derive({ count, port: 80 } as never, () => 1)).toThrow('got number at "port"');
  expect(() => derive(7 as never, () => 1)).toThrow(
    "expected an executor, or an array or a record of executors, got number",
  );
  expect(() => preset(count.static as never, 1)).toThrow('got the .static form of "count"');
  expect(() => preset(count, count.reactive as never)).toThrow(
    'expected a value or an executor in place of "count"',
  );
  expect(() => createScope({ grace: -1 })).toThrow("grace: expected milliseconds from 0 up, got -1");
});

test("what a failed factory has opened is closed, and its failure told to onError", async () => {
  const log: string[] = [];
  const broken = provide(
    (ctl) => {
      ctl.cleanup(() => log.push("first"));
      ctl.cleanup(() => log.push("second"));
      throw new Error("late");
    },
    { name: "broken" },
  );
  const scope = createScope();
  const failures: ResourceFailure[] = [];
  const stop = scope.onError((failure) => failures.push(failure));
  await expect(scope.resolve(derive(broken, () => 1))).rejects.toThrow("late");
  expect(log).toEqual(["second", "first"]);
  // The dependent has not failed, it was never begun.
  expect(failures).toMatchObject([{ name: "broken", during: "resolve", error: { message: "late" } }]);
  stop();
  await expect(scope.resolve(broken)).rejects.toThrow("late");
  expect(failures).toHaveLength(1);
});

test("cycles are rejected by name: made by presets", async () => {
  const a = provide(() => 1, { name: "a" });
  const b = derive(a, (n) => n, { name: "b" });
  const c = derive(b, (n) => n, { name: "c" });
  const scope = createScope({ presets: [preset(a, c)] });
  const thrown = await scope.resolve(c).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ResourceCycle);
  const { path, message } = thrown as ResourceCycle;
  expect(new Set(path)).toEqual(new Set(["a", "b", "c"]));
  expect(path[0]).toBe(path.at(-1));
  expect(message).toContain(path.join(" → "));
  const self = createScope({ presets: [preset(a, a)] });
  await expect(self.resolve(a)).rejects.toThrow("a → a");
});

test("cycles are rejected by name: asked for while being made", async () => {
  const a: Executor<number> = provide((ctl) => ctl.scope.resolve(b), { name: "a" });
  const b: Executor<number> = derive(a, (n) => n, { name: "b" });
  await expect(createScope().resolve(b)).rejects.toThrow(ResourceCycle);
  await expect(createScope().resolve(a)).rejects.toThrow("b → a → b");
  const handle: Executor<number> = derive(
    provide(() => 1, { name: "x" }).lazy,
    (x) => x.resolve().then(() => handleScope.resolve(handle)),
    { name: "itself" },
  );
  const handleScope = createScope();
  await expect(handleScope.resolve(handle)).rejects.toThrow("itself → itself");
});

test("a factory that waits for its own reload or release is told so, not left hanging", async () => {
  const reloads = provide((ctl) => ctl.reload(), { name: "reloads" });
  const releases = provide((ctl) => ctl.release(), { name: "releases" });
  const disposes = provide((ctl) => ctl.scope.dispose(), { name: "disposes" });
  const scope = createScope();
  await expect(scope.resolve(reloads)).rejects.toThrow('reload of "reloads" → reloads → reload of "reloads"');
  await expect(scope.resolve(releases)).rejects.toThrow(ResourceCycle);
  await expect(scope.resolve(disposes)).rejects.toThrow("disposes → dispose of the scope → disposes");
  await scope.dispose();
});

test("a lazy form closes a circle", async () => {
  const a: Executor<() => Promise<string>> = derive(
    provide(() => 0),
    (_n, ctl) => async () => `a of ${(await ctl.scope.resolve(b)).name}`,
  );
  const b = derive(a, (ask) => ({ name: "b", ask }));
  const scope = createScope();
  const made = await scope.resolve(b);
  expect(await made.ask()).toBe("a of b");
});

test("release runs the cleanups of what was made from it first, and the next resolve makes it anew", async () => {
  const log: string[] = [];
  const database = provide((ctl) => {
    log.push("+database");
    ctl.cleanup(() => log.push("-database"));
    return {};
  });
  const service = derive(database, (_db, ctl) => {
    log.push("+service");
    ctl.cleanup(async () => {
      await setImmediate();
      log.push("-service");
    });
    return {};
  });
  const scope = createScope();
  const before = await scope.resolve(service);
  const released = scope.release(database);
  // Asked in the middle of it: waits for the end, then makes both anew.
  await setImmediate();
  const again = scope.resolve(service);
  await released;
  expect(await again).not.toBe(before);
  expect(log).toEqual(["+database", "+service", "-service", "-database", "+database", "+service"]);
  await scope.release(database);
  await scope.release(database);
  expect(log.filter((line) => line === "-database")).toHaveLength(2);
});

test("release reports all cleanups that fail, and runs the others", async () => {
  const log: string[] = [];
  const a = provide((ctl) => {
    ctl.cleanup(() => log.push("a"));
    ctl.cleanup(() => {
      throw new Error("a1");
    });
    ctl.cleanup(() => Promise.reject(new Error("a2")));
  });
  const scope = createScope();
  await scope.resolve(a);
  const thrown = await scope.release(a).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(AggregateError);
  expect((thrown as AggregateError).errors.map(String)).toEqual(["Error: a2", "Error: a1"]);
  expect(log).toEqual(["a"]);
});

test("the controller's release and reload work once the factory has returned", async () => {
  let made = 0;
  const log: string[] = [];
  const own = provide((ctl) => {
    const id = ++made;
    ctl.cleanup(() => log.push(`-${id}`));
    return { id, ctl };
  });
  const scope = createScope();
  const { ctl } = await scope.resolve(own);
  await ctl.reload();
  expect(await scope.resolve(own)).toMatchObject({ id: 2 });
  await (await scope.resolve(own)).ctl.release();
  expect(log).toEqual(["-1", "-2"]);
  // What it opens too late is closed at once.
  ctl.cleanup(() => log.push("late"));
  expect(log).toEqual(["-1", "-2", "late"]);
  expect(ctl.scope).toBe(scope);
});

test("a factory runs in the context of the scope, not of who asked first", async () => {
  const request = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const pool = provide((ctl) => {
    seen.push(request.getStore());
    ctl.cleanup(() => seen.push(request.getStore()));
  });
  const scope = request.run("start-up", () => createScope());
  await request.run("request 1", () => scope.resolve(pool));
  await request.run("request 2", () => scope.release(pool));
  expect(seen).toEqual(["start-up", "start-up"]);
});

test("after dispose every call is refused by name", async () => {
  const count = provide(() => 1, { name: "count" });
  const scope = createScope();
  await scope.resolve(count);
  await scope.dispose();
  await expect(scope.resolve(count)).rejects.toThrow(ScopeDisposed);
  await expect(scope.resolve(count)).rejects.toThrow('resolve of "count": expected an open scope');
  await expect(scope.update(count, 2)).rejects.toThrow(ScopeDisposed);
  await expect(scope.release(count)).rejects.toThrow(ScopeDisposed);
  expect(() => scope.accessor(count).get()).toThrow(NotResolved);
});
