/** What was folded elsewhere and came as bytes is kept as if its observations had come one by one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { FlowKey } from "../src/flow.ts";
import { gather, picture } from "../src/fold/index.ts";
import type { Observation } from "../src/observation.ts";
import type { Need } from "../src/otlp/limits/needs.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import { unpackFlow } from "../src/sqlite/rows/flow-bytes.ts";
import type { Store } from "../src/store.ts";
import {
  type FoldedMessage,
  type MessageTexts,
  packMessage,
  unpackMessage,
} from "../src/workers/folded-message.ts";
import { openTexts } from "../src/workers/texts-seen.ts";
import { setTwice } from "./arbitrary.ts";
import { flowOf } from "./saying.ts";
import { storeContract } from "./store.contract.ts";

const NO_DEFINITIONS = { textOf: () => "", numberOf: () => 0 };

const folder = mkdtempSync(join(tmpdir(), "weir-folded-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NO_NEEDS: Need[] = [];

function crossed(observations: Observation[], texts: MessageTexts): FoldedMessage {
  const { length } = observations;
  const gathered = gather(observations);
  return unpackMessage(
    packMessage({ receipt: length, needs: NO_NEEDS, observations: length, gathered, texts }),
  );
}

/** Knows every text of an even length, and tells those it meets besides. */
function someTexts(): MessageTexts & { textOf(number: number): string } {
  const kept: string[] = [];
  const others = new Set<string>();
  return {
    numberOf(text) {
      if (text.length % 2 !== 0) {
        others.add(text);
        return undefined;
      }
      if (!kept.includes(text)) kept.push(text);
      return kept.indexOf(text);
    },
    textOf: (number) => kept[number] as string,
    takeRepeated: () => [...others],
  };
}

const paths = new Map<Store, string>();
let files = 0;

function open(path: string, options: Partial<Parameters<typeof openSqliteStore>[0]>): Store {
  const store = openSqliteStore({ path, ...options });
  const texts = openTexts(path);
  const shown: Store = {
    ...store,
    async close() {
      texts.close();
      await store.close();
    },
    // In two messages: what the second says of a flow is merged with what is known, in the same commit.
    async append(observations) {
      const half = Math.ceil(observations.length / 2);
      const parts = [observations.slice(0, half), observations.slice(half)];
      await Promise.all(parts.map((part) => store.appendFolded(crossed(part, texts))));
    },
  };
  paths.set(shown, path);
  return shown;
}

storeContract("sqlite, of what was folded elsewhere", {
  sets: 200,
  open: async (now, settings = {}) => open(join(folder, `${++files}.db`), { now, ...settings }),
  async reopen(store, now) {
    await store.close();
    return open(paths.get(store) as string, { now });
  },
});

test("as bytes it is what it was, several flows in one message, each with what repeats", () => {
  const key = (id: string): FlowKey => ({ tenant: "acme", id });
  const sets = fc.tuple(setTwice(key("a"), 1), setTwice(key("b"), 2), setTwice(key("b c"), 3));
  fc.assert(
    fc.property(sets, fc.nat(), (each, receipt) => {
      const said = each.flatMap(({ again }) => again);
      const { flows, heard, links } = gather(said);
      const need = {
        tenant: "acme",
        spans: 3,
        flowNames: ["x".repeat(100)],
        labelKeys: [],
        opens: ["a", "b"],
      };
      const texts = someTexts();
      const message = unpackMessage(
        packMessage({ receipt, needs: [need], observations: 7, gathered: gather(said), texts }),
      );
      expect(message).toMatchObject({ receipt, needs: [need], observations: 7 });
      const read = message.read(texts);
      expect({ heard: read.heard, links: read.links }).toEqual({ heard, links });
      const folded = [...read.flows];
      const [before, after] = [[...flows], folded.map(({ state }) => state)];
      expect(after.map((flow) => flow.key)).toEqual(before.map((flow) => flow.key));
      expect(JSON.stringify(after.map(picture))).toBe(JSON.stringify(before.map(picture)));
      expect(after.map(({ facts }) => facts)).toEqual(before.map(({ facts }) => facts));
      for (const { state, packed } of folded) {
        expect(packed === undefined).toBe(state.facts.definition !== null);
        if (packed !== undefined) expect(unpackFlow(packed, state.key, texts, NO_DEFINITIONS)).toEqual(state);
      }
    }),
    { numRuns: 300 },
  );
});

test("a receipt with something to say, a heartbeat and an end alone come through", () => {
  const { ended } = flowOf({ tenant: "acme", id: "1" });
  const receipt = {
    accepted: 1,
    ignored: 2,
    partial: { rejectedSpans: 1, errorMessage: "too much" },
    rejected: [["bad-kind", 1] as ["bad-kind", number]],
  };
  const alive = { kind: "heartbeat", instance: "p1", service: null, at: 5, intervalMs: 10_000 } as const;
  const gathered = gather([{ ...ended(20), instance: "p1", service: "api" }, alive, alive]);
  const message = unpackMessage(
    packMessage({ receipt, needs: NO_NEEDS, observations: 3, gathered, texts: someTexts() }),
  );
  expect(message.receipt).toEqual(receipt);
  const { heard, flows } = message.read(someTexts());
  expect(heard).toEqual([
    { instance: "p1", service: "api", intervalMs: null },
    { instance: "p1", service: null, intervalMs: 10_000 },
  ]);
  expect([...flows].map(({ state }) => state.facts.ends[0]?.at)).toEqual([20]);
});

