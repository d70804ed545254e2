/** What was folded elsewhere and came as bytes is kept as if its observations had come one by one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { FlowKey } from "../src/flow.ts";
import { gather, picture } from "../src/fold/index.ts";
import type { Observation } from "../src/observation.ts";
import type { Need } from "../src/otlp/limits/needs.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import type { Store } from "../src/store.ts";
import { type FoldedMessage, packMessage, unpackMessage } from "../src/workers/folded-message.ts";
import { setTwice } from "./arbitrary.ts";
import { flowOf } from "./saying.ts";
import { storeContract } from "./store.contract.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-folded-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function crossed(observations: Observation[], needs: Need[] = []): FoldedMessage {
  const gathered = gather(observations);
  return unpackMessage(
    packMessage({ receipt: observations.length, needs, observations: observations.length, gathered }),
  );
}

const paths = new Map<Store, string>();
let files = 0;

function open(path: string, options: Partial<Parameters<typeof openSqliteStore>[0]>): Store {
  const store = openSqliteStore({ path, ...options });
  const shown: Store = {
    ...store,
    // In two messages: what the second says of a flow is merged with what is known, in the same commit.
    async append(observations) {
      const half = Math.ceil(observations.length / 2);
      const parts = [observations.slice(0, half), observations.slice(half)];
      await Promise.all(parts.map((part) => store.appendFolded(crossed(part))));
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
      const message = unpackMessage(
        packMessage({ receipt, needs: [need], observations: 7, gathered: gather(said) }),
      );
      expect(message).toMatchObject({ receipt, needs: [need], observations: 7 });
      const read = message.read();
      expect({ heard: read.heard, links: read.links }).toEqual({ heard, links });
      const [before, after] = [[...flows], [...read.flows]];
      expect(after.map((flow) => flow.key)).toEqual(before.map((flow) => flow.key));
      expect(JSON.stringify(after.map(picture))).toBe(JSON.stringify(before.map(picture)));
      expect(after.map(({ facts }) => facts)).toEqual(before.map(({ facts }) => facts));
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
  const message = unpackMessage(packMessage({ receipt, needs: [], observations: 3, gathered }));
  expect(message.receipt).toEqual(receipt);
  const { heard, flows } = message.read();
  expect(heard).toEqual([
    { instance: "p1", service: "api", intervalMs: null },
    { instance: "p1", service: null, intervalMs: 10_000 },
  ]);
  expect([...flows].map(({ facts }) => facts.ends[0]?.at)).toEqual([20]);
});

test("a small and a large message about one flow may share a commit, and links wake what waits for them", async () => {
  const store = openSqliteStore({ path: join(folder, "mixed.db") });
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
    store.appendFolded(crossed([...step("above", 11, 15, { spanId: caller }), noted])),
  ]);
  expect((await store.flow(key))?.steps.map(({ id, parentId }) => [id, parentId])).toEqual([
    ["above", null],
    ["below", null],
  ]);
  await store.appendFolded(crossed([linked(server, caller)]));
  await store.appendFolded(crossed([noted, ended(20)]));
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
  await store.close();
});
