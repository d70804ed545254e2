/** Random graphs against a simple model: every delivery is handled once, in order over each connection, and the status is right. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ErrorHandler, type ErrorStrategy, Graph, type Job, JobState } from "../../src/graph/index.ts";
import { type Item, node } from "./routines.ts";

interface Plan {
  /** Of a routine to later ones only. */
  edges: [from: number, to: number][];
  routines: { fails: number; strategy: ErrorStrategy; isAsync: boolean; optional: boolean }[];
  items: number;
  concurrent: number;
  /** After so many deliveries it is paused, saved, and resumed as another job. */
  pauseAfter: number[];
}

const MOST = 6;

const plans: fc.Arbitrary<Plan> = fc.record({
  edges: fc.uniqueArray(
    fc
      .tuple(fc.nat(MOST - 2), fc.integer({ min: 1, max: MOST - 1 }))
      .map(([from, to]): [number, number] => [from, Math.max(from + 1, to)]),
    { maxLength: 9, selector: ([from, to]) => `${from}>${to}` },
  ),
  routines: fc.array(
    fc.record({
      // Every so many-th item fails for good; 0: none.
      fails: fc.constantFrom(0, 0, 0, 2, 3),
      strategy: fc.constantFrom<ErrorStrategy>("continue", "skip"),
      isAsync: fc.boolean(),
      optional: fc.boolean(),
    }),
    { minLength: MOST, maxLength: MOST },
  ),
  items: fc.integer({ min: 1, max: 6 }),
  concurrent: fc.constantFrom(1, 1, 3, Number.POSITIVE_INFINITY),
  pauseAfter: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 2 }),
});

/** Which item went to which routine over which way, in the order in which it arrived there. */
type Log = { routine: number; way: string; id: number }[];

/** The item carries the way it took, so that two that came over different ways are told apart. */
interface Way extends Item {
  way: string;
}

function isBad({ fails }: Plan["routines"][number], id: number): boolean {
  return fails > 0 && id % fails === 0;
}

function modelled({ edges, routines, items }: Plan): { log: string[]; status: string } {
  const log: string[] = [];
  let failed = false;
  const visit = (routine: number, way: string, id: number) => {
    log.push(`${way} ${id}`);
    const { strategy, optional } = routines[routine] as Plan["routines"][number];
    if (isBad(routines[routine] as Plan["routines"][number], id)) {
      failed ||= strategy === "continue" && !optional;
      return;
    }
    for (const [from, to] of edges) if (from === routine) visit(to, `${way}>${to}`, id);
  };
  for (let id = 1; id <= items; id += 1) visit(0, "0", id);
  return { log: log.toSorted(), status: failed ? "failed" : "succeeded" };
}

function built(plan: Plan, log: Log, onHandled: () => void): Graph {
  const graph = new Graph("random", { concurrent: plan.concurrent });
  graph.addRoutine(
    node("entry", ({ id: items }, { emit }) => {
      for (let id = 1; id <= items; id += 1) void emit("out", { id, way: "0" } as Way);
    }),
  );
  for (const [at, { fails, strategy, isAsync, optional }] of plan.routines.entries()) {
    const routine = node(
      `r${at}`,
      (given, { emit }) => {
        const { id, way } = given as Way;
        log.push({ routine: at, way, id });
        onHandled();
        const work = () => {
          if (isBad({ fails } as Plan["routines"][number], id)) throw new RangeError(`bad ${id}`);
          void emit("out", { id, way } as Way);
        };
        return isAsync ? new Promise((resolve) => setImmediate(resolve)).then(work) : work();
      },
      { optional },
    );
    routine.setErrorHandler(new ErrorHandler({ strategy }));
    graph.addRoutine(routine);
  }
  graph.connect({ source: "entry", event: "out", target: "r0", slot: "in" });
  for (const [from, to] of plan.edges) {
    // Notes the way over which it came.
    const name = `e${from}-${to}`;
    graph.addRoutine(
      node(
        name,
        (given, { emit }) => void emit("out", { ...given, way: `${(given as Way).way}>${to}` } as Way),
      ),
    );
    graph.connect({ source: `r${from}`, event: "out", target: name, slot: "in" });
    graph.connect({ source: name, event: "out", target: `r${to}`, slot: "in" });
  }
  return graph;
}

test("random graphs, paused and resumed anywhere, do what a simple model says", async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const log: Log = [];
      const pauses = [...plan.pauseAfter];
      let job: Job | undefined;
      const onHandled = () => {
        const at = pauses[0];
        if (at === undefined || log.length < at) return;
        pauses.shift();
        void job?.pause().catch(() => {});
      };
      let graph = built(plan, log, onHandled);
      job = graph.execute({ entry: "entry", params: { id: plan.items } });
      for (;;) {
        while (job.status === "running") await new Promise((resolve) => setImmediate(resolve));
        if (job.status !== "paused") break;
        const saved = job.serialize();
        graph = built(plan, log, onHandled);
        job = graph.resume(JobState.load(saved));
      }
      const { log: expected, status } = modelled(plan);
      expect(log.map(({ way, id }) => `${way} ${id}`).toSorted()).toEqual(expected);
      expect(job.status).toBe(status);
      expect((await job.done).pending).toEqual([]);
      // What came over one way was sent in the order of its ids; with one at a time it is handled in that order.
      if (plan.concurrent !== 1) return;
      for (const ids of Map.groupBy(log, ({ way }) => way).values())
        expect(ids.map(({ id }) => id)).toEqual(ids.map(({ id }) => id).toSorted((a, b) => a - b));
    }),
    { numRuns: 150 },
  );
});
