/** Export and import: a flow that went out comes back as it was. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { definitionFrom } from "../src/definition.ts";
import type { FlowDetail, FlowKey } from "../src/flow.ts";
import { fold, picture } from "../src/fold/index.ts";
import { presentDetail } from "../src/http/present.ts";
import { openMemoryStore } from "../src/memory/index.ts";
import type { Observation } from "../src/observation.ts";
import type { Store } from "../src/store.ts";
import { exportLines, resumePoint } from "../src/transfer/export.ts";
import { importFlows } from "../src/transfer/import.ts";
import { linesOf } from "../src/transfer/lines.ts";
import { readFlow } from "../src/transfer/read-line.ts";
import { readTimeText, timeText } from "../src/transfer/time.ts";
import { observationsOf } from "../src/transfer/to-observations.ts";
import { flowLine, headerLine } from "../src/transfer/write-line.ts";
import { setTwice } from "./arbitrary.ts";
import { flowOf } from "./saying.ts";

const T0 = 1_790_000_000_000_000;
const KEY: FlowKey = { tenant: "acme", id: "1" };

function detailOf(said: Parameters<typeof fold>[0]): FlowDetail {
  const { summary, traceId, steps, events, definition } = picture(fold(said));
  return {
    ...summary,
    health: summary.endedAt === null ? "ok" : null,
    traceId,
    steps,
    events,
    children: [],
    definition: definitionFrom(definition),
    usual: { flow: null, steps: [] },
    runner: null,
  };
}

/** What was exported, but for what follows from the clock and from other flows. */
function essence({ health, children, usual, runner, ...flow }: FlowDetail) {
  return flow;
}

async function* bytesOf(text: string, size = 7): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function exported(store: Store): Promise<string> {
  let text = "";
  for await (const line of exportLines({ store, filter: {} })) text += line;
  return text;
}

async function imported(store: Store, text: string) {
  const bad: [number, string][] = [];
  const report = await importFlows({
    store,
    lines: linesOf(bytesOf(text, 4096)),
    onBad: (line, why) => bad.push([line, why]),
  });
  return { ...report, bad };
}

function aLine(change: (flow: Record<string, unknown>) => void = () => {}): string {
  const { opened, step, event, ended } = flowOf(KEY);
  const error = { type: "E", message: "m", stack: null };
  const flow = detailOf([
    opened(T0, { labels: { env: "prod" } }),
    ...step("s", T0 + 1, T0 + 2, {}, { status: "failed", error }),
    event("e", T0 + 1),
    ended(T0 + 9),
  ]);
  const json = JSON.parse(flowLine(flow)) as Record<string, unknown>;
  change(json);
  return `${JSON.stringify(json)}\n`;
}

