/** Generated sets of observations: small worlds, so that ids, times and names collide and contradict. */

import { STEP_KINDS } from "@weir/sdk/attributes";
import fc from "fast-check";
import type { FlowObservation, Saying, SpanLinked } from "../src/observation.ts";

const text = fc.constantFrom("read", "validate", "process", "__proto__", "constructor");
const stepId = fc.constantFrom("s1", "s2", "s3", "s4", "aaaaaaaa00000000");
const at = fc.integer({ min: 1, max: 5 }).map((n) => 1_790_000_000_000_000 + n * 1000);
const error = fc.option(
  fc.record({ type: text, message: fc.constantFrom("bad row 7", ""), stack: fc.constantFrom(null, "at x") }),
);
const endStatus = fc.constantFrom("succeeded" as const, "failed" as const, "cancelled" as const);
const labels = fc.dictionary(fc.constantFrom("env", "region", "__proto__"), fc.constantFrom("a", "b"), {
  maxKeys: 2,
});
const attributes = fc.dictionary(fc.constantFrom("rows", "file"), fc.constantFrom(1, "x", true, null), {
  maxKeys: 2,
});
const traceId = fc.constantFrom(undefined, "a".repeat(32), "b".repeat(32));
/** As the door gives them: sound, and in one form. */
const DEFINITIONS = [
  { kind: "tree", name: "sync", root: { id: "0", type: "run", name: "push" } },
  {
    kind: "graph",
    name: "copy",
    nodes: [
      { id: "reader", slots: ["input"], events: ["output"] },
      { id: "writer", slots: ["input"], events: [], optional: true },
    ],
    edges: [
      {
        id: "reader.output>writer.input",
        source: "reader",
        event: "output",
        target: "writer",
        slot: "input",
      },
    ],
  },
].map((definition) => JSON.stringify(definition));
/** Span ids are the whole world's, so sets that go into one store need worlds of their own. */
function world(salt: number) {
  const toId = (letter: string) => letter.repeat(8) + salt.toString(16).padStart(8, "0");
  const idOf = (letters: string) => fc.constantFrom(...letters).map(toId);
  return { ours: idOf("abcd"), any: idOf("abcdghijk"), toId };
}

function saying(key: Saying["flow"], spanId: fc.Arbitrary<string>) {
  return {
    flow: fc.constant(key),
    at,
    spanId,
    service: fc.constantFrom(null, "api", "worker"),
    instance: fc.constantFrom(null, "p1", "p2"),
  };
}

/** Any one thing that can be said of the flow `key`. */
function observationOf(key: Saying["flow"], salt: number): fc.Arbitrary<FlowObservation> {
  const { ours, any } = world(salt);
  const by = saying(key, ours);
  const parent = fc.oneof(fc.constant(null), fc.record({ stepId }), fc.record({ spanId: any }));
  const kind = <K extends string>(value: K) => fc.constant(value);
  return fc.oneof(
    fc.record({
      kind: kind("flow-opened"),
      ...by,
      name: text,
      labels,
      parent: fc.constantFrom(null, { tenant: "acme", id: "p" }, { tenant: "acme", id: "q" }),
      definition: fc.constantFrom(null, null, ...DEFINITIONS),
      copyOf: fc.option(ours),
      traceId,
    }),
    fc.record({ kind: kind("flow-ended"), ...by, name: text, status: endStatus, error }),
    fc.record({ kind: kind("flow-left"), ...by, name: text }),
    fc.record({
      kind: kind("flow-paused"),
      ...by,
      name: text,
      reason: fc.constantFrom(null, "waits for the audit", "asked to"),
    }),
    fc.record({
      kind: kind("step-opened"),
      ...by,
      flowName: text,
      stepId,
      name: text,
      stepKind: fc.constantFrom(...STEP_KINDS),
      attempt: fc.integer({ min: 1, max: 3 }),
      attemptOf: fc.constantFrom(null, null, "s1", "s2", "gone"),
      optional: fc.boolean(),
      parent,
      attributes,
      node: fc.constantFrom(null, "reader", "writer"),
      edge: fc.constantFrom(null, "reader.output>writer.input"),
      copyOf: fc.option(ours),
      traceId,
    }),
    fc.record({ kind: kind("step-ended"), ...by, flowName: text, stepId, status: endStatus, error }),
    fc.record({ kind: kind("event-noted"), ...by, flowName: text, name: text, attributes }),
    fc.record({ kind: kind("labels-set"), ...by, flowName: text, labels }),
  );
}

/** Spans between ours. Each hangs below one other: a span that says two things of itself is not looked into. */
function linksOf(salt: number): fc.Arbitrary<SpanLinked[]> {
  const { toId } = world(salt);
  return fc.dictionary(fc.constantFrom(..."ghijk"), fc.constantFrom(..."abcdghijk")).map((parents) =>
    Object.entries(parents).map(([span, parent]) => ({
      kind: "span-linked",
      spanId: toId(span),
      parentSpanId: toId(parent),
      at: 1,
    })),
  );
}

export type Said = FlowObservation | SpanLinked;

/** A set of what may be said of one flow, and the same set shuffled, with some of it repeated. */
export function setTwice(key: Saying["flow"], salt = 0): fc.Arbitrary<{ once: Said[]; again: Said[] }> {
  return fc
    .tuple(fc.array(observationOf(key, salt), { minLength: 1, maxLength: 24 }), linksOf(salt))
    .map(([observations, between]) => [...observations, ...between])
    .chain((once) =>
      fc
        .tuple(
          fc.shuffledSubarray(once, { minLength: once.length, maxLength: once.length }),
          fc.array(fc.tuple(fc.nat(once.length - 1), fc.nat(once.length)), { maxLength: 8 }),
        )
        .map(([shuffled, repeats]) => {
          const again = [...shuffled];
          for (const [which, where] of repeats) again.splice(where, 0, once[which] as Said);
          return { once, again };
        }),
    );
}
