import { expect, test } from "vitest";
import { Kept, openMemoryStore } from "../src/memory/index.ts";
import type { Store } from "../src/store.ts";
import { listsContract } from "./lists.contract.ts";
import { flowOf } from "./saying.ts";
import { statsContract } from "./stats.contract.ts";
import { type StoreSettings, type StoreUnderTest, storeContract } from "./store.contract.ts";

const memories = new Map<Store, Kept>();
const openOn = (kept: Kept, now: () => number, settings?: StoreSettings): Store => {
  const store = openMemoryStore({ now, kept, ...settings });
  memories.set(store, kept);
  return store;
};

const underTest: StoreUnderTest = {
  neverWaits: true,
  open: async (now, settings) => openOn(new Kept(), now, settings),
  async reopen(store, now) {
    await store.close();
    return openOn(memories.get(store) as Kept, now);
  },
};
storeContract("memory", underTest);
statsContract("memory", underTest);

listsContract("memory", { open: async (now) => openMemoryStore({ now, most: 200_000 }) });

test("memory: when it is full the oldest flows that have ended make room; where none has it refuses", async () => {
  const store = openMemoryStore({ most: 100 });
  const at = (n: number) => flowOf({ tenant: "acme", id: `${n}` });
  for (let n = 1; n <= 100; n += 1) {
    await store.append(n % 2 === 0 ? [at(n).opened(n)] : [at(n).opened(n), at(n).ended(n + 1)]);
  }
  await store.append([at(101).opened(101)]);
  const ids = async () =>
    (await store.flows({ limit: 500, order: "oldest" })).items.map(({ id }) => Number(id));
  expect(await ids()).toHaveLength(91);
  expect((await ids()).slice(0, 12)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 21, 22]);
  for (let n = 102; n <= 150; n += 1) await store.append([at(n).opened(n)]);
  await expect(store.append([at(151).opened(151)])).rejects.toMatchObject({ code: "overloaded" });
  expect((await ids()).every((id) => id % 2 === 0 || id > 100)).toBe(true);
  await store.append([]).catch(() => undefined);
  await store.prune({ endedBefore: 1000, limit: 500 });
  await store.close();
});