describe("a line", () => {
  test("brings back the picture of any set of observations", () => {
    fc.assert(
      fc.property(setTwice(KEY), ({ once }) => {
        const flow = detailOf(once);
        const back = detailOf(observationsOf(readFlow(flowLine(flow))));
        expect(essence(back)).toEqual(essence(flow));
      }),
      { numRuns: 3000 },
    );
  });

  test("knows which of two steps failed the flow where both have one name and ended at one moment", () => {
    const { opened, step, ended } = flowOf(KEY);
    const bad = { type: "read", message: "bad row 7", stack: null };
    // Many pairs, for by chance half of them come back right.
    for (const pair of Array.from("abcdefghijkl", (letter) => [`${letter}1`, `${letter}2`])) {
      const ends = pair.flatMap((id, at) =>
        step(id, T0, T0 + 5, { name: "read" }, { status: "failed", error: at === 0 ? null : bad }),
      );
      const flow = detailOf([opened(T0), ...ends, ended(T0 + 9)]);
      expect(essence(detailOf(observationsOf(readFlow(flowLine(flow)))))).toEqual(essence(flow));
    }
  });

  test("brought back twice, or in an earlier and a later state, is what it is", () => {
    fc.assert(
      fc.property(setTwice(KEY), fc.nat(24), ({ once }, cut) => {
        const now = observationsOf(readFlow(flowLine(detailOf(once))));
        expect(detailOf([...now, ...now])).toEqual(detailOf(now));
        const start = once.slice(0, cut + 1);
        if (!start.some((said) => "flow" in said)) return;
        const before = observationsOf(readFlow(flowLine(detailOf(start))));
        const both = detailOf([...before, ...now]);
        // What was known then is still known.
        for (const { id } of detailOf(start).steps) expect(both.steps.map((step) => step.id)).toContain(id);
        expect(both.updatedAt).toBe(detailOf(now).updatedAt);
      }),
      { numRuns: 500 },
    );
  });

  test("is what the REST API tells of the flow by itself, with finer times", () => {
    const flow = detailOf([
      flowOf(KEY).opened(T0 + 123_456, { labels: { env: "prod" } }),
      ...flowOf(KEY).step("s", T0 + 200_001, T0 + 300_002, { attributes: { rows: 1 } }),
      flowOf(KEY).event("e", T0 + 250_009),
    ]);
    const coarse = flowLine(flow).replaceAll(/(T\d\d:\d\d:\d\d\.\d{3})\d{3}Z/g, "$1Z");
    const { usual, runner, ...own } = presentDetail(flow);
    expect(JSON.parse(coarse)).toEqual(JSON.parse(JSON.stringify(own)));
    expect(readFlow(JSON.stringify(presentDetail(flow)))).toMatchObject({ id: "1", status: "running" });
  });

  test("times keep their microseconds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_000_000_000_000_000 }), (at) => {
        expect(readTimeText(timeText(at))).toBe(at);
      }),
    );
    for (const none of [
      "",
      "2026-11-22",
      "2026-13-22T10:00:00Z",
      "1970-01-01T00:00:00Z",
      "2026-11-22T10:00:00",
    ])
      expect(readTimeText(none)).toBeUndefined();
  });

  test.each<[string, (flow: Record<string, unknown>) => void, string]>([
    ["no tenant", (flow) => delete flow.tenant, "tenant: expected text of 1 to 256 characters, got nothing"],
    ["a long id", (flow) => Object.assign(flow, { id: "x".repeat(257) }), "id: expected text of 1 to 256"],
    [
      "half a character",
      (flow) => Object.assign(flow, { id: "\ud800" }),
      "id: expected text in whole characters",
    ],
    [
      "no such status",
      (flow) => Object.assign(flow, { status: "lost" }),
      "status: expected one of running, suc",
    ],
    [
      "a running end",
      (flow) => Object.assign(flow, { status: "running" }),
      "endedAt: expected null, for the status",
    ],
    ["no time", (flow) => Object.assign(flow, { startedAt: 5 }), "startedAt: expected a time such as"],
    [
      "labels in a list",
      (flow) => Object.assign(flow, { labels: [] }),
      "labels: expected a JSON object, got a list",
    ],
    [
      "a step of text",
      (flow) => Object.assign(flow, { steps: ["s"] }),
      'steps[0]: expected a JSON object, got "s"',
    ],
    [
      "an attempt of half",
      (flow) => Object.assign((flow.steps as object[])[0] as object, { attempt: 1.5 }),
      "steps[0].attempt: expected a whole number from 1, got 1.5",
    ],
    [
      "a shape that is none",
      (flow) => Object.assign(flow, { definition: { kind: "tree", name: "n" } }),
      "definition.root: expected an object, got nothing",
    ],
    [
      "a long node",
      (flow) => Object.assign((flow.steps as object[])[0] as object, { node: "n".repeat(1025) }),
      "steps[0].node: expected text of 1 to 1024 characters",
    ],
    [
      "too many labels",
      (flow) =>
        Object.assign(flow, { labels: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [n, ""])) }),
      "labels: expected at most 32, got 33",
    ],
    [
      "too many services",
      (flow) => Object.assign(flow, { services: Array.from({ length: 33 }, (_, n) => `service-${n}`) }),
      "services: expected at most 32, got 33",
    ],
  ])("with %s is refused by name", (_, change, message) => {
    expect(() => readFlow(aLine(change))).toThrow(message);
  });

  test("of an earlier program, which knew of no shapes, is read", () => {
    const line = aLine((flow) => {
      delete flow.definition;
      for (const step of flow.steps as Record<string, unknown>[]) {
        delete step.node;
        delete step.edge;
      }
    });
    expect(readFlow(line)).toMatchObject({ definition: null, steps: [{ node: null, edge: null }] });
  });

  test("as hostile as it likes is read or refused, and never anything else", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const lines = [
      "",
      "null",
      "[]",
      '"x"',
      deep,
      aLine().replace('"attributes":{}', `"attributes":{"a":${deep}}`),
      aLine().replace('"attributes":{}', '"attributes":{"__proto__":{"polluted":true}}'),
      aLine().replace('"labels":{"env":"prod"}', '"labels":{"__proto__":"x"}'),
    ];
    for (const line of lines) readOrRefuse(line);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    fc.assert(
      fc.property(fc.json(), (json) => readOrRefuse(json)),
      { numRuns: 500 },
    );
    const good = aLine();
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(20), fc.string({ maxLength: 5 }), (at, cut, put) =>
        readOrRefuse(good.slice(0, at) + put + good.slice(at + cut)),
      ),
      { numRuns: 3000 },
    );
    const fields = fc.constantFrom(...Object.keys(JSON.parse(good) as object));
    fc.assert(
      fc.property(fields, fc.jsonValue(), (field, value) =>
        readOrRefuse(aLine((flow) => (flow[field] = value))),
      ),
      { numRuns: 3000 },
    );
  });
});

