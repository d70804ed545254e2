/** Random graphs under random calls: each value made once, closed once, and never under who uses it. */
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createScope,
  type Dependency,
  derive,
  type Executor,
  type ExecutorHandle,
} from "../../src/durable/index.ts";

const FORMS = ["value", "reactive", "static", "lazy"] as const;
type Form = (typeof FORMS)[number];

interface Shape {
  /** Of each executor: which earlier ones it takes, and how. */
  deps: { on: number; form: Form }[][];
  /** Which of them need a turn to be made, and to be closed. */
  slow: boolean[];
}

const shape: fc.Arbitrary<Shape> = fc.integer({ min: 1, max: 12 }).chain((size) =>
  fc.record({
    deps: fc.tuple(
      ...Array.from({ length: size }, (_, i) =>
        i === 0
          ? fc.constant<Shape["deps"][number]>([])
          : fc.array(fc.record({ on: fc.nat(i - 1), form: fc.constantFrom(...FORMS) }), { maxLength: 4 }),
      ),
    ),
    slow: fc.array(fc.boolean(), { minLength: size, maxLength: size }),
  }),
);

const CALLS = ["resolve", "update", "reload", "release"] as const;
const calls = fc.array(fc.record({ call: fc.constantFrom(...CALLS), on: fc.nat(11), waits: fc.boolean() }), {
  maxLength: 20,
});

interface Life {
  executor: number;
  /** The values that it was made with, and that must outlive it. */
  made: Life[];
  closed: boolean;
}

type Made = { life: Life | undefined; sum: number };

/** Executors of that shape that notice when something is closed under them or twice; some fail when all is open. */
function world({ deps, slow }: Shape, fails: () => boolean = () => false) {
  const faults: string[] = [];
  const lives: Life[] = [];
  const making = new Set<number>();
  const executors: Executor<Made>[] = [];
  for (const [id, wanted] of deps.entries()) {
    const forms = wanted.map(({ on, form }): Dependency => {
      const executor = executors[on] as Executor<Made>;
      return form === "value" ? executor : executor[form];
    });
    const executor = derive(forms, async (given, ctl): Promise<Made> => {
      if (making.has(id)) faults.push(`${id} made twice at once`);
      making.add(id);
      const life: Life = { executor: id, made: [], closed: false };
      let sum = 1;
      for (const [i, { form }] of wanted.entries()) {
        const isHandle = form === "static" || form === "lazy";
        const handle = given[i] as ExecutorHandle<Made>;
        const made = isHandle ? await handle.resolve().finally(() => making.delete(id)) : (given[i] as Made);
        making.add(id);
        // Replaced by hand, or read once and replaced since: nothing to outlive.
        if (made.life !== undefined && form === "reactive") life.made.push(made.life);
        if (form === "reactive") sum += made.sum;
      }
      if (slow[id]) await setImmediate();
      ctl.cleanup(async () => {
        if (life.closed) faults.push(`${id} closed twice`);
        for (const used of life.made) if (used.closed) faults.push(`${used.executor} closed under ${id}`);
        if (slow[id]) await setImmediate();
        life.closed = true;
        for (const used of life.made) if (used.closed) faults.push(`${used.executor} closed under ${id}`);
      });
      making.delete(id);
      lives.push(life);
      if (fails()) throw new Error(`${id} failed`);
      return { life, sum };
    });
    executors.push(executor);
  }
  return { executors, lives, faults };
}

test("asked all at once, each is made once; dispose closes each once, dependents first", async () => {
  await fc.assert(
    fc.asyncProperty(shape, fc.array(fc.nat(11), { minLength: 1, maxLength: 8 }), async (given, picks) => {
      const { executors, lives, faults } = world(given);
      const scope = createScope();
      const asked = picks.map((pick) => executors[pick % executors.length] as Executor<Made>);
      await Promise.all(asked.map((executor) => scope.resolve(executor)));
      expect(new Set(lives.map((life) => life.executor)).size).toBe(lives.length);
      for (const life of lives) life.made.push(...usedBy(given, lives, life));
      await scope.dispose();
      expect(lives.every((life) => life.closed)).toBe(true);
      expect(faults).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

test("whatever is called in whatever order: closed once, never under a follower, and followers are current", async () => {
  await fc.assert(
    fc.asyncProperty(shape, calls, async (given, todo) => {
      const { executors, lives, faults } = world(given);
      const scope = createScope();
      const under: Promise<unknown>[] = [];
      for (const { call, on, waits } of todo) {
        const executor = executors[on % executors.length] as Executor<Made>;
        const promise = doCall(scope, call, executor);
        under.push(promise);
        if (waits) await promise;
      }
      await Promise.all(under);
      const made = await Promise.all(executors.map((executor) => scope.resolve(executor)));
      for (const [id, { life, sum }] of made.entries()) {
        // One that was set by hand keeps what it was set to.
        if (life === undefined) continue;
        const reactive = (given.deps[id] ?? []).filter(({ form }) => form === "reactive");
        const current = reactive.reduce((total, { on }) => total + (made[on]?.sum ?? 0), 1);
        expect(sum).toBe(current);
        expect(life.closed).toBe(false);
      }
      await scope.dispose();
      expect(lives.every((life) => life.closed)).toBe(true);
      expect(faults).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

test("with factories that fail now and then, every call ends, and all that was opened is closed", async () => {
  await fc.assert(
    fc.asyncProperty(shape, calls, fc.array(fc.boolean(), { minLength: 1 }), async (given, todo, failing) => {
      let made = 0;
      const { executors, lives, faults } = world(given, () => failing[made++ % failing.length] === true);
      const scope = createScope();
      const ends = todo.map(({ call, on }) =>
        doCall(scope, call, executors[on % executors.length] as Executor<Made>),
      );
      const errors = (await Promise.allSettled(ends)).flatMap((end) =>
        end.status === "rejected"
          ? [end.reason].flatMap((e) => (e instanceof AggregateError ? e.errors : [e]))
          : [],
      );
      for (const error of errors) expect(String(error)).toMatch(/^Error: \d+ failed$/);
      await scope.dispose();
      expect(lives.every((life) => life.closed)).toBe(true);
      expect(faults).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

function doCall(
  scope: ReturnType<typeof createScope>,
  call: (typeof CALLS)[number],
  executor: Executor<Made>,
): Promise<unknown> {
  if (call === "resolve") return scope.resolve(executor);
  if (call === "update") return scope.update(executor, ({ sum }) => ({ life: undefined, sum: sum + 100 }));
  return call === "reload" ? scope.accessor(executor).reload() : scope.release(executor);
}

/** With nothing changed on the way, every form of use counts. */
function usedBy({ deps }: Shape, lives: Life[], life: Life): Life[] {
  const on = new Set((deps[life.executor] ?? []).map((dep) => dep.on));
  return lives.filter((other) => on.has(other.executor));
}
