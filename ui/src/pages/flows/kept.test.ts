// What lies in a browser's storage may be of an older page, of another one, or written by hand.
import { expect, test } from "vitest";
import { columnsOf, defaultColumns } from "./columns.tsx";
import { readColumns } from "./useColumns.ts";
import { givenViews, readViews, searchOfView } from "./views.ts";

test.each(["", "{", "null", '"status"', "[1]", '{"a":1}'])("columns: %j gives the usual ones", (text) => {
  expect(readColumns(text)).toEqual(defaultColumns);
});

test("of columns that are unknown nothing is shown, and what must stand there stands there", () => {
  const ids = columnsOf({
    chosen: readColumns('["nobody","label.env","duration"]'),
    showTenant: true,
    width: "wide",
  }).map(({ id }) => id);
  expect(ids).toEqual(["status", "flow", "duration", "label.env"]);
});

test("a narrow window has its own columns; one customer's list does not name him", () => {
  const ids = (width: "narrow" | "medium") =>
    columnsOf({ chosen: [...defaultColumns, "label.env"], showTenant: false, width }).map(({ id }) => id);
  expect(ids("narrow")).toEqual(["status", "flow", "where", "duration"]);
  expect(ids("medium")).toEqual(["status", "flow", "where", "started", "duration", "label.env"]);
});

test.each([undefined, "", "{", "null", "7", '[null,1,{"name":1,"query":""},{"name":"x"}]'])(
  "views: %j gives none",
  (text) => {
    expect(readViews(text)).toEqual([]);
  },
);

test("a view gives the search that its query says", () => {
  const [view] = readViews('[{"name":"mine","query":"?status=failed&order=longest&selected=x"}]');
  expect(view && searchOfView(view)).toEqual({ status: ["failed"], order: "longest" });
});

test("what is given is read whole", () => {
  expect(givenViews.map(searchOfView)).toEqual([
    { health: ["stalled", "lost"], order: "oldest" },
    { status: ["failed"], range: "1d" },
    { status: ["running"], order: "oldest" },
    { range: "7d", order: "longest" },
  ]);
});
