/** How jobs are seen: a job is a flow, each attempt of a delivery a step, what is emitted an event, a pause a status. */

import { flow } from "@weir/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ErrorHandler, ErrorStrategy, JobState, memoryJournal } from "../../src/graph/index.ts";
import { flowsOf, setupForTests, TestClock, type TestSetup } from "../../src/testing.ts";
import { collector, graphOf, node, source } from "./routines.ts";

let weir: TestSetup;
let clock: TestClock;

beforeEach(async () => {
  clock = new TestClock();
  weir = await setupForTests({ clock });
});
afterEach(() => weir.shutdown());

function prepared(check = node("check")) {
  return graphOf([source(), check, collector("write", [])], ["source>check", "check>write"], { clock });
}

const TWO = {
  entry: "source",
  params: { id: 2 },
  id: "job-1",
  tenant: "acme-corp",
  labels: { plan: "team" },
};

test("a job is a flow, its deliveries are steps by routine and slot, what is emitted is an event", async () => {
  const graph = prepared();
  await graph.execute(TWO).done;
  const [seen] = flowsOf(weir.exporter);
  expect(seen).toMatchObject({
    id: "job-1",
    name: "test",
    tenant: "acme-corp",
    labels: { plan: "team" },
    status: "succeeded",
    incomplete: [],
    parent: null,
  });
  expect(seen?.steps.map(({ name, status, attributes }) => [name, status, attributes["delivery"]])).toEqual([
    ["source.in", "succeeded", 0],
    ["check.in", "succeeded", 1],
    ["check.in", "succeeded", 2],
    ["write.in", "succeeded", 3],
    ["write.in", "succeeded", 4],
  ]);
  expect(seen?.events.map(({ name, attributes }) => [name, attributes])).toEqual([
    ["source.out", { deliveries: 1, delivery: 0 }],
    ["source.out", { deliveries: 1, delivery: 0 }],
    ["check.out", { deliveries: 1, delivery: 1 }],
    ["check.out", { deliveries: 1, delivery: 2 }],
  ]);
  const spans = weir.exporter.getFinishedSpans().map(({ attributes }) => attributes);
  expect(spans.find((each) => each["weir.kind"] === "flow")?.["weir.definition"]).toBe(
    JSON.stringify(graph.describe()),
  );
  expect(
    spans
      .filter((each) => each["weir.kind"] === "step")
      .map((each) => [each["weir.step.node"], each["weir.step.edge"]])
      .toSorted(),
  ).toEqual([
    ["check", "source.out>check.in"],
    ["check", "source.out>check.in"],
    ["source", undefined],
    ["write", "check.out>write.in"],
    ["write", "check.out>write.in"],
  ]);
});

test("a step may be opened in a handler, and lies in that of the delivery; a job begun in a flow is its child", async () => {
  const graph = graphOf(
    [
      node("a", async () => {
        const { step } = await import("@weir/sdk");
        await step.start("query", () => {});
      }),
    ],
    [],
  );
  await flow.start(
    { name: "outer", tenant: "acme-corp", id: "o-1" },
    () => graph.execute({ entry: "a", params: { id: 1 }, id: "job-1" }).done,
  );
  const seen = flowsOf(weir.exporter).find(({ id }) => id === "job-1");
  expect(seen).toMatchObject({
    tenant: "acme-corp",
    parent: { id: "o-1" },
    steps: [{ name: "a.in", steps: [{ name: "query" }] }],
  });
});

test("attempts are attempts of one step; one that was made good does not fail the flow", async () => {
  const graph = prepared(
    node("check", ({ id }, { attempt, emit }) => {
      if (attempt < 2) throw new RangeError("again");
      void emit("out", { id });
    }),
  );
  graph.setErrorHandler(new ErrorHandler({ strategy: ErrorStrategy.RETRY, retryDelay: 0 }));
  const job = graph.execute({ ...TWO, params: { id: 1 } });
  for (let at = 0; at < 5; at += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(1);
  }
  await job.done;
  expect(flowsOf(weir.exporter)).toMatchObject([
    {
      status: "succeeded",
      failedStep: null,
      steps: [
        { name: "source.in" },
        { name: "check.in", attempt: 1, status: "failed", error: { type: "RangeError" } },
        { name: "check.in", attempt: 2, status: "succeeded" },
        { name: "write.in" },
      ],
    },
  ]);
});

