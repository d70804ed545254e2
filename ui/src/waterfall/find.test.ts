import { describe, expect, test } from "vitest";
import { aDetail, aStep } from "../api/flow.fixture.ts";
import { findSteps, isFiltering } from "./find.ts";
import { layOut } from "./layout.ts";

const { steps } = layOut(
  aDetail({
    endedAt: "2026-11-22T10:00:09.000Z",
    steps: [
      aStep({ id: "a", name: "import" }),
      aStep({ id: "b", name: "read", parentId: "a", attributes: { file: "Contacts.csv", rows: 120 } }),
      aStep({
        id: "c",
        name: "validate",
        parentId: "a",
        status: "failed",
        error: { type: "ValueError", message: "row 7 is bad", stack: null },
        startedAt: "2026-11-22T10:00:02.000Z",
      }),
      aStep({ id: "d", name: "notify", service: "mailer", startedAt: "2026-11-22T10:00:03.000Z" }),
    ],
  }),
);
const found = (filter: Parameters<typeof findSteps>[1]) => {
  const { rows, hits } = findSteps(steps, filter);
  const id = (index: number) => steps[index]?.step.id;
  return { rows: rows.map(id), hits: [...hits].map(id) };
};

describe("steps are found", () => {
  test.each([
    ["VALID", ["a", "c"], ["c"]],
    ["contacts", ["a", "b"], ["b"]],
    ["120", ["a", "b"], ["b"]],
    ["row 7", ["a", "c"], ["c"]],
    ["mailer", ["d"], ["d"]],
    ["nothing such", [], []],
  ])("by %j, with what is above them", (find, rows, hits) => {
    expect(found({ find })).toEqual({ rows, hits });
  });

  test("by their failure, alone and together with text", () => {
    expect(found({ failed: true })).toEqual({ rows: ["a", "c"], hits: ["c"] });
    expect(found({ failed: true, find: "read" })).toEqual({ rows: [], hits: [] });
  });

  test("a blank text looks for nothing", () => {
    expect([isFiltering({}), isFiltering({ find: "  " }), isFiltering({ find: "x" })]).toEqual([
      false,
      false,
      true,
    ]);
    expect(found({}).hits).toEqual(["a", "b", "c", "d"]);
  });
});
