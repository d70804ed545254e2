/** Runs that outlive their process: here a scope that is left as if its process had died. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import {
  createScope,
  flow,
  type Journal,
  memoryJournal,
  type Scope,
  sqliteJournal,
} from "../../src/durable/index.ts";

const open: Scope[] = [];
const folder = mkdtempSync(join(tmpdir(), "weir-recover-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(open.splice(0).map((scope) => scope.dispose({ grace: 0 }).catch(() => {})));
});

function scopeOn(journal: Journal, more: Parameters<typeof createScope>[0] = {}): Scope {
  const scope = createScope({ journal, leaseMs: 60, ...more });
  open.push(scope);
  return scope;
}

/** Writes nothing any more from when it is killed, as a process that is dead. */
function mortal(journal: Journal): { journal: Journal; kill(): void } {
  let dead = false;
  const silent = new Proxy(journal, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) =>
        dead ? new Promise(() => {}) : (member as (...given: unknown[]) => unknown).apply(target, args);
    },
  });
  return {
    journal: silent,
    kill() {
      dead = true;
    },
  };
}

const JOURNALS: readonly [string, () => Journal][] = [
  ["memory", () => memoryJournal()],
  ["sqlite", () => sqliteJournal(join(folder, `${Math.random()}.db`))],
];

test.each(JOURNALS)(
  "%s: another process resumes; finished steps happened once, the one in hand runs again",
  async (_name, make) => {
    const shared = make();
    const first = mortal(shared);
    const log: string[] = [];
    const order = flow({ name: "order" }, async (ctx, id: string) => {
      const receipt = await ctx.run("charge", () => {
        log.push("charge");
        return { id, at: new Date(0) };
      });
      await ctx.run("ship", () => {
        log.push("ship");
        if (log.length === 2) return first.kill();
      });
      return receipt;
    });
    void scopeOn(first.journal).exec(order, "o-1", { id: "run-1" });
    await vi.waitFor(() => expect(log).toEqual(["charge", "ship"]));
    const second = scopeOn(shared);
    const handles = await vi.waitFor(async () => {
      const found = await second.recover({ flows: [order] });
      expect(found).toHaveLength(1);
      return found;
    });
    expect(await handles[0]).toEqual({ id: "o-1", at: new Date(0) });
    expect(log).toEqual(["charge", "ship", "ship"]);
    expect(await second.exec(order, "another input", { id: "run-1" })).toEqual({
      id: "o-1",
      at: new Date(0),
    });
  },
);