test.each([
  ["stop", "failed"],
  ["continue", "failed"],
  ["skip", "succeeded"],
] as const)("a failure under %s: the flow says %s, as the job does", async (strategy, status) => {
  const failing = node("check", ({ id }) => {
    if (id === 1) throw new RangeError("row 1");
  });
  const graph = prepared(failing);
  graph.setErrorHandler(new ErrorHandler({ strategy }));
  expect((await graph.execute(TWO).done).status).toBe(status);
  expect(flowsOf(weir.exporter)).toMatchObject([
    { status, failedStep: status === "failed" ? "check.in" : null },
  ]);
});

test("a pause is seen, with its reason, and the end of it; a cancellation too", async () => {
  const graph = prepared();
  const job = graph.execute(TWO);
  const saved = (await job.pause("waits for the audit")).serialize();
  expect(flowsOf(weir.exporter)).toMatchObject([{ status: "paused", endedAt: null }]);
  await clock.advance(60_000);
  const again = graph.resume(JobState.load(saved));
  expect(flowsOf(weir.exporter)).toMatchObject([{ status: "running" }]);
  await again.done;
  expect(flowsOf(weir.exporter)).toMatchObject([
    { id: "job-1", status: "succeeded", durationMs: 60_000, events: [{ name: "resumed" }, {}, {}, {}, {}] },
  ]);
  const other = graph.execute({ ...TWO, id: "job-2" });
  await other.pause();
  await other.cancel("customer left");
  expect(flowsOf(weir.exporter)[1]).toMatchObject({
    id: "job-2",
    status: "cancelled",
    error: { message: "customer left" },
  });
});

test("a handler that is told to stop is seen as cancelled, not failed", async () => {
  const graph = prepared(
    node(
      "check",
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    ),
  );
  const job = graph.execute(TWO);
  for (let at = 0; at < 3; at += 1) await new Promise((resolve) => setImmediate(resolve));
  await job.cancel("enough");
  expect(flowsOf(weir.exporter)).toMatchObject([
    { status: "cancelled", failedStep: null, steps: [{}, { name: "check.in", status: "cancelled" }] },
  ]);
});

test("what a dead process had done and not sent is said by who takes its job over, and by who asks for its end", async () => {
  const journal = memoryJournal({ clock });
  const make = (stuck: boolean, at: TestClock) => {
    const graph = graphOf(
      [
        source(),
        node("check", ({ id }, { emit }) => {
          if (stuck && id === 2) return new Promise(() => {});
          return emit("out", { id });
        }),
        collector("write", []),
      ],
      ["source>check", "check>write"],
      { journal, clock: at },
    );
    return graph;
  };
  make(true, new TestClock(clock.now()))
    .execute(TWO)
    .done.catch(() => {});
  await vi.waitFor(async () => expect(await journal.entries("job-1")).toHaveLength(2));
  // Its spans are lost with it.
  weir.exporter.reset();
  await clock.advance(60_000);
  const [job] = await make(false, clock).recover();
  await job?.done;
  const steps = () =>
    flowsOf(weir.exporter)[0]?.steps.map(({ name, status, attributes }) => [
      name,
      status,
      attributes["delivery"],
    ]);
  const all = [
    ["source.in", "succeeded", 0],
    ["check.in", "succeeded", 1],
    ["check.in", "succeeded", 2],
    ["write.in", "succeeded", 3],
    ["write.in", "succeeded", 4],
  ];
  expect(steps()?.toSorted()).toEqual(all.toSorted());
  expect(flowsOf(weir.exporter)).toMatchObject([
    { status: "succeeded", events: [{ name: "taken over" }, { name: "check.out" }] },
  ]);
  weir.exporter.reset();
  expect((await make(false, clock).execute(TWO).done).status).toBe("succeeded");
  expect(steps()?.toSorted()).toEqual(all.toSorted());
  expect(flowsOf(weir.exporter)).toMatchObject([{ id: "job-1", status: "succeeded", incomplete: [] }]);
  await journal.close();
});
