/**
 * Flows of random shape, whose processes are killed at random calls of the journal, against a simple model: what was noted is
 * executed once, each run ends as its program says, and where it fails all that was done is undone, each once.
 */
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createScope,
  type Flow,
  type FlowContext,
  flow,
  type Journal,
  memoryJournal,
} from "../../src/durable/index.ts";

type Part =
  | { readonly is: "step"; readonly failures: number; readonly retries: number; readonly undone: boolean }
  | { readonly is: "sleep" }
  | { readonly is: "fail" }
  | { readonly is: "child" | "parallel"; readonly parts: readonly Part[] };

const part: fc.Arbitrary<Part> = fc.letrec<{ part: Part }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    {
      weight: 6,
      arbitrary: fc.record({
        is: fc.constant("step" as const),
        failures: fc.nat({ max: 2 }),
        retries: fc.nat({ max: 2 }),
        undone: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ is: fc.constant("sleep" as const) }) },
    { weight: 1, arbitrary: fc.record({ is: fc.constant("fail" as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        is: fc.constantFrom("child" as const, "parallel" as const),
        parts: fc.array(tie("part"), { maxLength: 3 }),
      }),
    },
  ),
})).part;

/** What has happened in the world outside. */
class World {
  /** Executions of each step, failed ones too. */
  readonly executed = new Map<string, number>();
  readonly undone: string[] = [];
  /** Names of steps that say what undoes them. */
  readonly undoable = new Set<string>();
  /** Steps that were executed though the journal had their result. */
  readonly repeated: string[] = [];
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  async execute(ctx: FlowContext, name: string, failures: number): Promise<void> {
    const before = this.executed.get(name) ?? 0;
    this.executed.set(name, before + 1);
    const entries = await this.#journal.entries(ctx.runId);
    if (entries.some(({ path, status }) => path.endsWith(`/${name}`) && status === "succeeded"))
      this.repeated.push(name);
    if (before < failures) throw new Error(`${name} fails`);
  }
}

function programOf(world: World, parts: readonly Part[], name: string): Flow<void, void> {
  return flow({ name }, async (ctx) => {
    await perform(ctx, parts, name);
  });

  async function perform(ctx: FlowContext, all: readonly Part[], at: string): Promise<void> {
    for (const [index, each] of all.entries()) await one(ctx, each, `${at}-${index}`);
  }

  async function one(ctx: FlowContext, each: Part, at: string): Promise<void> {
    switch (each.is) {
      case "step": {
        const retry = { maxAttempts: each.retries + 1, baseDelay: 0 };
        if (each.undone) world.undoable.add(at);
        await ctx.run(at, { retry }, () => world.execute(ctx, at, each.failures));
        if (each.undone) ctx.onRollback(() => void world.undone.push(at));
        return;
      }
      case "sleep":
        return await ctx.sleep(1);
      case "fail":
        throw new Error(`${at} is to fail`);
      case "child":
        return await ctx.exec(programOf(world, each.parts, at));
      case "parallel":
        await ctx.parallel(each.parts.map((branch, index) => () => one(ctx, branch, `${at}-${index}`)));
    }
  }
}

/** Dies at the call of this number: it is made or not, and nobody but the test is told. */
function dyingAt(journal: Journal, call: number, isMade: boolean): { mortal: Journal; death: Promise<void> } {
  let left = call;
  const { promise: death, resolve: die } = Promise.withResolvers<void>();
  const mortal = new Proxy(journal, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const ask = () => (member as (...given: unknown[]) => unknown).apply(target, args);
        if (property === "watch" || property === "watchDue") return ask();
        left -= 1;
        if (left > 0) return ask();
        // Nobody hears whether it is refused, as where a slow process has lost the run meanwhile.
        if (left === 0 && isMade) Promise.resolve(ask()).catch(() => {});
        die();
        return new Promise(() => {});
      };
    },
  });
  return { mortal, death };
}

test("whatever the flow and wherever its processes die: finished steps once, every run ends, all is undone", async () => {
  const deaths = fc.array(fc.record({ call: fc.integer({ min: 1, max: 25 }), isMade: fc.boolean() }), {
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.nat({ max: 3 }),
      deaths,
      async (parts, retries, dies) => {
        const shared = memoryJournal();
        const world = new World(shared);
        const program = programOf(world, parts, "p");
        const options = { id: "run", retry: { maxAttempts: retries + 1, baseDelay: 0 } };
        for (const { call, isMade } of dies) {
          const { mortal, death } = dyingAt(shared, call, isMade);
          const dying = createScope({ journal: mortal, leaseMs: 5, parkAfter: 0 });
          const ended = dying.exec(program, undefined, options).then(
            () => {},
            () => {},
          );
          // Not by the time: a process that is only slow goes on with a step that another has taken over.
          await Promise.race([ended, death]);
          await delay(6);
        }
        await using scope = createScope({ journal: shared, leaseMs: 5000, parkAfter: 0 });
        await scope.exec(program, undefined, options).catch(() => {});
        const run = await shared.read("run");
        const entries = await shared.entries("run");
        expect(world.repeated).toEqual([]);
        expect(["succeeded", "failed"]).toContain(run?.status);
        expect(run?.owner).toBeUndefined();
        if (run?.status === "succeeded") expect(world.undone).toEqual([]);
        else {
          const noted = entries.filter(({ path, kind }) => kind === "rollback" && !path.endsWith(":begun"));
          expect(noted.every(({ status }) => status === "succeeded")).toBe(true);
          // One may have been in hand when a process died: then it ran once more.
          const done = [...world.undoable].filter((name) =>
            entries.some(
              ({ path, status, kind }) =>
                kind === "run" && status === "succeeded" && path.endsWith(`/${name}`),
            ),
          );
          expect([...new Set(world.undone)].toSorted()).toEqual(done.toSorted());
          expect(noted).toHaveLength(done.length);
          expect(world.undone.length - noted.length).toBeLessThanOrEqual(dies.length);
        }
        if (dies.length === 0) expect(run?.status).toBe(modelled(parts, retries) ? "succeeded" : "failed");
      },
    ),
    { numRuns: 150 },
  );
});

/** Whether it succeeds when nobody dies: each attempt of the flow comes as far as the first step that still fails. */
function modelled(parts: readonly Part[], retries: number): boolean {
  const executed = new Map<string, number>();
  for (let attempt = 0; attempt <= retries; attempt += 1)
    if (parts.every((each, at) => passes(each, `${at}`))) return true;
  return false;

  function passes(each: Part, at: string): boolean {
    switch (each.is) {
      case "sleep":
        return true;
      case "fail":
        return false;
      case "child":
        return each.parts.every((inner, index) => passes(inner, `${at}-${index}`));
      case "parallel":
        // All are begun, whichever fails.
        return each.parts.map((inner, index) => passes(inner, `${at}-${index}`)).every(Boolean);
      case "step": {
        const tries = Math.min(executed.get(at) ?? 0, each.failures) + each.retries + 1;
        executed.set(at, tries);
        return tries > each.failures;
      }
    }
  }
}
