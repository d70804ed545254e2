import { expect, test } from "vitest";
import { newFlowId, newStepId } from "../src/ids.ts";

test("flow ids are UUIDv7 of their time, and rise also within a millisecond and when the clock goes back", () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => newFlowId(1_795_000_000_000 - (i % 3)));
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  const first = ids[0] as string;
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(first.replaceAll("-", "").slice(0, 12), 16)).toBe(1_795_000_000_000);
});

test("step ids are 16 hex characters, each its own", () => {
  const ids = Array.from({ length: 10_000 }, () => newStepId());
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
});
