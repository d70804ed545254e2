import { describe, expect, test } from "vitest";
import { compareBy } from "../filter/order.ts";
import { aFlow } from "./flow.fixture.ts";
import { flowKey } from "./patch.ts";
import { hasPlace, insertRows, removeRows, updateRows } from "./rows.ts";

const { newest, oldest } = compareBy;
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
    const { data: next, unknown } = updateRows(data, changed(failed, flowAt(1)), newest);
    expect([...unknown.values()].map(({ id }) => id)).toEqual(["f1"]);
    expect(ids(next)).toEqual(ids(data));
    expect(next.pages[0]?.flows[1]).toBe(failed);
    expect(next.pages[0]?.flows[0]).toBe(data.pages[0]?.flows[0]);
    expect(next.pages[1]).toBe(data.pages[1]);
  });

  test("an event older than the row changes nothing at all", () => {
    const old = flowAt(7, { updatedAt: "2026-11-22T09:00:00.000Z" });
    expect(updateRows(data, changed(old), newest).data).toBe(data);
  });

  test("an ended row does not run again by an event of the same time", () => {
    const ended = { pages: [{ flows: [flowAt(7, { status: "failed", endedAt: at(8) })], nextCursor: null }] };
    expect(updateRows(ended, changed(flowAt(7)), newest).data).toBe(ended);
  });

  test("the same id of another tenant is another flow", () => {
    const theirs = changed(flowAt(7, { tenant: "globex", updatedAt: at(20) }));
    expect(updateRows(data, theirs, newest)).toEqual({ data, unknown: theirs, moved: new Map() });
  });

  test("new flows go where their start puts them", () => {
    expect(ids(insertRows(data, [flowAt(10), flowAt(6)], newest))).toEqual([
      ["f10", "f9", "f7"],
      ["f6", "f5", "f3"],
    ]);
  });

  test("a flow beyond the loaded pages is left to its page", () => {
    expect(ids(insertRows(data, [flowAt(1)], newest))).toEqual(ids(data));
  });

  test("the end of the list takes it, even when empty", () => {
    expect(
      ids(insertRows({ pages: [{ flows: [flowAt(5)], nextCursor: null }] }, [flowAt(1)], newest)),
    ).toEqual([["f5", "f1"]]);
    expect(ids(insertRows({ pages: [{ flows: [], nextCursor: null }] }, [flowAt(1)], newest))).toEqual([
      ["f1"],
    ]);
  });

  test("whether the loaded pages have a place for it is told", () => {
    expect(hasPlace(data, flowAt(4), newest)).toBe(true);
    expect(hasPlace(data, flowAt(1), newest)).toBe(false);
    expect(hasPlace({ pages: [{ flows: [], nextCursor: null }] }, flowAt(1), newest)).toBe(true);
  });

  test("the oldest come first where that is the order", () => {
    const rising = { pages: [{ flows: [flowAt(3), flowAt(5)], nextCursor: "a" }] };
    expect(ids(insertRows(rising, [flowAt(4), flowAt(9)], oldest))).toEqual([["f3", "f4", "f5"]]);
  });

  test("a row whose place is another now is told of, and taken out and put in it is there", () => {
    const later = flowAt(5, { startedAt: at(8), updatedAt: at(20) });
    const { data: next, moved } = updateRows(data, changed(later), newest);
    expect([...moved.values()]).toEqual([later]);
    expect(ids(insertRows(removeRows(next, new Set(moved.keys())), moved.values(), newest))).toEqual([
      ["f9", "f5", "f7"],
      ["f3"],
    ]);
  });

  test("rows are taken out by tenant and id", () => {
    expect(
      ids(removeRows(data, new Set([flowKey(flowAt(9)), flowKey(flowAt(5, { tenant: "globex" }))]))),
    ).toEqual([["f7"], ["f5", "f3"]]);
  });

  test("equal starts are ordered by id", () => {
    const two = { pages: [{ flows: [aFlow({ id: "c" }), aFlow({ id: "a" })], nextCursor: null }] };
    expect(ids(insertRows(two, [aFlow({ id: "b" })], newest))).toEqual([["c", "b", "a"]]);
  });
});