function readOrRefuse(line: string): void {
  try {
    detailOf(observationsOf(readFlow(line)));
  } catch (error) {
    expect(error).toMatchObject({ name: "LineError" });
  }
}

describe("lines of bytes", () => {
  test("come out as they went in, wherever the chunks end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc
            .string({ unit: "grapheme", minLength: 1 })
            .filter((text) => text.trim() === text && !/[\r\n]/.test(text)),
          { maxLength: 9 },
        ),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (texts, size, ended) => {
          const text = texts.join("\n") + (ended ? "\n" : "");
          const lines = await all(linesOf(bytesOf(text, size)));
          expect(lines.map((line) => line.text)).toEqual(texts);
          expect(lines.at(-1)?.end ?? 0).toBe(texts.length === 0 ? 0 : Buffer.byteLength(text));
          expect(lines.map(({ whole }) => whole)).toEqual(texts.map((_, n) => ended || n < texts.length - 1));
        },
      ),
    );
  });

  test("one that is too long, or no text, is passed over; those after it keep their numbers", async () => {
    const bytes = (async function* () {
      yield Buffer.from(`${"x".repeat(50)}`);
      yield Buffer.from(`${"x".repeat(51)}\n\nshort\n`);
      yield Buffer.from([0xff, 0xfe, 10]);
      yield Buffer.from("last");
    })();
    expect(await all(linesOf(bytes, 100))).toEqual([
      { number: 1, text: null, end: 102, whole: true },
      { number: 3, text: "short", end: 109, whole: true },
      { number: 4, text: null, end: 112, whole: true },
      { number: 5, text: "last", end: 116, whole: false },
    ]);
  });
});

