/** Where the tests of durable flows run them: without a journal, and in those that need no server. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach } from "vitest";
import {
  createScope,
  type Journal,
  memoryJournal,
  type Scope,
  type ScopeOptions,
  sqliteJournal,
} from "../../src/durable/index.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-durable-"));
const scopes: Scope[] = [];
const journals: Journal[] = [];

afterEach(async () => {
  await Promise.all(scopes.splice(0).map((scope) => scope.dispose({ grace: 0 })));
  await Promise.all(journals.splice(0).map((journal) => journal.close()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export const JOURNALED: readonly [string, () => Journal][] = [
  ["memory journal", () => kept(memoryJournal())],
  ["sqlite", () => kept(sqliteJournal(join(folder, `${crypto.randomUUID()}.db`)))],
];

export const PLACES: readonly [string, () => Journal | undefined][] = [
  ["no journal", () => undefined],
  ...JOURNALED,
];

/** Disposed of after the test. */
export function scopeOn(journal: Journal | undefined, more: Omit<ScopeOptions, "journal"> = {}): Scope {
  const scope = createScope({ journal, ...more });
  scopes.push(scope);
  return scope;
}

/** A journal as a process sees it that may be killed: from then on nothing is written, and no call is answered. */
export function mortal(journal: Journal): { journal: Journal; kill(): void; readonly calls: number } {
  let dead = false;
  let calls = 0;
  const proxy = new Proxy(journal, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (dead) return property.toString().startsWith("watch") ? () => {} : new Promise(() => {});
        calls += 1;
        return (member as (...given: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  return {
    journal: proxy,
    kill() {
      dead = true;
    },
    get calls() {
      return calls;
    },
  };
}

function kept(journal: Journal): Journal {
  journals.push(journal);
  return journal;
}
