import { describe, expect, test } from "vitest";
import { keyText } from "../src/flow.ts";
import { fold } from "../src/fold/index.ts";
import type { FlowInHand } from "../src/sqlite/rows/flow-rows.ts";
import { HotFlows } from "../src/sqlite/rows/hot-flows.ts";
import { flowOf } from "./saying.ts";

const KB = 1024;

function inHand(id: string, more: Partial<FlowInHand> = {}): FlowInHand {
  return {
    state: fold([flowOf({ tenant: "acme", id }).opened(1)]),
    pk: 1,
    summary: null,
    definition: null,
    unplaced: "",
    large: false,
    share: null,
    shape: null,
    searched: true,
    packed: 0,
    ...more,
  };
}

function keep(hot: HotFlows, flow: FlowInHand, open = true): void {
  hot.keep(keyText(flow.state.key), flow, open);
}

function kept(hot: HotFlows, ids: string[]): string[] {
  return ids.filter((id) => hot.get(keyText({ tenant: "acme", id })) !== undefined);
}

describe("flows kept in memory", () => {
  test("are bounded by their bytes, and those that heard nothing for longest go", () => {
    const hot = new HotFlows(100 * KB);
    for (const id of ["a", "b", "c"]) keep(hot, inHand(id, { packed: 30 * KB }));
    keep(hot, inHand("a", { packed: 30 * KB }));
    keep(hot, inHand("d", { packed: 30 * KB }));
    expect(kept(hot, ["a", "b", "c", "d"])).toEqual(["a", "c", "d"]);
  });

  test("count a definition once, for as long as any of them carries it", () => {
    const hot = new HotFlows(100 * KB);
    const shared = "s".repeat(64 * KB);
    for (const id of ["a", "b", "c"]) keep(hot, inHand(id, { definition: shared }));
    expect(kept(hot, ["a", "b", "c"])).toEqual(["a", "b", "c"]);
    keep(hot, inHand("d", { definition: "d".repeat(64 * KB) }));
    expect(kept(hot, ["a", "b", "c", "d"])).toEqual(["d"]);
    for (const id of ["e", "f"]) keep(hot, inHand(id, { packed: 10 * KB }));
    expect(kept(hot, ["d", "e", "f"])).toEqual(["d", "e", "f"]);
  });

  test("hold the most recent, however large", () => {
    const hot = new HotFlows(100 * KB);
    keep(hot, inHand("a", { packed: 1000 * KB }));
    expect(kept(hot, ["a"])).toEqual(["a"]);
    keep(hot, inHand("b"));
    expect(kept(hot, ["a", "b"])).toEqual(["b"]);
  });

  test("are let go when they end, but for large ones", () => {
    const hot = new HotFlows();
    keep(hot, inHand("a"));
    keep(hot, inHand("a"), false);
    keep(hot, inHand("b", { large: true }), false);
    expect(kept(hot, ["a", "b"])).toEqual(["b"]);
  });
});
