/** A run that another process has taken: what waits here goes no further, and nothing rejects that nobody hears. */
import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createScope, type FlowContext, flow, memoryJournal } from "../../src/durable/index.ts";
import { TestClock } from "../../src/testing.ts";

const LEASE_MS = 3000;
const MINUTE_MS = 60_000;

const fails = (): never => {
  throw new Error("not yet");
};
const again = { retry: { maxAttempts: 9, baseDelay: MINUTE_MS } };
const inner = flow({ name: "inner" }, (ctx) => ctx.run("step", again, fails));

/** What a handler may have begun and not be waiting for at the moment. */
const BEGUN: Record<string, (ctx: FlowContext) => Promise<unknown>> = {
  "a step before its next attempt": (ctx) => ctx.run("step", again, fails),
  "a step that heeds its signal": (ctx) =>
    ctx.run(
      "step",
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    ),
  "a step that does not": (ctx) => ctx.run("step", () => new Promise(() => {})),
  "a step with a limit": (ctx) => ctx.run("step", { timeout: 10 * MINUTE_MS }, () => new Promise(() => {})),
  "parallel work": (ctx) => ctx.parallel([() => ctx.run("step", again, fails), () => ctx.sleep(MINUTE_MS)]),
  "a sub-flow": (ctx) => ctx.exec(inner),
  "a sleep": (ctx) => ctx.sleep(2 * MINUTE_MS),
  "a message": (ctx) => ctx.waitFor("go", { timeout: 2 * MINUTE_MS }),
};

test.each(Object.keys(BEGUN))("%s is told to nobody when the lease is lost", async (what) => {
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => void unheard.push(reason);
  process.on("unhandledRejection", hear);
  onTestFinished(() => void process.off("unhandledRejection", hear));

  const clock = new TestClock();
  const journal = memoryJournal({ clock });
  const ends: string[] = [];
  let took = 0;
  const program = flow({ name: "program" }, async (ctx) => {
    took += 1;
    if (took > 1) return "by another";
    const derived = BEGUN[what]?.(ctx).then(() => ends.push("went on"));
    await ctx.sleep(MINUTE_MS);
    return await derived;
  });
  // It keeps what only waits: to be given back is another thing.
  const stalled = createScope({ journal, clock, leaseMs: LEASE_MS, parkAfter: 10 * MINUTE_MS });
  const first = stalled.exec(program, undefined, { id: "run" });
  await expect.poll(async () => (await journal.entries("run")).length).toBeGreaterThan(0);

  // It stands still for longer than its lease, and another takes the run: its next renewal tells.
  await journal.renew([{ runId: "run", token: 1 }], 1);
  const other = createScope({ journal, clock, leaseMs: LEASE_MS });
  await clock.advance(2);
  const [second] = await other.recover({ flows: [program] });
  expect(await second).toBe("by another");
  await clock.advance(LEASE_MS);
  expect(await first).toBe("by another");
  // Time for work that does not heed its signal to be given up, and for what would reject to be reported.
  await clock.advance(MINUTE_MS);
  await turn();
  expect(ends).toEqual([]);
  expect(unheard).toEqual([]);
});
