import type { TenantSummary } from "@weir/collector/schemas";
import { expect, test } from "vitest";
import { aFlow } from "../../api/flow.fixture.ts";
import { customersOf } from "./attention.ts";

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

test("the flow to look at is the worst that is stuck, else the last that failed", () => {
  const [stuck, failing, fine] = customersOf([tenant("a"), tenant("b"), tenant("__proto__")], {
    stuck: [aFlow({ tenant: "a", id: "worst" }), aFlow({ tenant: "a", id: "newer" })],
    failed: [
      aFlow({ tenant: "a", id: "x" }),
      aFlow({ tenant: "b", id: "last" }),
      aFlow({ tenant: "b", id: "first" }),
    ],
  });
  expect(stuck?.worst?.id).toBe("worst");
  expect(failing?.worst?.id).toBe("last");
  expect(fine?.worst).toBeUndefined();
});
