// What a process did and had not sent when it died is said by who comes after it, from the journal.
import { setTimeout as sleep } from "node:timers/promises";
import { createCodec, createScope, flow, type Journal, memoryJournal } from "@weir/sdk/durable";
import { flowsOf, setupForTests, type TestSetup } from "@weir/sdk/testing";
import { afterEach, beforeEach, expect, test } from "vitest";

let weir: TestSetup;
beforeEach(async () => {
  weir = await setupForTests();
});
afterEach(() => weir.shutdown());

const codec = createCodec();
const begun = Date.UTC(2026, 0, 1);

/** A run of version 1, with these entries, whose process is gone. */
async function leftBehind(
  journal: Journal,
  name: string,
  entries: readonly { path: string; attempt?: number; name: string; kind?: "child"; error?: Error }[],
): Promise<void> {
  const { lease } = await journal.open(
    {
      id: "order-7",
      tenant: "acme-corp",
      flow: { name, version: 1 },
      inputDigest: "",
      input: codec.encode(undefined, "input"),
    },
    { owner: "the dead one", leaseMs: 1 },
  );
  if (lease === undefined) throw new Error("expected a lease");
  for (const [at, { path, attempt = 1, name: of, kind = "run", error }] of entries.entries()) {
    await journal.write(lease, {
      path,
      attempt,
      kind,
      name: of,
      status: error === undefined ? "succeeded" : "failed",
      value: codec.encode(error, path),
      startedAt: begun + at * 1000,
      endedAt: begun + at * 1000 + 500,
    });
  }
  // Until its lease has run out.
  await sleep(5);
}

test("a takeover says what was done before, with the times and the attempts of then", async () => {
  const journal = memoryJournal();
  await leftBehind(journal, "order", [
    { path: "/validate", name: "" },
    { path: "/charge", name: "", error: new RangeError("busy") },
  ]);
  await using scope = createScope({ journal });
  const order = flow({ name: "order" }, async (ctx) => {
    await ctx.run("validate", () => {});
    await ctx.run("charge", () => {});
  });
  await Promise.all(await scope.recover({ flows: [order] }));
  expect(flowsOf(weir.exporter)).toMatchObject([
    {
      id: "order-7",
      status: "succeeded",
      steps: [
        { name: "validate", startedAt: "2026-01-01T00:00:00.000Z", durationMs: 500 },
        { name: "charge", attempt: 1, status: "failed", error: { type: "RangeError", message: "busy" } },
        { name: "charge", attempt: 2, status: "succeeded" },
      ],
    },
  ]);
});

test("a step of a sub-flow stays below it, whether that had ended or not", async () => {
  const journal = memoryJournal();
  await leftBehind(journal, "parent", [
    { path: "/%exec:open/first", name: "" },
    { path: "/%exec:open/%branch:#2/%branch:0/second", name: "" },
  ]);
  await using scope = createScope({ journal });
  const child = flow({ name: "child" }, async (ctx) => {
    await ctx.run("first", () => {});
    await ctx.run("third", () => {});
  });
  const parent = flow({ name: "parent" }, (ctx) => ctx.exec("open", child));
  await Promise.all(await scope.recover({ flows: [parent] }));
  expect(flowsOf(weir.exporter)).toMatchObject([
    { steps: [{ name: "open", steps: [{ name: "first" }, { name: "second" }, { name: "third" }] }] },
  ]);
});

test("who asks for the result of a run that has ended says how it ended", async () => {
  const journal = memoryJournal();
  await using scope = createScope({ journal });
  const order = flow({ name: "order" }, async (ctx, works: boolean) => {
    await ctx.run("charge", () => {
      if (!works) throw new RangeError("over the limit");
    });
  });
  const options = (id: string) => ({ id, tenant: "acme-corp", labels: { plan: "team" } });
  await scope.exec(order, true, options("order-1"));
  await expect(scope.exec(order, false, options("order-2"))).rejects.toThrow(RangeError);
  const first = flowsOf(weir.exporter);
  expect(first).toHaveLength(2);

  weir = await setupForTests();
  await scope.exec(order, true, { id: "order-1", tenant: "acme-corp" });
  await expect(scope.exec(order, false, { id: "order-2", tenant: "acme-corp" })).rejects.toThrow(RangeError);
  expect(flowsOf(weir.exporter)).toMatchObject([
    { id: "order-1", status: "succeeded", labels: { plan: "team" }, steps: [{ name: "charge" }] },
    {
      id: "order-2",
      status: "failed",
      failedStep: "charge",
      error: { type: "RangeError", message: "over the limit" },
    },
  ]);
});
