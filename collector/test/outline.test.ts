import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FlowDetail, Step } from "../src/flow.ts";
import { MOST_OUTLINED, outlineOf } from "../src/http/outline.ts";
import { aFlow, aStep, START } from "./fake-store.ts";

function aDetail(steps: Step[], over: Partial<FlowDetail> = {}): FlowDetail {
  const usual = { flow: null, steps: [] };
  const beside = { traceId: null, events: [], children: [], definition: null, usual, runner: null };
  return { ...aFlow(), ...beside, steps, ...over };
}

/** From the place of each one's parent; -1 at the top. */
function stepsOf(parents: number[], over: (place: number) => Partial<Step> = () => ({})): Step[] {
  return parents.map((parent, place) =>
    aStep({ id: `s${place}`, parentId: parent === -1 ? null : `s${parent}`, ...over(place) }),
  );
}

const idsOf = ({ steps }: Pick<FlowDetail, "steps">) => steps.map(({ id }) => id);

/** Parents come before their children here, save where the whole list is turned round: clocks may say that too. */
const forests = fc
  .tuple(
    fc.array(fc.nat({ max: 1_000_000 }), { minLength: 1, maxLength: 40 }),
    fc.constantFrom(1, 600),
    fc.boolean(),
  )
  .map(([wishes, times, isTurned]) => {
    const parents = Array.from({ length: wishes.length * times }, (_, place) => {
      const wish = (wishes[place % wishes.length] as number) + place;
      return (wish % (place + 1)) - 1;
    });
    const steps = stepsOf(parents);
    return isTurned ? steps.reverse() : steps;
  });

describe("the outline of a flow", () => {
  test("has of each step how many lie below it, and with each step those above it", () => {
    fc.assert(
      fc.property(forests, (steps) => {
        const byId = new Map(steps.map((step) => [step.id, step]));
        const below = new Map<string, number>();
        for (const { parentId } of steps) {
          for (let id = parentId; id !== null; id = byId.get(id)?.parentId ?? null) {
            below.set(id, (below.get(id) ?? 0) + 1);
          }
        }
        const outline = outlineOf(aDetail(steps));
        expect(outline.below).toEqual(outline.steps.map(({ id }) => below.get(id) ?? 0));
        const kept = new Set(idsOf(outline));
        expect(outline.steps.filter(({ parentId }) => parentId !== null && !kept.has(parentId))).toEqual([]);
        expect(idsOf(outline)).toEqual(idsOf({ steps }).filter((id) => kept.has(id)));
        if (steps.length <= MOST_OUTLINED) expect(outline.steps).toEqual(steps);
      }),
      { numRuns: 60 },
    );
  });

  test("is, of very many, each step at the top with its children, as far as there is room", () => {
    // Three hundred at the top; each has a child, which has one.
    const parents = Array.from({ length: 900 }, (_, place) => (place % 3 === 0 ? -1 : place - 1));
    const outline = outlineOf(aDetail(stepsOf(parents, () => ({ status: "succeeded" }))));
    const wanted = parents
      .flatMap((_, place) => (place % 3 === 2 ? [] : `s${place}`))
      .slice(0, MOST_OUTLINED);
    expect(idsOf(outline)).toEqual(wanted);
    expect(outline.below.slice(0, 4)).toEqual([2, 1, 2, 1]);
  });

  test("has what is looked at first, however deep and late it is", () => {
    const parents = Array.from({ length: 3_000 }, (_, place) => (place < 2_000 ? -1 : place - 1));
    const steps = stepsOf(parents, (place) => ({
      status: "succeeded",
      endedAt: START + place,
      ...(place === 1_200 && { endedAt: START + 9_000_000 }),
      ...((place === 700 || place === 1_500) && { name: "bad", status: "failed" }),
      ...(place === 600 && { status: "failed", optional: true }),
      ...((place === 2_002 || place === 1_900) && { status: "running", endedAt: null }),
    }));
    const outline = outlineOf(aDetail(steps, { failedStep: "bad" }));
    expect(idsOf(outline).slice(MOST_OUTLINED)).toEqual(
      [700, 1_200, 1_500, 1_999, 2_000, 2_001, 2_002].map((place) => `s${place}`),
    );
    expect(outline.below.at(-1)).toBe(997);
  });

  test("of fifty thousand steps in one chain is made as well", () => {
    const chain = Array.from({ length: 50_000 }, (_, place) => place - 1);
    const outline = outlineOf(aDetail(stepsOf(chain, () => ({ status: "succeeded" }))));
    expect(outline.below).toEqual([49_999, 49_998]);
  });
});
