// How runs are seen: flows, steps, waits, events and the tree that they are on their way through.
import { afterEach, beforeEach, expect, test } from "vitest";
import { flow } from "../../src/index.ts";
import { flowsOf, setupForTests, TestClock, type TestSetup } from "../../src/testing.ts";
import {
  debounce,
  each,
  error,
  ok,
  parallel,
  race,
  repeat,
  run,
  setState,
  skip,
  wait,
  waitUntil,
  workflow,
} from "../../src/workflow/index.ts";
import { settled } from "./hearing.ts";

let weir: TestSetup;
let clock: TestClock;

beforeEach(async () => {
  clock = new TestClock();
  weir = await setupForTests({ clock });
});
afterEach(() => weir.shutdown());

const initialState = { dirty: false, list: [1, 2, 3] };
const only = () => flowsOf(weir.exporter)[0];

test("a run is a flow of its tenant, with its labels and its tree", async () => {
  const tree = workflow(
    "sync_book",
    { initialState },
    run("push", () => ok),
  );
  await tree.start({ id: "book-7", tenant: "acme-corp", labels: { plan: "team" } }).done;
  expect(only()).toMatchObject({
    id: "book-7",
    name: "sync_book",
    tenant: "acme-corp",
    status: "succeeded",
    labels: { plan: "team" },
    incomplete: [],
    steps: [{ name: "push", kind: "step", status: "succeeded", attempt: 1 }],
  });
  const spans = weir.exporter.getFinishedSpans();
  const definition = spans.find(({ name }) => name === "sync_book")?.attributes["weir.definition"];
  expect(JSON.parse(String(definition))).toEqual(tree.describe());
  expect(spans.find(({ name }) => name === "push")?.attributes["weir.step.node"]).toBe("0.0");
});

test("without a tenant it is that of the flow around, whose child it is, else default", async () => {
  const tree = workflow("inner", { initialState });
  await flow.start({ name: "outer", tenant: "acme-corp", id: "o" }, () => tree.start({ id: "i" }).done);
  await tree.start({ id: "alone" }).done;
  const flows = flowsOf(weir.exporter);
  expect(flows.find(({ id }) => id === "i")).toMatchObject({ tenant: "acme-corp", parent: { id: "o" } });
  expect(flows.find(({ id }) => id === "alone")).toMatchObject({ tenant: "default", parent: null });
});

test("attempts are attempts of one step, and the delays between them no part of it", async () => {
  let tries = 0;
  const push = run("push", () => (++tries < 3 ? error("away") : ok), {
    retries: 2,
    baseDelay: 100,
    backoff: "fixed",
  });
  const started = workflow("tries", { initialState }, push).start({ clock });
  await settled();
  await clock.advance(200);
  await started.done;
  expect(only()).toMatchObject({
    status: "succeeded",
    durationMs: 200,
    steps: [
      { name: "push", attempt: 1, status: "failed", error: { message: "away" }, durationMs: 0 },
      { name: "push", attempt: 2, status: "failed" },
      { name: "push", attempt: 3, status: "succeeded" },
    ],
  });
});

test("waits are steps of kinds of their own, open as long as they last; signals are events, setState is nothing", async () => {
  const started = workflow(
    "waits",
    { initialState },
    repeat(
      setState((state) => ({ ...state })),
      { times: 1000 },
    ),
    wait(100),
    waitUntil((state) => state.dirty, { name: "a change" }),
    debounce(50),
  ).start({ clock });
  await settled();
  expect(only()).toMatchObject({ currentSteps: ["wait 100 ms"] });
  await clock.advance(100);
  expect(only()).toMatchObject({ currentSteps: ["a change"] });
  await clock.advance(30);
  started.signal((state) => ({ ...state, dirty: true }));
  await settled();
  expect(only()).toMatchObject({ currentSteps: ["debounce 50 ms"] });
  await clock.advance(50);
  await started.done;
  expect(only()).toMatchObject({
    status: "succeeded",
    steps: [
      { name: "wait 100 ms", kind: "sleep", durationMs: 100, status: "succeeded" },
      { name: "a change", kind: "wait", durationMs: 30, status: "succeeded" },
      { name: "debounce 50 ms", kind: "debounce", durationMs: 50, status: "succeeded" },
    ],
    events: [{ name: "signal" }],
  });
});

