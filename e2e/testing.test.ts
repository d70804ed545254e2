// `flowsOf` of @weir/sdk/testing against the collector: of the same spans both make the same flow.
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import type { FlowDetail } from "@weir/collector/schemas";
import { flow, identity, step } from "@weir/sdk";
import { flowsOf, setupForTests, TestClock, type TestFlow, type TestStep } from "@weir/sdk/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { flowOf } from "./support/api.ts";
import { type RunningCollector, startCollector } from "./support/processes.ts";

let collector: RunningCollector;

beforeAll(async () => {
  collector = await startCollector();
});

afterAll(() => collector.stop());

/** What a flow does: a small language whose programs fast-check makes up. */
type Deed =
  | { do: "step"; name: string; attempt: number; optional: boolean; end: End; within: Deed[] }
  | { do: "label"; value: number }
  | { do: "event" }
  | { do: "wait"; ms: number }
  | { do: "end flow"; end: End; elsewhere: boolean };
type End = "return" | "throw" | "abort" | "leave open";

const end = fc.constantFrom<End>("return", "return", "throw", "abort", "leave open");
const { deed } = fc.letrec<{ deed: Deed }>((tie) => ({
  deed: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ do: fc.constant("event" as const) }),
    fc.record({ do: fc.constant("label" as const), value: fc.nat(9) }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.nat(5000) }),
    fc.record({ do: fc.constant("end flow" as const), end, elsewhere: fc.boolean() }),
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("step" as const),
        name: fc.constantFrom("charge", "ship"),
        attempt: fc.integer({ min: 1, max: 3 }),
        optional: fc.boolean(),
        end,
        within: fc.array(tie("deed"), { maxLength: 3 }),
      }),
    },
  ),
}));

async function perform(deeds: Deed[], clock: TestClock): Promise<void> {
  for (const deed of deeds) {
    if (deed.do === "label") flow.setLabel("plan", deed.value);
    else if (deed.do === "event") flow.event("noted", { rows: 3 });
    else if (deed.do === "wait") await clock.advance(deed.ms);
    else if (deed.do === "end flow" && deed.elsewhere) {
      // As another process would, which knows nothing of other ends.
      identity.extract(identity.inject({})).run(() => endFlow(deed.end));
    } else if (deed.do === "end flow") endFlow(deed.end);
    else {
      const { attempt, optional } = deed;
      const options = { attempt, optional, attributes: { rows: 3 }, endOnExit: deed.end !== "leave open" };
      const work = async () => {
        await perform(deed.within, clock);
        if (deed.end === "throw") throw new RangeError("bad row 7");
        if (deed.end === "abort") throw new DOMException("enough", "AbortError");
      };
      await step.start(deed.name, options, work).catch(() => {});
    }
  }
}

function endFlow(how: End): void {
  if (how === "return") flow.end();
  else if (how === "throw") flow.fail(new Error("given up"));
  else if (how === "abort") flow.cancel("no longer wanted");
}

test("of any flow the same picture as the collector's", async () => {
  const clock = new TestClock(Date.now() - 86_400_000);
  const weir = await setupForTests({ clock });
  const programs = fc.sample(
    fc.record({ deeds: fc.array(deed, { maxLength: 5 }), endOnExit: fc.boolean() }),
    {
      numRuns: 300,
      seed: 17,
    },
  );
  for (const [i, { deeds, endOnExit }] of programs.entries()) {
    const options = { name: "order", tenant: "acme-corp", id: i, labels: { plan: "free" }, endOnExit };
    await flow.start(options, () => perform(deeds, clock));
    // Some are seen while they run, so that copies of starts are among the spans.
    if (i % 3 === 0) flowsOf(weir.exporter);
  }
  await send(weir.exporter.getFinishedSpans());

  const ours = flowsOf(weir.exporter);
  expect(ours).toHaveLength(programs.length);
  for (const one of ours) {
    const theirs = await flowOf(collector.url, one.tenant, one.id);
    expect(inCommon(theirs, one), JSON.stringify(programs[Number(one.id)])).toEqual(flat(one));
  }
});

async function send(spans: Parameters<OTLPTraceExporter["export"]>[0]): Promise<void> {
  const exporter = new OTLPTraceExporter({ url: `${collector.url}/v1/traces` });
  const { code, error } = await new Promise<{ code: number; error?: Error }>((done) =>
    exporter.export(spans, done),
  );
  expect([code, error]).toEqual([0, undefined]);
  await exporter.shutdown();
}

/** Of what the collector says that which `flowsOf` says too. Durations are whole milliseconds there. */
function inCommon(theirs: FlowDetail, ours: TestFlow) {
  const steps = theirs.steps.map(({ service, node, edge, attemptOf, ...step }) => ({
    ...step,
    durationMs: whole(step),
  }));
  const said = Object.entries(theirs).filter(([key]) => key in ours);
  return { ...Object.fromEntries(said), durationMs: whole(theirs), steps: byId(steps) };
}

function whole({ startedAt, endedAt }: { startedAt: string; endedAt: string | null }): number | null {
  return endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt);
}

/** Steps not nested, as in the REST API. */
function flat(flow: TestFlow) {
  const below = (steps: TestStep[], parentId: string | null): { id: string }[] =>
    steps.flatMap(({ steps: within, ...step }) => [{ ...step, parentId }, ...below(within, step.id)]);
  return { ...flow, steps: byId(below(flow.steps, null)) };
}

function byId<T extends { id: string }>(steps: T[]): T[] {
  return steps.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
