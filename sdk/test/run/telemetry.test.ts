import { afterEach, beforeEach, expect, test } from "vitest";
import { openRunFlow, openUnitStep } from "../../src/run/telemetry.ts";
import { flowsOf, setupForTests, TestClock, type TestSetup } from "../../src/testing.ts";

let weir: TestSetup;
let clock: TestClock;

beforeEach(async () => {
  clock = new TestClock();
  weir = await setupForTests({ clock });
});
afterEach(() => weir.shutdown());

const RUN = { runId: "job-42", tenant: "acme-corp", name: "fetch_data" };

function unit(path: string, attempt = 1) {
  return { runId: RUN.runId, path, attempt, name: path.slice(1) };
}

test("a run is a flow of its id, its units of work are steps, nested as they are called", () => {
  using seen = openRunFlow({ ...RUN, labels: { plan: "team" } });
  seen.run(() => {
    using outer = openUnitStep(unit("/outer"));
    outer.run(() => {
      using inner = openUnitStep(unit("/outer/inner"));
      inner.end();
    });
    outer.end();
  });
  seen.end();
  expect(flowsOf(weir.exporter)).toMatchObject([
    {
      id: "job-42",
      tenant: "acme-corp",
      status: "succeeded",
      labels: { plan: "team" },
      incomplete: [],
      steps: [{ name: "outer", status: "succeeded", steps: [{ name: "outer/inner" }] }],
    },
  ]);
});

test("a later attempt makes good for the one that failed", () => {
  using seen = openRunFlow(RUN);
  seen.run(() => {
    openUnitStep(unit("/charge")).fail(new Error("no"));
    openUnitStep(unit("/charge", 2)).end();
  });
  seen.end();
  expect(flowsOf(weir.exporter)).toMatchObject([
    {
      status: "succeeded",
      steps: [
        { attempt: 1, status: "failed" },
        { attempt: 2, status: "succeeded" },
      ],
    },
  ]);
});

test("a run that is parked and goes on is one flow: its sleep is ended by whoever has it then", async () => {
  const sleep = { ...unit("/sleep"), kind: "sleep" as const };
  {
    using seen = openRunFlow(RUN);
    seen.run(() => {
      using step = openUnitStep(unit("/first"));
      step.end();
      using _asleep = openUnitStep(sleep);
    });
  }
  expect(flowsOf(weir.exporter)).toMatchObject([{ status: "running", currentSteps: ["sleep"] }]);
  await clock.advance(60_000);
  {
    using seen = openRunFlow({ ...RUN, resumed: { attempt: 1, journaled: 2, takenOver: false } });
    seen.run(() => openUnitStep({ ...sleep, isOpen: true }).end());
    seen.end();
  }
  expect(flowsOf(weir.exporter)).toMatchObject([
    {
      status: "succeeded",
      durationMs: 60_000,
      incomplete: [],
      steps: [
        { name: "first", durationMs: 0 },
        { name: "sleep", kind: "sleep", durationMs: 60_000 },
      ],
      events: [{ name: "resumed", attributes: { attempt: 1, journaled: 2 } }],
    },
  ]);
});

test("a step that a dead process had open, and the next one runs again, is one step", async () => {
  openRunFlow(RUN).run(() => openUnitStep(unit("/charge")));
  await clock.advance(30_000);
  using seen = openRunFlow({ ...RUN, resumed: { attempt: 1, journaled: 0, takenOver: true } });
  seen.run(() => openUnitStep(unit("/charge")).end());
  seen.end();
  expect(flowsOf(weir.exporter)).toMatchObject([
    {
      status: "succeeded",
      steps: [{ name: "charge", status: "succeeded", durationMs: 30_000 }],
      events: [{ name: "taken over" }],
    },
  ]);
});

test("outside a flow, and without Weir set up, nothing happens", async () => {
  expect(openUnitStep(unit("/a")).run(() => 1)).toBe(1);
  await weir.shutdown();
  using seen = openRunFlow(RUN);
  expect(seen.run(() => openUnitStep(unit("/a")).run(() => 2))).toBe(2);
  seen.end();
});
