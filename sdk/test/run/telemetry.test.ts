import { afterEach, beforeEach, expect, test } from "vitest";
import {
  openRunFlow,
  openUnitStep,
  pauseRunFlow,
  sayRunAgain,
  sayUnitAgain,
} from "../../src/run/telemetry.ts";
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

test("work of one name, done side by side, is tried again each by itself", () => {
  using seen = openRunFlow(RUN);
  const delivery = (path: string, attempt: number) => ({ ...unit(path, attempt), name: "enrich" });
  seen.run(() => {
    for (const path of ["/1", "/2"]) openUnitStep(delivery(path, 1)).fail(new Error("no"));
    openUnitStep(delivery("/1", 2)).end();
    openUnitStep(delivery("/3", 1));
  });
  expect(flowsOf(weir.exporter)).toMatchObject([{ currentSteps: ["enrich"], failedStep: "enrich" }]);
  seen.run(() => openUnitStep(delivery("/2", 2)).end());
  seen.end();
  expect(flowsOf(weir.exporter)).toMatchObject([{ status: "succeeded", failedStep: null }]);
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

test("a run says the shape of its workflow, and each unit of work which node and edge of it", async () => {
  const definition = { kind: "tree", name: "sync_book", root: { id: "0", type: "run", name: "push" } };
  {
    using seen = openRunFlow({ ...RUN, definition });
    seen.run(() => openUnitStep({ ...unit("/push"), node: "0", edge: "a>b" }).end());
    seen.end();
  }
  const ended = { status: "succeeded", startedAt: clock.now(), endedAt: clock.now() } as const;
  sayRunAgain({ ...RUN, runId: "job-43", definition, ...ended }, () =>
    sayUnitAgain({ ...unit("/push"), runId: "job-43", node: "0", edge: "a>b", ...ended }, undefined),
  );
  const said = weir.exporter.getFinishedSpans().map(({ attributes }) => attributes);
  expect(said.filter((attributes) => attributes["weir.kind"] === "flow")).toEqual(
    ["job-42", "job-43"].map((id) =>
      expect.objectContaining({ "weir.flow.id": id, "weir.definition": JSON.stringify(definition) }),
    ),
  );
  expect(said.filter((attributes) => attributes["weir.kind"] === "step")).toEqual(
    ["job-42", "job-43"].map((id) =>
      expect.objectContaining({ "weir.flow.id": id, "weir.step.node": "0", "weir.step.edge": "a>b" }),
    ),
  );
});

test("a definition is written out once for all runs", () => {
  let written = 0;
  const definition = { toJSON: () => ({ kind: "tree", name: "n", written: ++written }) };
  openRunFlow({ ...RUN, definition }).end();
  openRunFlow({ ...RUN, runId: "job-43", definition }).end();
  expect(written).toBe(1);
});

test.each([
  ["is too large", { name: "huge", nodes: "n".repeat(65_536) }, "definition-too-large"],
  ["is no JSON", { name: "odd", nodes: [1n] }, "definition-no-json"],
])("a definition that %s is left out, said once, and costs the run nothing", (_, definition, code) => {
  for (const runId of ["job-1", "job-2"]) {
    using seen = openRunFlow({ ...RUN, runId, definition });
    seen.end();
  }
  const flows = weir.exporter.getFinishedSpans();
  expect(flows.map(({ attributes }) => attributes["weir.definition"])).toEqual([undefined, undefined]);
  expect(weir.diagnostics).toEqual([
    { code, message: expect.stringContaining(`the definition of "${definition.name}" is left out`) },
  ]);
});

test("a run that is paused is seen so, with the reason, until it is opened again", async () => {
  {
    using seen = openRunFlow(RUN);
    seen.run(() => openUnitStep(unit("/first")).end());
    pauseRunFlow(seen, "waits for the audit");
  }
  expect(flowsOf(weir.exporter)).toMatchObject([{ status: "paused", endedAt: null }]);
  const said = weir.exporter
    .getFinishedSpans()
    .find(({ attributes }) => attributes["weir.status"] === "paused");
  expect(said?.attributes["weir.reason"]).toBe("waits for the audit");
  await clock.advance(60_000);
  using seen = openRunFlow({ ...RUN, resumed: { attempt: 1, journaled: 1, takenOver: false } });
  expect(flowsOf(weir.exporter)).toMatchObject([{ status: "running" }]);
  seen.end();
  expect(flowsOf(weir.exporter)).toMatchObject([{ status: "succeeded", durationMs: 60_000 }]);
});
