import { expect, test } from "vitest";
import { choicesOf } from "./choices.ts";
import type { Field } from "./fields.ts";

const field = (name: string, values: string[], over: Partial<Field> = {}): Field => ({
  name,
  options: values.map((value) => ({ value, label: value })),
  chosen: [],
  toggle: () => ({}),
  clear: () => ({}),
  ...over,
});
const status = field("Status", ["failed", "running"]);
const step = field("Step", ["validate"], { takesTyped: true, chosen: [{ value: "gone", label: "gone" }] });
const lines = (choices: ReturnType<typeof choicesOf>) =>
  choices.map(({ field: { name }, value }) => (value === undefined ? name : `${name}=${value}`));

test("without a word the fields are shown, with one the values of all of them too", () => {
  expect(lines(choicesOf([status, step], undefined, ""))).toEqual(["Status", "Step"]);
  expect(lines(choicesOf([status, step], undefined, " St"))).toEqual(["Status", "Step"]);
  expect(lines(choicesOf([status, step], undefined, "AIL"))).toEqual(["Status=failed"]);
});

test("what is chosen can be taken out though it is no option any more", () => {
  const choices = choicesOf([status, step], step, "");
  expect(lines(choices)).toEqual(["Step=gone", "Step=validate"]);
  expect(choices.map(({ isChosen }) => isChosen)).toEqual([true, false]);
});

test("a field that takes any value takes what is typed, once", () => {
  expect(lines(choicesOf([step], step, "val"))).toEqual(["Step=validate", "Step=val"]);
  expect(lines(choicesOf([step], step, "validate"))).toEqual(["Step=validate"]);
  expect(lines(choicesOf([status], status, "val"))).toEqual([]);
});

test("values that look alike in two fields are two choices", () => {
  const ids = choicesOf([field("A", ["x"]), field("B", ["x"])], undefined, "x").map(({ id }) => id);
  expect(new Set(ids).size).toBe(2);
});