test("a small and a large message about one flow may share a commit, and links wake what waits for them", async () => {
  const path = join(folder, "mixed.db");
  const store = openSqliteStore({ path });
  const texts = openTexts(path);
  const key = { tenant: "acme", id: "1" };
  const { opened, step, event, linked, ended } = flowOf(key);
  const [server, caller] = ["5".repeat(16), "a".repeat(16)];
  const noted = event("noted", 12, { spanId: "e".repeat(16) });
  const changes: [string, number, number][] = [];
  store.onChange((list) => {
    for (const { flow, steps, events = [] } of list) changes.push([flow.status, steps.length, events.length]);
  });
  await Promise.all([
    store.append([opened(10), ...step("below", 13, 14, { parent: { spanId: server } })]),
    store.appendFolded(crossed([...step("above", 11, 15, { spanId: caller }), noted], texts)),
  ]);
  expect((await store.flow(key))?.steps.map(({ id, parentId }) => [id, parentId])).toEqual([
    ["above", null],
    ["below", null],
  ]);
  await store.appendFolded(crossed([linked(server, caller)], texts));
  await store.appendFolded(crossed([noted, ended(20)], texts));
  const flow = await store.flow(key);
  expect(flow?.steps.map(({ id, parentId }) => [id, parentId])).toEqual([
    ["above", null],
    ["below", "above"],
  ]);
  expect(flow).toMatchObject({ status: "succeeded", events: [{ name: "noted" }], stepCounts: { total: 2 } });
  // The event is told of once; the link moves a step.
  expect(changes.reduce((sum, [, , events]) => sum + events, 0)).toBe(1);
  expect(changes.at(-1)).toEqual(["succeeded", 0, 0]);
  expect(changes.at(-2)?.[1]).toBeGreaterThan(0);
  texts.close();
  await store.close();
});

test.each([
  ["before the flow", 0],
  ["with the flow", 1],
])("a link that came %s is in the row of a flow that came whole", async (_, place) => {
  const path = join(folder, `link-${place}.db`);
  const store = openSqliteStore({ path });
  const texts = openTexts(path);
  const key = { tenant: "acme", id: "1" };
  const { opened, step, linked, ended } = flowOf(key);
  const [server, caller] = ["5".repeat(16), "a".repeat(16)];
  const whole = [
    opened(10),
    ...step("above", 11, 15, { spanId: caller }),
    ...step("below", 13, 14, { parent: { spanId: server } }),
    ended(20),
  ];
  const link = linked(server, caller);
  const messages = place === 0 ? [[link], whole] : [[link, ...whole]];
  for (const said of messages) await store.appendFolded(crossed(said, texts));
  expect((await store.flow(key))?.steps.map(({ id, parentId }) => [id, parentId])).toEqual([
    ["above", null],
    ["below", "above"],
  ]);
  texts.close();
  await store.close();
});

test("a name that comes again is kept once, and from then on told by its number where it is folded", async () => {
  const path = join(folder, "names.db");
  const store = openSqliteStore({ path });
  const texts = openTexts(path);
  const region = "a-region-with-a-name-that-is-rather-long";
  const sizes: number[] = [];
  for (const id of ["1", "2", "3", "4", "5"]) {
    const { opened, ended } = flowOf({ tenant: "acme", id });
    const bytes = packMessage({
      receipt: 2,
      needs: NO_NEEDS,
      observations: 2,
      gathered: gather([opened(10, { labels: { region } }), ended(20)]),
      texts,
    });
    sizes.push(bytes.length);
    await store.appendFolded(unpackMessage(bytes));
  }
  // Met, met again, told, told once more for it was not known when the third was folded, known.
  expect(sizes[4]).toBeLessThan((sizes[1] as number) - region.length);
  expect(texts.numberOf(region)).toEqual(expect.any(Number));
  expect(texts.takeRepeated()).not.toContain(region);
  for (const id of ["1", "2", "3", "4", "5"]) {
    expect((await store.flow({ tenant: "acme", id }))?.labels).toEqual({ region });
  }
  texts.close();
  await store.close();
});

test("texts that repeat and are not kept are told up to a bound, each once, and again when they come again", () => {
  const path = join(folder, "repeated.db");
  void openSqliteStore({ path }).close();
  const texts = openTexts(path);
  const all = Array.from({ length: 3_000 }, (_, n) => `name-${n}`);
  const meet = () => all.map((text) => texts.numberOf(text));
  expect(meet()).toEqual(all.map(() => undefined));
  expect(texts.takeRepeated()).toEqual([]);
  meet();
  meet();
  expect(texts.takeRepeated()).toEqual(all.slice(0, 1_000));
  expect(texts.takeRepeated()).toEqual([]);
  meet();
  expect(texts.takeRepeated()).toHaveLength(1_000);
  texts.numberOf("x".repeat(200));
  texts.numberOf("x".repeat(200));
  expect(texts.takeRepeated()).toEqual([]);
  texts.close();
});

test("where a text can't be looked up it is written out", () => {
  const path = join(folder, "broken.db");
  void openSqliteStore({ path }).close();
  const texts = openTexts(path);
  const other = new Database(path);
  other.exec("DROP TABLE texts");
  other.close();
  expect(texts.numberOf("data_import")).toBe(undefined);
  texts.close();
});
