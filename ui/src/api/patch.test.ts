import { describe, expect, test } from "vitest";
import { aDetail, aFlow, aStep } from "./flow.fixture.ts";
import { flowKey, insertRows, removeRows, updateDetail, updateRows, updateUnwell } from "./patch.ts";

const at = (second: number) => new Date(Date.UTC(2026, 10, 22, 10, 0, second)).toISOString();
const flowAt = (second: number, over = {}) => aFlow({ id: `f${second}`, startedAt: at(second), ...over });
const ids = (data: { pages: { flows: { id: string }[] }[] }) =>
  data.pages.map((page) => page.flows.map((f) => f.id));
const changed = (...flows: ReturnType<typeof aFlow>[]) => new Map(flows.map((flow) => [flowKey(flow), flow]));

const data = {
  pages: [
    { flows: [flowAt(9), flowAt(7)], nextCursor: "a" },
    { flows: [flowAt(5), flowAt(3)], nextCursor: "b" },
  ],
};

describe("rows of a list", () => {
  test("a changed flow is replaced where it stands, its neighbours stay the same objects", () => {
    const failed = flowAt(7, { status: "failed", updatedAt: at(20) });
    const { data: next, unknown } = updateRows(data, changed(failed, flowAt(1)));
    expect([...unknown.values()].map(({ id }) => id)).toEqual(["f1"]);
    expect(ids(next)).toEqual(ids(data));
    expect(next.pages[0]?.flows[1]).toBe(failed);
    expect(next.pages[0]?.flows[0]).toBe(data.pages[0]?.flows[0]);
    expect(next.pages[1]).toBe(data.pages[1]);
  });

  test("an event older than the row changes nothing at all", () => {
    const old = flowAt(7, { updatedAt: "2026-11-22T09:00:00.000Z" });
    expect(updateRows(data, changed(old)).data).toBe(data);
  });

  test("an ended row does not run again by an event of the same time", () => {
    const ended = { pages: [{ flows: [flowAt(7, { status: "failed", endedAt: at(8) })], nextCursor: null }] };
    expect(updateRows(ended, changed(flowAt(7))).data).toBe(ended);
  });

  test("the same id of another tenant is another flow", () => {
    const theirs = changed(flowAt(7, { tenant: "globex", updatedAt: at(20) }));
    expect(updateRows(data, theirs)).toEqual({ data, unknown: theirs });
  });

  test("new flows go where their start puts them", () => {
    expect(ids(insertRows(data, [flowAt(10), flowAt(6)]))).toEqual([
      ["f10", "f9", "f7"],
      ["f6", "f5", "f3"],
    ]);
  });

  test("a flow beyond the loaded pages is left to its page", () => {
    expect(ids(insertRows(data, [flowAt(1)]))).toEqual(ids(data));
  });

  test("the end of the list takes it, even when empty", () => {
    expect(ids(insertRows({ pages: [{ flows: [flowAt(5)], nextCursor: null }] }, [flowAt(1)]))).toEqual([
      ["f5", "f1"],
    ]);
    expect(ids(insertRows({ pages: [{ flows: [], nextCursor: null }] }, [flowAt(1)]))).toEqual([["f1"]]);
  });

  test("rows are taken out by tenant and id", () => {
    expect(
      ids(removeRows(data, new Set([flowKey(flowAt(9)), flowKey(flowAt(5, { tenant: "globex" }))]))),
    ).toEqual([["f7"], ["f5", "f3"]]);
  });

  test("equal starts are ordered by id", () => {
    const two = { pages: [{ flows: [aFlow({ id: "c" }), aFlow({ id: "a" })], nextCursor: null }] };
    expect(ids(insertRows(two, [aFlow({ id: "b" })]))).toEqual([["c", "b", "a"]]);
  });
});

describe("flows that are stuck", () => {
  const stuck = [flowAt(1, { health: "stalled" }), flowAt(2, { health: "lost" })];

  test("one that moves on is no longer among them", () => {
    const next = updateUnwell(stuck, changed(flowAt(1, { health: "ok" }), flowAt(9)));
    expect(next.map(({ id }) => id)).toEqual(["f2"]);
  });

  test("changes of others leave them alone", () => {
    expect(updateUnwell(stuck, changed(flowAt(9)))).toBe(stuck);
  });
});

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
