import type { TenantSummary } from "@weir/collector/schemas";
import { expect, test } from "vitest";
import { aFlow } from "../../api/flow.fixture.ts";
import { byAttention, customersOf } from "./attention.ts";

const tenant = (name: string, over: Partial<TenantSummary> = {}): TenantSummary => ({
  tenant: name,
  running: 0,
  failed: 0,
  stalled: 0,
  lost: 0,
  lastActivityAt: "2026-11-22T10:00:00.000Z",
  history: [],
  failingMore: null,
  ...over,
});

test("who needs attention comes first: stuck, failed lately, then by last activity", () => {
  const customers = customersOf(
    [
      tenant("quiet", { failed: 90 }),
      tenant("busy", { running: 9, lastActivityAt: "2026-11-22T11:00:00.000Z" }),
      tenant("failing", { failed: 1 }),
      tenant("lost", { lost: 1 }),
      tenant("stalled", { stalled: 2 }),
    ],
    { stuck: [], failed: [aFlow({ tenant: "failing", status: "failed" })] },
  );
  expect(customers.sort(byAttention).map((each) => each.tenant)).toEqual([
    "stalled",
    "lost",
    "failing",
    "busy",
    "quiet",
  ]);
});

test("the flow to look at is the oldest that is stuck, else the last that failed", () => {
  const [stuck, failing, fine] = customersOf([tenant("a"), tenant("b"), tenant("__proto__")], {
    stuck: [aFlow({ tenant: "a", id: "newer" }), aFlow({ tenant: "a", id: "oldest" })],
    failed: [
      aFlow({ tenant: "a", id: "x" }),
      aFlow({ tenant: "b", id: "last" }),
      aFlow({ tenant: "b", id: "first" }),
    ],
  });
  expect(stuck?.worst?.id).toBe("oldest");
  expect(failing).toMatchObject({ worst: { id: "last" }, failedLately: 2 });
  expect(fine?.worst).toBeUndefined();
});