test("tasks and items are steps; what is skipped or too late is cancelled", async () => {
  const tree = workflow(
    "tasks",
    { initialState },
    parallel([() => 1, () => 2], { collectAs: "fetched" }),
    race([async () => "quick", ({ signal }) => clock.sleep(1000, signal)], { name: "mirrors" }),
    each("list", (item) => (item === 2 ? skip("even") : ok())),
  );
  await tree.start({ clock }).done;
  expect(only()).toMatchObject({
    status: "succeeded",
    incomplete: [],
    steps: [
      { name: "fetched 1", status: "succeeded" },
      { name: "fetched 2", status: "succeeded" },
      { name: "mirrors 1", status: "succeeded" },
      { name: "mirrors 2", status: "cancelled" },
      { name: "list 1", status: "succeeded" },
      { name: "list 2", status: "cancelled", error: { message: "skipped: even" } },
      { name: "list 3", status: "succeeded" },
    ],
  });
});

test("a failure that was collected does not fail the flow", async () => {
  const boom = () => {
    throw new Error("boom");
  };
  await workflow("collects", { initialState }, parallel([boom], { policy: "collect" })).start().done;
  expect(only()).toMatchObject({
    status: "succeeded",
    steps: [{ status: "failed", error: { message: "boom" } }],
  });
});

test.each([
  [
    "a failure",
    () => Promise.reject(new RangeError("bad row")),
    "failed",
    { type: "RangeError", message: "bad row" },
  ],
  ["a cancellation", () => new Promise<never>(() => {}), "cancelled", { message: "not wanted" }],
] as const)("%s is seen on the step and the flow", async (_, work, status, error) => {
  const started = workflow(
    "ends",
    { initialState },
    run("push", () => work()),
  ).start();
  started.done.catch(() => {});
  await settled();
  if (status === "cancelled") await started.cancel("not wanted");
  expect(only()).toMatchObject({ status, error, incomplete: [], steps: [{ name: "push", status }] });
});

test("a stopped run is cancelled, and says that it was stopped", async () => {
  const started = workflow("stops", { initialState }, wait(1000)).start({ clock });
  await settled();
  await started.stop();
  expect(only()).toMatchObject({
    status: "cancelled",
    error: { message: "stopped" },
    incomplete: [],
    steps: [{ name: "wait 1000 ms", status: "cancelled" }],
  });
});

test("a pause is seen, and its end", async () => {
  const started = workflow("pauses", { initialState }, wait(100)).start({ clock });
  await settled();
  started.pause("for the audit");
  await clock.advance(10);
  expect(only()).toMatchObject({ status: "paused" });
  started.resume();
  await settled();
  expect(only()).toMatchObject({ status: "running", currentSteps: ["wait 100 ms"] });
  await clock.advance(100);
  await started.done;
  expect(only()).toMatchObject({ status: "succeeded", durationMs: 110, incomplete: [] });
});

test("work is done in the flow and the step that it belongs to, whoever woke the run", async () => {
  const seen: unknown[] = [];
  const tree = workflow(
    "where",
    { initialState },
    waitUntil((state) => state.dirty),
    run("push", () => {
      seen.push(flow.current()?.id);
      flow.event("pushed");
      return ok();
    }),
  );
  const started = tree.start({ id: "mine", tenant: "acme-corp" });
  await settled();
  flow.start({ name: "request", tenant: "other-inc", id: "r" }, () =>
    started.signal((state) => ({ ...state, dirty: true })),
  );
  await started.done;
  expect(seen).toEqual(["mine"]);
  expect(flowsOf(weir.exporter).find(({ id }) => id === "mine")).toMatchObject({
    events: [{ name: "signal" }, { name: "pushed" }],
  });
});

test("the tree as data: ids by place, names, and what else is to be said", () => {
  const tree = workflow(
    "shape",
    { initialState },
    repeat(
      waitUntil((state) => state.dirty),
      debounce(500, { maxWait: 2000 }),
      run("push", () => ok, { retries: 3 }),
    ),
  );
  expect(tree.describe()).toEqual({
    kind: "tree",
    name: "shape",
    root: {
      id: "0",
      type: "sequence",
      children: [
        {
          id: "0.0",
          type: "repeat",
          children: [
            {
              id: "0.0.0",
              type: "sequence",
              children: [
                { id: "0.0.0.0", type: "waitUntil" },
                { id: "0.0.0.1", type: "debounce", detail: "500 ms, at most 2000 ms" },
                { id: "0.0.0.2", type: "run", name: "push", detail: "3 retries" },
              ],
            },
          ],
        },
      ],
    },
  });
  expect(tree.describe()).toBe(tree.describe());
});
