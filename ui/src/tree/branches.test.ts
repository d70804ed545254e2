import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ancestors, type Branch, foldedAtFirst, foldedOnceWhole, unfolded } from "./branches.ts";

/** From depths in the order of drawing; ids are places. */
function branchesOf(depths: number[]): Branch[] {
  const branches: Branch[] = [];
  for (const [index, depth] of depths.entries()) {
    const parentIndex = branches.findLastIndex((branch) => branch.depth === depth - 1);
    branches.push({ id: `${index}`, depth, parentIndex, descendants: 0 });
    for (let at = parentIndex; at >= 0; at = branches[at]?.parentIndex ?? -1) {
      (branches[at] as Branch).descendants++;
    }
  }
  return branches;
}

/** Each at most one deeper than the one before it. */
const trees = fc.array(fc.nat(4), { minLength: 1, maxLength: 40 }).map((wanted) => {
  const depths: number[] = [];
  for (const depth of wanted) depths.push(Math.min(depth, (depths.at(-1) ?? -1) + 1));
  return branchesOf(depths);
});

describe("what is seen of a tree", () => {
  const branches = branchesOf([0, 1, 2, 0]);

  test("a folded branch hides all below it and nothing else", () => {
    expect(unfolded(branches, new Set())).toEqual([0, 1, 2, 3]);
    expect(unfolded(branches, new Set(["1"]))).toEqual([0, 1, 3]);
    expect(unfolded(branches, new Set(["0", "1", "gone"]))).toEqual([0, 3]);
  });

  test("the way up", () => {
    expect(ancestors(branches, 2)).toEqual(["1", "0"]);
    expect(ancestors(branches, 3)).toEqual([]);
    expect(ancestors(branches, 99)).toEqual([]);
  });

  test("is what has nothing folded above it, in any tree", () => {
    fc.assert(
      fc.property(trees, fc.infiniteStream(fc.boolean()), (tree, coin) => {
        const folded = new Set(tree.filter(() => coin.next().value === true).map(({ id }) => id));
        const seen = tree.flatMap((_, index) =>
          ancestors(tree, index).some((above) => folded.has(above)) ? [] : index,
        );
        expect(unfolded(tree, folded)).toEqual(seen);
      }),
    );
  });
});

describe("a large tree", () => {
  // A root, and in it 150 branches of one leaf each.
  const depths = [0, ...Array.from({ length: 300 }, (_, n) => 1 + (n % 2))];
  const large = branchesOf(depths);

  test("is folded where it is deep, save on the way to what is looked at first", () => {
    const folded = foldedAtFirst(large, [4, 300, -1]);
    expect(folded.size).toBe(148);
    expect(["0", "1", "3", "299"].map((id) => folded.has(id))).toEqual([false, true, false, false]);
  });

  test("and a small one is not", () => {
    expect(foldedAtFirst(branchesOf(depths.slice(0, 200)), []).size).toBe(0);
  });

  test("is one also while little of it is here", () => {
    expect([...foldedAtFirst(large.slice(0, 3), [])]).toEqual(["1"]);
  });

  test("shows behind a folded branch what comes next, though what is below it is not here yet", () => {
    const outline = [large[0], large[1], large[3]] as Branch[];
    expect(unfolded(outline, new Set(["1", "3"]))).toEqual([0, 1, 2]);
  });

  test("keeps, once it is whole, what was folded and unfolded while only its outline was here", () => {
    const atFirst = new Set(["1", "3"]);
    const now = new Set(["3", "0"]);
    const opened = new Set(["1", "3", "5"]);
    expect(foldedOnceWhole(atFirst, now, opened)).toEqual(new Set(["0", "3", "5"]));
    expect(foldedOnceWhole(atFirst, atFirst, opened)).toEqual(opened);
  });
});
