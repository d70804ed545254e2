import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createScope, derive, GraceOver, provide, ScopeDisposed } from "../../src/durable/index.ts";
import { ResourceScope } from "../../src/durable/scope.ts";
import { TestClock } from "../../src/testing.ts";

function inFlight(scope: ResourceScope, name: string, heeds = true) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const reasons: unknown[] = [];
  scope.inFlight.add({
    name,
    done: promise,
    cancel(reason) {
      reasons.push(reason);
      if (heeds) reject(reason);
    },
  });
  return { end: resolve, reasons };
}

test("dispose closes in reverse order of dependency, whatever the order of creation", async () => {
  const log: string[] = [];
  const database = provide((ctl) => void ctl.cleanup(() => log.push("database")));
  const log1 = provide((ctl) => void ctl.cleanup(() => log.push("log")));
  const service = derive([database, log1.static], async (_deps, ctl) => {
    ctl.cleanup(async () => {
      await setImmediate();
      log.push("service");
    });
  });
  const server = derive({ service }, (_deps, ctl) => void ctl.cleanup(() => log.push("server")));
  const scope = createScope();
  await scope.resolve(server);
  // A database that was made anew is younger than the service that uses it.
  await scope.accessor(database).reload();
  log.length = 0;
  await scope.dispose();
  expect(log.slice(0, 2)).toEqual(["server", "service"]);
  expect(new Set(log.slice(2))).toEqual(new Set(["database", "log"]));
});

test("what was taken through a handle or the scope is closed after who took it", async () => {
  const log: string[] = [];
  const late = provide((ctl) => void ctl.cleanup(() => log.push("late")));
  const asked = provide((ctl) => void ctl.cleanup(() => log.push("asked")));
  const user = derive(late.lazy, async (handle, ctl) => {
    ctl.cleanup(() => log.push("user"));
    await ctl.scope.resolve(asked);
    return handle;
  });
  const scope = createScope();
  const handle = await scope.resolve(user);
  await handle.resolve();
  await scope.dispose();
  expect(log[0]).toBe("user");
  expect(log).toHaveLength(3);
});

test("dispose goes on past cleanups that fail, and reports them all", async () => {
  const log: string[] = [];
  const a = provide((ctl) => void ctl.cleanup(() => log.push("a")));
  const b = derive(a, (_a, ctl) => void ctl.cleanup(() => Promise.reject(new Error("b"))));
  const c = derive(b, (_b, ctl) => {
    ctl.cleanup(() => {
      throw new Error("c");
    });
  });
  const scope = createScope();
  await scope.resolve(c);
  const thrown = await scope.dispose().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(AggregateError);
  expect((thrown as AggregateError).errors.map(String)).toEqual(["Error: c", "Error: b"]);
  expect((thrown as AggregateError).message).toBe(
    "dispose: everything was released, with 2 failures on the way",
  );
  expect(log).toEqual(["a"]);
  await expect(scope.dispose()).rejects.toBe(thrown);
  expect(log).toEqual(["a"]);
});

test("await using disposes", async () => {
  const log: string[] = [];
  const a = provide((ctl) => void ctl.cleanup(() => log.push("closed")));
  {
    await using scope = createScope();
    await scope.resolve(a);
  }
  expect(log).toEqual(["closed"]);
});

test("dispose waits for work in flight, which may still resolve", async () => {
  const clock = new TestClock();
  const log: string[] = [];
  const database = provide((ctl) => void ctl.cleanup(() => log.push("database")));
  const scope = new ResourceScope({ clock });
  await scope.resolve(database);
  const run = inFlight(scope, "run 1");
  const disposed = scope.dispose();
  await clock.advance(9999);
  expect(log).toEqual([]);
  expect(await scope.resolve(provide(() => "for the run"))).toBe("for the run");
  run.end();
  await disposed;
  expect(log).toEqual(["database"]);
  expect(run.reasons).toEqual([]);
  expect(scope.inFlight.size).toBe(0);
});

test("work that outlasts the grace period is cancelled, and what heeds it is waited for", async () => {
  const clock = new TestClock();
  const scope = new ResourceScope({ grace: 500, clock });
  const run = inFlight(scope, "run 1");
  const disposed = scope.dispose();
  await clock.advance(500);
  await disposed;
  expect(run.reasons).toEqual([expect.any(ScopeDisposed)]);
});

test("work that does not even end when cancelled is named, and holds nothing up", async () => {
  const clock = new TestClock();
  const log: string[] = [];
  const database = provide((ctl) => void ctl.cleanup(() => log.push("database")));
  const scope = new ResourceScope({ clock });
  await scope.resolve(database);
  inFlight(scope, "run 1", false);
  const disposed = scope.dispose({ grace: 5 }).catch((error: unknown) => error);
  await clock.advance(5);
  await clock.advance(1000);
  const thrown = (await disposed) as AggregateError;
  expect(thrown.errors).toEqual([expect.any(GraceOver)]);
  expect(thrown.errors[0]).toMatchObject({ running: ["run 1"], grace: 5 });
  expect(log).toEqual(["database"]);
});

test("a factory that never returns is in flight too; what it opens later is closed at once", async () => {
  const clock = new TestClock();
  const gate = Promise.withResolvers<void>();
  const log: string[] = [];
  const slow = provide(
    async (ctl) => {
      await gate.promise;
      ctl.cleanup(() => log.push("closed"));
      return 1;
    },
    { name: "slow" },
  );
  const scope = new ResourceScope({ clock });
  const resolved = scope.resolve(slow).catch((error: unknown) => error);
  const disposed = scope.dispose({ grace: 5 }).catch((error: unknown) => error);
  await clock.advance(5);
  await clock.advance(1000);
  expect(await disposed).toMatchObject({ errors: [{ running: ['resolve of "slow"'] }] });
  gate.resolve();
  expect(await resolved).toBeInstanceOf(ScopeDisposed);
  expect(log).toEqual(["closed"]);
});

test("dispose lets a change that is under way end first", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const source = provide((ctl) => {
    ctl.cleanup(() => gate.promise);
    return 1;
  });
  const follower = derive(source.reactive, (n, ctl) => void ctl.cleanup(() => log.push(`-${n}`)));
  const scope = createScope();
  await scope.resolve(follower);
  const updated = scope.update(source, 2);
  await setImmediate();
  const disposed = scope.dispose();
  gate.resolve();
  expect(await updated).toBe(2);
  await disposed;
  expect(log).toEqual(["-1", "-2"]);
});
