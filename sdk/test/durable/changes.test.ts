import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { onDiagnostic } from "../../src/diagnostics.ts";
import {
  type Controller,
  createScope,
  derive,
  type Executor,
  NotResolved,
  provide,
  ResourceCycle,
  type ResourceFailure,
} from "../../src/durable/index.ts";

/** A value that notes when it is made and closed; closing takes a turn. */
function noted<T>(log: string[], name: string, value: T): (controller: Controller) => T {
  return (controller) => {
    log.push(`+${name}`);
    controller.cleanup(async () => {
      await setImmediate();
      log.push(`-${name}`);
    });
    return value;
  };
}

test("update sets a value, or makes it from the current one", async () => {
  const count = provide(() => 1);
  const scope = createScope();
  expect(await scope.update(count, 5)).toBe(5);
  expect(await scope.update(count, (n) => n + 1)).toBe(6);
  expect(await scope.update(count, async (n) => n + 1)).toBe(7);
  expect(await scope.resolve(count)).toBe(7);
});

test("concurrent update(fn) loses nothing: 10 increments give 10", async () => {
  const count = provide(async () => 0);
  const scope = createScope();
  const increment = async (n: number) => {
    await setImmediate();
    return n + 1;
  };
  const results = await Promise.all(Array.from({ length: 10 }, () => scope.update(count, increment)));
  expect(await scope.resolve(count)).toBe(10);
  expect(results).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("an update that throws changes nothing, and the next one runs", async () => {
  const log: string[] = [];
  const count = provide(noted(log, "count", 1));
  const scope = createScope();
  const failure = new Error("no");
  const failed = scope.update(count, () => {
    throw failure;
  });
  const next = scope.update(count, (n) => n + 1);
  await expect(failed).rejects.toBe(failure);
  expect(await next).toBe(2);
  expect(log).toEqual(["+count", "-count"]);
});

test("update runs the old cleanup once, and dispose not again", async () => {
  const log: string[] = [];
  const count = provide(noted(log, "count", 1));
  const scope = createScope();
  await scope.resolve(count);
  await scope.update(count, 2);
  expect(log).toEqual(["+count", "-count"]);
  await scope.update(count, 3);
  await scope.dispose();
  expect(log).toEqual(["+count", "-count"]);
});

test("reload runs the old cleanup before the factory", async () => {
  const log: string[] = [];
  const count = provide(noted(log, "count", 1));
  const scope = createScope();
  await scope.accessor(count).reload();
  expect(log).toEqual(["+count"]);
  await scope.accessor(count).reload();
  expect(log).toEqual(["+count", "-count", "+count"]);
  await scope.dispose();
  expect(log).toEqual(["+count", "-count", "+count", "-count"]);
});

test("a reactive chain follows in order of dependency, its cleanups before in the reverse order", async () => {
  const log: string[] = [];
  const price = provide((ctl) => noted(log, "price", 2)(ctl));
  const taxed = derive(price.reactive, (n, ctl) => noted(log, "taxed", n * 10)(ctl));
  const shown = derive(taxed.reactive, (n, ctl) => noted(log, "shown", `${n} EUR`)(ctl));
  const scope = createScope();
  expect(await scope.resolve(shown)).toBe("20 EUR");
  log.length = 0;
  const updated = scope.update(price, 3);
  await updated;
  expect(log).toEqual(["-shown", "-taxed", "-price", "+taxed", "+shown"]);
  expect(await scope.resolve(shown)).toBe("30 EUR");
});

test("a diamond is made anew once a change, and never sees one side old", async () => {
  const source = provide(() => 1);
  const slow = derive(source.reactive, async (n) => {
    await setImmediate();
    return n;
  });
  const quick = derive(source.reactive, (n) => n);
  const seen: string[] = [];
  const both = derive([slow.reactive, quick.reactive], ([a, b]) => void seen.push(`${a}${b}`));
  const scope = createScope();
  await scope.resolve(both);
  await Promise.all([scope.update(source, 2), scope.update(source, 3)]);
  expect(seen).toEqual(["11", "22", "33"]);
});

test("what depends without .reactive keeps what it read", async () => {
  const source = provide(() => 1);
  const plain = derive(source, (n) => n);
  const scope = createScope();
  await scope.resolve(plain);
  await scope.update(source, 2);
  expect(await scope.resolve(plain)).toBe(1);
});

test("a change waits for what is being made from the old value, and then follows there too", async () => {
  const gate = Promise.withResolvers<void>();
  const source = provide(() => 1);
  const seen: number[] = [];
  const slow = derive(source.reactive, async (n) => {
    seen.push(n);
    await gate.promise;
    return n;
  });
  const scope = createScope();
  const first = scope.resolve(slow);
  await setImmediate();
  const updated = scope.update(source, 2);
  await setImmediate();
  expect(seen).toEqual([1]);
  gate.resolve();
  await updated;
  expect(await first).toBe(1);
  expect(await scope.resolve(slow)).toBe(2);
});

test("while it is replaced a handle still reads the value before", async () => {
  const gate = Promise.withResolvers<void>();
  let made = 0;
  const source = provide(async () => {
    if (++made > 1) await gate.promise;
    return made;
  });
  const handle = createScope().accessor(source);
  expect(() => handle.get()).toThrow(NotResolved);
  await handle.resolve();
  const reloaded = handle.reload();
  await setImmediate();
  expect(made).toBe(2);
  expect(handle.get()).toBe(1);
  gate.resolve();
  expect(await reloaded).toBe(2);
  expect(handle.get()).toBe(2);
});

test("onUpdate hears updates, reloads and followers, in order of dependency, until it is ended", async () => {
  const source = provide(() => 1);
  const doubled = derive(source.reactive, (n) => n * 2);
  const scope = createScope();
  const heard: string[] = [];
  scope.onUpdate(doubled, (n) => heard.push(`doubled ${n}`));
  const stop = scope.onUpdate(source, (n) => heard.push(`source ${n}`));
  await scope.resolve(doubled);
  expect(heard).toEqual([]);
  await scope.update(source, 2);
  expect(heard).toEqual(["source 2", "doubled 4"]);
  stop();
  await scope.accessor(source).reload();
  expect(heard).toEqual(["source 2", "doubled 4", "doubled 2"]);
});

test("a listener that was given twice hears twice, and is ended by each of its own ends", async () => {
  const source = provide(() => 1);
  const scope = createScope();
  const heard: number[] = [];
  const listener = (n: number) => void heard.push(n);
  const ends = [scope.onUpdate(source, listener), scope.onUpdate(source, listener)];
  await scope.update(source, 2);
  ends[0]?.();
  ends[0]?.();
  await scope.update(source, 3);
  expect(heard).toEqual([2, 2, 3]);
});

test("a listener may update something else", async () => {
  const source = provide(() => 1);
  const copy = provide(() => 0);
  const scope = createScope();
  const copied = Promise.withResolvers<number>();
  scope.onUpdate(source, (n) => void scope.update(copy, n).then(copied.resolve));
  await scope.update(source, 7);
  expect(await copied.promise).toBe(7);
});

test("a listener that throws harms nobody: onError hears of it, else a diagnostic", async () => {
  const count = provide(() => 1, { name: "count" });
  const said: string[] = [];
  onDiagnostic(({ message }) => said.push(message));
  try {
    const scope = createScope();
    scope.onUpdate(count, () => {
      throw new Error("deaf");
    });
    const heard: number[] = [];
    scope.onUpdate(count, (n) => heard.push(n));
    expect(await scope.update(count, 2)).toBe(2);
    expect(heard).toEqual([2]);
    expect(said).toEqual(['the listener of "count" failed: Error: deaf']);
    const failures: ResourceFailure[] = [];
    scope.onError((failure) => failures.push(failure));
    await scope.update(count, 3);
    expect(failures).toMatchObject([{ name: "count", during: "listener" }]);
    expect(said).toHaveLength(1);
  } finally {
    onDiagnostic(undefined);
  }
});

test("an update whose dependents or cleanups fail has happened, and says what failed", async () => {
  const source = provide((ctl) => {
    ctl.cleanup(() => {
      throw new Error("stuck");
    });
    return 1;
  });
  const small = derive(source.reactive, (n) => {
    if (n > 1) throw new Error("too big");
    return n;
  });
  const above = derive(small.reactive, (n) => n);
  const scope = createScope();
  await scope.resolve(above);
  const thrown = await scope.update(source, 2).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(AggregateError);
  expect((thrown as AggregateError).errors.map(String)).toEqual(["Error: stuck", "Error: too big"]);
  expect((thrown as AggregateError).message).toContain("the new value is there, but 2 things went wrong");
  expect(await scope.resolve(source)).toBe(2);
  await expect(scope.resolve(above)).rejects.toThrow("too big");
  await scope.update(source, 1);
  expect(await scope.resolve(above)).toBe(1);
});

test("a reload that fails rejects with the factory's error; the next resolve tries again", async () => {
  let tries = 0;
  const flaky = provide(() => {
    if (++tries === 2) throw new Error("second");
    return tries;
  });
  const scope = createScope();
  await scope.resolve(flaky);
  const handle = scope.accessor(flaky);
  await expect(handle.reload()).rejects.toThrow("second");
  expect(() => handle.get()).toThrow(NotResolved);
  expect(await scope.resolve(flaky)).toBe(3);
});

test("a factory that updates what it follows is told so by name", async () => {
  const count = provide(() => 1, { name: "count" });
  const greedy: Executor<number> = derive(
    count.reactive,
    (_n, ctl) => ctl.scope.update(count, (n) => n + 1),
    { name: "greedy" },
  );
  const scope = createScope();
  await expect(scope.resolve(greedy)).rejects.toThrow(ResourceCycle);
  await expect(scope.resolve(greedy)).rejects.toThrow('update of "count" → greedy → update of "count"');
  expect(await scope.update(count, (n) => n + 1)).toBe(2);
});

test("an update inside an update of the same is told so, one of another is fine", async () => {
  const a = provide(() => 1, { name: "a" });
  const b = provide(() => 1, { name: "b" });
  const scope = createScope();
  await expect(scope.update(a, () => scope.update(a, 2))).rejects.toThrow(ResourceCycle);
  expect(await scope.update(a, (n) => scope.update(b, n + 5))).toBe(6);
  expect(await scope.resolve(b)).toBe(6);
});

test("a derived value that was set by hand lasts until what it follows changes", async () => {
  const source = provide(() => 1);
  const doubled = derive(source.reactive, (n) => n * 2);
  const scope = createScope();
  await scope.update(doubled, 100);
  expect(await scope.resolve(doubled)).toBe(100);
  await scope.update(source, 2);
  expect(await scope.resolve(doubled)).toBe(4);
});

test("an update whose value changed under it is made again from the new one", async () => {
  const source = provide(() => 1);
  const doubled = derive(source.reactive, (n) => n * 2);
  const scope = createScope();
  await scope.resolve(doubled);
  const gate = Promise.withResolvers<void>();
  const seen: number[] = [];
  const updated = scope.update(doubled, async (n) => {
    seen.push(n);
    await gate.promise;
    return n + 1;
  });
  await setImmediate();
  await scope.update(source, 5);
  gate.resolve();
  expect(await updated).toBe(11);
  expect(seen).toEqual([2, 10]);
});

test("overlapping changes of two sources end in the newest of both", async () => {
  const a = provide(() => 0);
  const b = provide(() => 0);
  const sum = derive([a.reactive, b.reactive], async ([x, y]) => {
    await setImmediate();
    return [x, y];
  });
  const scope = createScope();
  await scope.resolve(sum);
  await Promise.all([
    scope.update(a, 1),
    scope.update(b, 1),
    scope.update(a, 2),
    scope.release(a),
    scope.update(b, 2),
  ]);
  expect(await scope.resolve(sum)).toEqual([0, 2]);
});
