import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FlowState, fold, merge, type Picture, picture } from "../src/fold/index.ts";
import { type Said, setTwice } from "./arbitrary.ts";
import { flowOf } from "./saying.ts";

const KEY = { tenant: "acme", id: "f1" };
const { linked, opened, ended, left, paused, stepOpened, stepEnded, step, event, labels } = flowOf(KEY);

/** As text: so the order of everything counts but that of attributes, which come in the order of whichever was sent. */
function textOf(picture: Picture): string {
  return JSON.stringify(picture, (key, value) =>
    key === "attributes" && value !== null
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

function pictureOf(...observations: (Said | Said[])[]): Picture {
  return picture(fold(observations.flat()));
}

describe("the trace", () => {
  const [a, b] = ["a".repeat(32), "b".repeat(32)];

  test("is that of the flow's opening, also where a step of another trace came earlier", () => {
    const said = [stepOpened("s", 5, { traceId: b }), opened(10, { traceId: a })];
    expect(pictureOf(...said).traceId).toBe(a);
  });

  test("is that of the first step where the opening has not arrived, and nobody's where none is known", () => {
    const steps = [stepOpened("t", 9, { traceId: a }), stepOpened("s", 5, { traceId: b })];
    expect(pictureOf(...steps).traceId).toBe(b);
    expect(pictureOf(opened(1), stepOpened("s", 5)).traceId).toBeNull();
  });
});

describe("the state is a function of the set of observations", () => {
  test("any order and any repetition give the same facts and the same picture", () => {
    fc.assert(
      fc.property(setTwice(KEY), ({ once, again }) => {
        const a = fold(once);
        const b = fold(again);
        expect(sorted(b.steps)).toEqual(sorted(a.steps));
        expect(sorted(b.events)).toEqual(sorted(a.events));
        expect(b.facts).toEqual(a.facts);
        expect(textOf(picture(b))).toBe(textOf(picture(a)));
      }),
      { numRuns: 1000 },
    );
  });

  test("any parts of it, folded by themselves and then merged in any order, give the same", () => {
    fc.assert(
      fc.property(
        setTwice(KEY),
        fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }),
        ({ once, again }, to) => {
          const [opening, ...rest] = again.toSorted((a, b) => rankOf(a) - rankOf(b)) as [Said, ...Said[]];
          // Each part needs something that says whose it is.
          const parts: Said[][] = Array.from({ length: 4 }, () => [opening]);
          for (const [n, said] of rest.entries()) parts[to[n % 40] ?? 0]?.push(said);
          const [merged, ...others] = parts.map(fold) as [FlowState, ...FlowState[]];
          for (const other of others) merge(merged, other);
          const whole = fold(once);
          expect(sorted(merged.steps)).toEqual(sorted(whole.steps));
          expect(sorted(merged.events)).toEqual(sorted(whole.events));
          expect(merged.facts).toEqual(whole.facts);
          expect(textOf(picture(merged))).toBe(textOf(picture(whole)));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("merged states keep to the bounds of one: ends, spans, services, labels, links", () => {
    const many = (from: number) =>
      Array.from({ length: 60 }, (_, n) => {
        const id = (from + n).toString(16).padStart(16, "0");
        return [
          opened(from + n, { spanId: id, service: `s${from + n}`, labels: { [`label ${from + n}`]: "x" } }),
          ended(100 + from + n, { spanId: id }),
        ];
      }).flat();
    const links = (from: number) =>
      Array.from({ length: 900 }, (_, n) => linked(`${from + n}`.padStart(16, "0"), "f".repeat(16)));
    const [one, other] = [
      [...many(0), ...links(0)],
      [...many(1000), ...links(500)],
    ];
    const merged = fold(other);
    merge(merged, fold(one));
    expect(merged.facts).toEqual(fold([...one, ...other]).facts);
  });

  test("a picture can be drawn of any set, and each step is in it once, below the flow or another step", () => {
    fc.assert(
      fc.property(setTwice(KEY), ({ once }) => {
        const { steps, summary } = pictureOf(once);
        const ids = steps.map((each) => each.id);
        expect(new Set(ids).size).toBe(ids.length);
        for (const each of steps) {
          const above = new Set<string>();
          for (let at = each; at.parentId !== null; ) {
            expect(above.has(at.id)).toBe(false);
            above.add(at.id);
            at = steps.find(({ id }) => id === at.parentId) as (typeof steps)[number];
            expect(at).toBeDefined();
          }
        }
        const { total, running, succeeded, failed, cancelled } = summary.stepCounts;
        expect(running + succeeded + failed + cancelled).toBe(total);
        expect(summary.durationMs ?? 0).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("contradictions are settled by their content, never by who came first", () => {
  const bothWays = (...said: Said[]) => [pictureOf(...said), pictureOf(...said.toReversed())] as const;

  test("one span that ends a flow twice, with different errors", () => {
    const error = (message: string) => ({ type: "Error", message, stack: null });
    const end = (message: string) =>
      ended(20, { status: "failed", spanId: "e".repeat(16), error: error(message) });
    const [one, other] = bothWays(opened(10), end("a"), end("b"));
    expect(one.summary.error).toEqual(error("a"));
    expect(other.summary.error).toEqual(error("a"));
  });

  test("two steps that claim one span: the smaller id has it", () => {
    const spanId = "1".repeat(16);
    const claims = [stepOpened("b", 11, { spanId }), stepOpened("a", 11, { spanId })];
    for (const { steps } of bothWays(
      opened(10),
      ...claims,
      stepOpened("child", 12, { parent: { spanId } }),
    )) {
      expect(steps.find(({ id }) => id === "child")).toMatchObject({ parentId: "a" });
    }
  });

  test("one span that gives a step two names", () => {
    const named = (name: string) => stepOpened("s", 11, { spanId: "1".repeat(16), name });
    for (const { summary } of bothWays(opened(10), named("x"), named("y"))) {
      expect(summary.currentSteps).toEqual(["x"]);
    }
  });
});

describe("opening and ending", () => {
  test("a flow runs from its start until its end", () => {
    expect(pictureOf(opened(10)).summary).toMatchObject({ status: "running", startedAt: 10, endedAt: null });
    expect(pictureOf(opened(10), ended(25)).summary).toMatchObject({
      status: "succeeded",
      startedAt: 10,
      endedAt: 25,
      durationMs: 0.015,
    });
  });

  test("of several ends the first in time counts, whichever came first", () => {
    const late = ended(30, { status: "failed", spanId: "b" });
    const early = ended(20, { status: "cancelled", spanId: "c" });
    expect(pictureOf(opened(10), late, early).summary).toMatchObject({ status: "cancelled", endedAt: 20 });
    expect(pictureOf(early, late, opened(10)).summary).toMatchObject({ status: "cancelled", endedAt: 20 });
  });

  test("a flow left open goes on until it is ended elsewhere", () => {
    expect(pictureOf(opened(10), left(12)).summary.status).toBe("running");
    expect(pictureOf(opened(10), left(12), ended(90)).summary).toMatchObject({
      status: "succeeded",
      endedAt: 90,
    });
  });

  test("a late step of a finished flow does not set it running again", () => {
    expect(pictureOf(opened(10), ended(20), step("s", 30, 40)).summary).toMatchObject({
      status: "succeeded",
      endedAt: 20,
    });
  });

  test("a paused flow runs again when a step opens after the pause", () => {
    expect(pictureOf(opened(10), paused(20, "the audit"), paused(15, "a break")).summary).toMatchObject({
      status: "paused",
      pause: { at: 20, reason: "the audit" },
    });
    expect(pictureOf(stepOpened("s", 30), opened(10), paused(20)).summary).toMatchObject({
      status: "running",
      pause: null,
    });
    expect(pictureOf(opened(10), paused(20), ended(40, { status: "cancelled" })).summary.status).toBe(
      "cancelled",
    );
  });

  test("clocks that disagree never give a negative duration", () => {
    const { summary, steps } = pictureOf(opened(50), step("s", 40, 30), ended(20));
    expect(summary.durationMs).toBe(0);
    expect(steps[0]?.durationMs).toBe(0);
  });
});

describe("what is missing is said", () => {
  test("a step without its flow", () => {
    expect(pictureOf(step("s", 10, 20)).summary).toMatchObject({
      name: "import",
      status: "running",
      startedAt: 10,
      incomplete: ["start-missing"],
    });
  });

  test("an end without a start", () => {
    expect(pictureOf(ended(20)).summary).toMatchObject({
      status: "succeeded",
      incomplete: ["start-missing"],
    });
  });

  test("a step that is still open when its flow has ended", () => {
    expect(pictureOf(opened(10), stepOpened("s", 11), ended(20)).summary.incomplete).toEqual(["end-missing"]);
    const second = step("b", 12, 13, { name: "s", attempt: 2 });
    expect(pictureOf(opened(10), stepOpened("s", 11), second, ended(20)).summary.incomplete).toEqual([]);
  });

  test("an end of a step that was never seen, and a parent that was never seen", () => {
    expect(pictureOf(opened(10), stepEnded("s", 20)).summary.incomplete).toEqual(["step-start-missing"]);
    const orphan = pictureOf(opened(10), step("s", 11, 12, { parent: { stepId: "gone" } }));
    expect(orphan.summary.incomplete).toEqual(["step-start-missing"]);
    expect(orphan.steps).toMatchObject([{ id: "s", parentId: null }]);
  });

  test("nothing, where all has arrived", () => {
    expect(pictureOf(opened(10), step("s", 11, 12), ended(20)).summary.incomplete).toEqual([]);
  });
});

describe("steps fail, and are made good", () => {
  const boom = {
    status: "failed" as const,
    error: { type: "ValueError", message: "bad row 7", stack: "at x" },
  };

  test("a failed step fails its flow, though the code caught the error", () => {
    expect(
      pictureOf(opened(10), step("s", 11, 12, { name: "validate" }, boom), ended(20)).summary,
    ).toMatchObject({
      status: "failed",
      failedStep: "validate",
      error: boom.error,
    });
  });

  test("not where a later attempt of it succeeded", () => {
    const retried = [
      step("a1", 11, 12, { name: "push" }, boom),
      step("a2", 13, 14, { name: "push", attempt: 2 }),
    ];
    const { summary } = pictureOf(opened(10), retried.flat(), ended(20));
    expect(summary).toMatchObject({ status: "succeeded", failedStep: null, error: null });
    expect(summary.stepCounts).toMatchObject({ total: 2, failed: 1, succeeded: 1 });
  });

  test("another step of the same name is not a later attempt", () => {
    const rows = [step("r1", 11, 12, { name: "row" }, boom), step("r2", 13, 14, { name: "row" })];
    expect(pictureOf(opened(10), rows.flat(), ended(20)).summary.status).toBe("failed");
  });

  test("of steps of one name, done side by side, a later attempt makes good the one that it names", () => {
    const deliveries = [
      step("a1", 11, 12, { name: "enrich" }, { status: "failed" }),
      step("b1", 11, 12, { name: "enrich" }, { status: "failed" }),
      [stepOpened("c1", 13, { name: "enrich" })],
      step("a2", 14, 15, { name: "enrich", attempt: 2, attemptOf: "a1" }),
    ];
    const { summary } = pictureOf([opened(10)], ...deliveries);
    expect(summary).toMatchObject({ currentSteps: ["enrich"], failedStep: "enrich" });
    const made = [step("b2", 16, 17, { name: "enrich", attempt: 2, attemptOf: "b1" })];
    expect(pictureOf([opened(10)], ...deliveries, ...made, [ended(20)]).summary).toMatchObject({
      status: "succeeded",
      failedStep: null,
      incomplete: ["end-missing"],
    });
  });

  test("a wait in a queue that is called the same is not a later attempt", () => {
    const first = step("a1", 11, 12, { name: "imports" }, boom);
    const wait = step("q2", 13, 14, { name: "imports", stepKind: "queue", attempt: 2 });
    expect(pictureOf(opened(10), first, wait, ended(20)).summary.status).toBe("failed");
  });

  test("a step inside a failed attempt is made good with it", () => {
    const first = [
      step("a1", 11, 14, { name: "job" }, boom),
      step("i1", 12, 13, { parent: { stepId: "a1" } }, boom),
    ];
    const second = step("a2", 15, 16, { name: "job", attempt: 2 });
    expect(pictureOf(opened(10), first.flat(), second, ended(20)).summary.status).toBe("succeeded");
  });

  test("a later attempt that failed too makes nothing good", () => {
    const attempts = [
      step("a1", 11, 12, { name: "push" }, boom),
      step("a2", 13, 14, { name: "push", attempt: 2 }, boom),
    ];
    expect(pictureOf(opened(10), attempts.flat(), ended(20)).summary.status).toBe("failed");
  });

  test("an optional step, and all below it, may fail", () => {
    const optional = [
      step("o", 11, 14, { optional: true }, boom),
      step("c", 12, 13, { name: "inner", parent: { stepId: "o" } }, boom),
    ];
    expect(pictureOf(opened(10), optional.flat(), ended(20)).summary).toMatchObject({
      status: "succeeded",
      failedStep: null,
    });
  });

  test("the innermost failed step is the one that is named, and a running flow names it too", () => {
    const nested = [
      step("o", 11, 14, { name: "outer" }, boom),
      step("c", 12, 13, { name: "inner", parent: { stepId: "o" } }, boom),
    ];
    expect(pictureOf(opened(10), nested.flat()).summary).toMatchObject({
      status: "running",
      failedStep: "inner",
    });
  });

  test("of several attempts the last failure is named, and while the next one runs that of the one before", () => {
    const attempt = (n: number, inner: string) => [
      step(`a${n}`, 10 * n + 1, 10 * n + 4, { name: "job", attempt: n }, boom),
      step(`i${n}`, 10 * n + 2, 10 * n + 3, { name: inner, parent: { stepId: `a${n}` } }, boom),
    ];
    const [first, second] = [attempt(1, "process").flat(), attempt(2, "store").flat()];
    expect(pictureOf(opened(10), first, second, ended(40)).summary.failedStep).toBe("store");
    const third = stepOpened("a3", 31, { name: "job", attempt: 3 });
    expect(pictureOf(opened(10), third, second, first).summary).toMatchObject({
      status: "running",
      failedStep: "store",
    });
  });

  test("a cancelled flow stays cancelled, whatever failed in it", () => {
    const { summary } = pictureOf(
      opened(10),
      step("s", 11, 12, {}, boom),
      ended(20, { status: "cancelled" }),
    );
    expect(summary.status).toBe("cancelled");
  });
});

describe("the tree", () => {
  test("a child knows its parent by step id, or by the span that the parent is", () => {
    const { steps } = pictureOf(
      opened(10),
      step("a", 11, 20, { spanId: "1111111111111111" }),
      step("b", 12, 13, { parent: { stepId: "a" } }),
      step("c", 14, 15, { parent: { spanId: "1111111111111111" } }),
      step("d", 16, 17, { parent: { spanId: "9999999999999999" } }),
    );
    expect(steps.map(({ id, parentId }) => [id, parentId])).toEqual([
      ["a", null],
      ["b", "a"],
      ["c", "a"],
      ["d", null],
    ]);
  });

  test("over spans that are none of ours a child finds the nearest step above, or the flow", () => {
    const [server, client, stepSpan, flowSpan] = ["5", "c", "1", "f"].map((digit) => digit.repeat(16)) as [
      string,
      string,
      string,
      string,
    ];
    const said = [
      opened(10, { spanId: flowSpan }),
      step("b", 13, 14, { parent: { spanId: server } }),
      linked(server, client),
      step("a", 11, 20, { spanId: stepSpan, parent: { spanId: flowSpan } }),
      linked(client, stepSpan),
    ];
    expect(pictureOf(...said).steps).toMatchObject([
      { id: "a", parentId: null },
      { id: "b", parentId: "a" },
    ]);
    expect(pictureOf(...said).unplaced).toEqual([]);
    expect(pictureOf(...said.slice(0, 3)).unplaced).toEqual([client]);
    // A ring of spans, and one of steps over them.
    const ring = pictureOf(opened(10), linked(server, client), linked(client, server), said[1] as Said);
    expect(ring.steps).toMatchObject([{ id: "b", parentId: null }]);
  });

  test("a running step is known by its span from its pending copy", () => {
    const copy = stepOpened("a", 11, { spanId: "9999999999999999", copyOf: "1111111111111111" });
    const { steps } = pictureOf(
      opened(10),
      copy,
      step("b", 12, 13, { parent: { spanId: "1111111111111111" } }),
    );
    expect(steps).toMatchObject([{ id: "a" }, { id: "b", parentId: "a" }]);
  });

  test("steps that claim to be each other's parents are still shown", () => {
    const { steps } = pictureOf(
      opened(10),
      step("b", 11, 12, { parent: { stepId: "a" } }),
      step("a", 11, 12, { parent: { stepId: "b" } }),
    );
    expect(steps.map(({ id, parentId }) => [id, parentId])).toEqual([
      ["a", null],
      ["b", "a"],
    ]);
  });

  test("a chain of 20,000 nested steps is drawn", () => {
    const chain = Array.from({ length: 20_000 }, (_, at) =>
      step(`s${at}`, 11 + at, 90_000, at === 0 ? {} : { parent: { stepId: `s${at - 1}` } }),
    );
    expect(pictureOf(opened(10), chain.flat()).steps).toHaveLength(20_000);
  });
});

describe("where a flow stands", () => {
  test("open steps in the order of their start", () => {
    const { summary } = pictureOf(
      opened(10),
      stepOpened("b", 12, { name: "inner", parent: { stepId: "a" } }),
      stepOpened("a", 11, { name: "outer" }),
      step("c", 9, 10, { name: "done" }),
    );
    expect(summary).toMatchObject({ currentSteps: ["outer", "inner"], currentSince: 12 });
    expect(pictureOf(opened(10)).summary).toMatchObject({ currentSteps: [], currentSince: null });
  });

  test("not at an attempt that was given up for a later one, nor in the process that ran it", () => {
    const { summary, runners } = pictureOf(
      opened(10, { instance: "api" }),
      stepOpened("a1", 11, { name: "job", instance: "killed" }),
      stepOpened("i1", 12, { name: "inner", parent: { stepId: "a1" }, instance: "killed" }),
      stepOpened("a2", 13, { name: "job", attempt: 2, instance: "second" }),
    );
    expect(summary.currentSteps).toEqual(["job"]);
    expect(runners).toEqual(["second"]);
  });

  test("between steps in the process that opened it, unless that left it; in a queue with nobody", () => {
    expect(pictureOf(opened(10, { instance: "api" })).runners).toEqual(["api"]);
    expect(pictureOf(opened(10, { instance: "api" }), left(12)).runners).toEqual([]);
    expect(
      pictureOf(opened(10, { instance: "api" }), left(12), opened(20, { instance: "worker" })).runners,
    ).toEqual(["worker"]);
    expect(
      pictureOf(opened(10, { instance: "api" }), stepOpened("q", 11, { stepKind: "queue", instance: "api" }))
        .runners,
    ).toEqual([]);
    expect(pictureOf(opened(10, { instance: "api" }), ended(20)).runners).toEqual([]);
  });

  test.each(["sleep", "wait", "debounce"] as const)(
    "in a %s with who has the flow open, if anyone has",
    (stepKind) => {
      const waiting = stepOpened("w", 11, { stepKind, instance: "api" });
      expect(pictureOf(opened(10, { instance: "api" }), waiting).runners).toEqual(["api"]);
      expect(pictureOf(opened(10, { instance: "api" }), waiting, left(12)).runners).toEqual([]);
      const working = stepOpened("s", 12, { instance: "worker" });
      expect(pictureOf(opened(10, { instance: "api" }), waiting, working).runners).toEqual(["worker"]);
    },
  );
});

describe("labels, events, names", () => {
  test("a label set later counts, also where the setter's clock is behind", () => {
    const { summary } = pictureOf(opened(10, { labels: { env: "old", b: "1" } }), labels(5, { env: "new" }));
    expect(summary.labels).toEqual({ b: "1", env: "new" });
    expect(pictureOf(labels(20, { a: "1" }), labels(30, { a: "2" }), opened(1)).summary.labels).toEqual({
      a: "2",
    });
  });

  test("labels in another order are the same labels", () => {
    const one = pictureOf(opened(10, { labels: { a: "1", b: "2" } })).summary.labels;
    const other = pictureOf(opened(10, { labels: { b: "2", a: "1" } })).summary.labels;
    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  });

  test("events in the order of their time; a name that looks like a status is plain data", () => {
    const { events, summary } = pictureOf(
      opened(10),
      event("flow_fail", 30, { spanId: "e2" }),
      event("started", 20, { spanId: "e1" }),
      event("started", 20, { spanId: "e1" }),
    );
    expect(events.map(({ name, at }) => [name, at])).toEqual([
      ["started", 20],
      ["flow_fail", 30],
    ]);
    expect(summary.status).toBe("running");
  });

  test("the flow's own span names it, whatever others said in passing", () => {
    const passing = step("s", 5, 6, { flowName: "other" });
    expect(pictureOf(passing, opened(10, { name: "import" })).summary.name).toBe("import");
  });

  test("a label named __proto__ is a label", () => {
    const labelled = JSON.parse('{"__proto__": "x"}') as Record<string, string>;
    expect(Object.entries(pictureOf(opened(10, { labels: labelled })).summary.labels)).toEqual([
      ["__proto__", "x"],
    ]);
  });
});

/** Links say not whose they are. */
function rankOf(said: Said): number {
  return said.kind === "span-linked" ? 1 : 0;
}

function sorted<T>(map: Map<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
