import { describe, expect, test } from "vitest";
import { aDetail, aFlow, aStep } from "./flow.fixture.ts";
import { updateDetail } from "./patch.ts";

const at = (second: number) => new Date(Date.UTC(2026, 10, 22, 10, 0, second)).toISOString();

describe("a flow's page", () => {
  const open = aStep({ id: "s1", status: "running", endedAt: null, durationMs: null });
  const detail = aDetail({ steps: [open], events: [{ name: "e", at: at(1), attributes: {} }] });
  const change = (step: typeof open) => ({ tenant: detail.tenant, flowId: detail.id, step });

  test("steps are replaced and added, events kept", () => {
    const done = aStep({ id: "s1" });
    const next = aStep({ id: "s2", name: "process" });
    const patched = updateDetail(detail, undefined, [change(done), change(next)]);
    expect(patched.steps).toEqual([done, next]);
    expect(patched.events).toBe(detail.events);
  });

  test("a step that ended does not run again", () => {
    const ended = { ...detail, steps: [aStep({ id: "s1" })] };
    expect(updateDetail(ended, undefined, [change(open)]).steps).toEqual(ended.steps);
  });

  test("the summary takes what is newer only", () => {
    const failed = aFlow({ status: "failed", endedAt: at(9), updatedAt: at(9) });
    expect(updateDetail(detail, failed, []).status).toBe("failed");
    expect(updateDetail({ ...detail, ...failed }, aFlow(), []).status).toBe("failed");
  });
});