describe("from store to store", () => {
  const now = () => T0 + 1_000_000;

  async function withFlows(): Promise<Store> {
    const store = openMemoryStore({ now });
    const said: Observation[] = [];
    for (let n = 0; n < 450; n += 1) {
      const key = { tenant: `t${n % 3}`, id: `${n}` };
      const { opened, step, ended, event } = flowOf(key);
      const parent = n % 10 === 1 ? { tenant: `t${(n - 1) % 3}`, id: `${n - 1}` } : null;
      // Many share a start.
      const at = T0 + Math.floor(n / 7);
      said.push(opened(at, { parent, labels: { n: `${n}` } }), ...step("s", at, at + 1, { service: "api" }));
      said.push(event("e", at), event("e", at));
      if (n % 5 !== 0) said.push(ended(at + 2, { status: n % 4 === 0 ? "failed" : "succeeded" }));
    }
    await store.append(said);
    return store;
  }

  test("everything comes across, also children; again changes nothing, also where it came from", async () => {
    const source = await withFlows();
    const text = await exported(source);
    expect(text.split("\n")).toHaveLength(450 + 2);
    const target = openMemoryStore({ now });
    expect(await imported(target, text)).toEqual({ imported: 450, unchanged: 0, bad: [] });
    expect(await exported(target)).toBe(text);
    for (const store of [target, source]) {
      expect(await imported(store, text)).toEqual({ imported: 0, unchanged: 450, bad: [] });
      expect(await exported(store)).toBe(text);
    }
  });

  test("a flow that went on since it was exported is none the worse for being imported", async () => {
    const store = openMemoryStore({ now });
    const { opened, event, step, ended } = flowOf(KEY);
    await store.append([opened(T0), event("e", T0 + 1), event("e", T0 + 1)]);
    const text = await exported(store);
    await store.append([event("e", T0 + 1), ...step("s", T0 + 2, T0 + 3), ended(T0 + 4)]);
    const before = await store.flow(KEY);
    expect(await imported(store, text)).toEqual({ imported: 1, unchanged: 0, bad: [] });
    expect(await store.flow(KEY)).toEqual(before);
  });

  test("bad lines are named by number, and the others are taken", async () => {
    const [header = "", first = "", ...more] = (await exported(await withFlows())).split(/(?<=\n)/);
    const target = openMemoryStore({ now });
    const text = [header, "nonsense\n", first, "\n", '{"tenant":1}\n', ...more.slice(0, 3)].join("");
    expect(await imported(target, text)).toEqual({
      imported: 4,
      unchanged: 0,
      bad: [
        [2, 'expected a JSON object, got "nonsense"'],
        [5, "status: expected one of running, succeeded, failed, cancelled, paused, got nothing"],
      ],
    });
  });

  test("what is no export, or a newer one, is refused before anything is taken", async () => {
    const store = openMemoryStore({ now });
    for (const [text, message] of [
      ["", "expected an export, got nothing"],
      [aLine(), "expected the first line of an export"],
      [
        '{"format":"weir-flows","version":2}\n',
        "expected version 1 of the format, got 2: use a newer program",
      ],
      ["PK\u0003\u0004\n", "expected a JSON object"],
    ] as const)
      await expect(imported(store, text)).rejects.toThrow(message);
    expect(await exported(store)).toBe(headerLine({}));
  });

  test("an export that was stopped anywhere goes on to the same end", async () => {
    const store = await withFlows();
    const text = await exported(store);
    await fc.assert(
      fc.asyncProperty(fc.nat(Buffer.byteLength(text)), async (stoppedAt) => {
        const partial = Buffer.from(text).subarray(0, stoppedAt);
        const resume = await resumePoint(linesOf(bytesOf(partial.toString(), 65536)), {});
        let whole = partial.subarray(0, resume?.bytes ?? 0).toString();
        for await (const line of exportLines({ store, filter: {}, resume })) whole += line;
        expect(whole).toBe(text);
      }),
      { numRuns: 25 },
    );
    await expect(resumePoint(linesOf(bytesOf(text, 65536)), { tenant: ["t1"] })).rejects.toThrow(
      "expected an export of the same tenants, names and times",
    );
  });
});
