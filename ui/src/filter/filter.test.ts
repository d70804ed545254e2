import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aFlow } from "../api/flow.fixture.ts";
import { matches } from "./matches.ts";
import { orders } from "./order.ts";
import { type Range, ranges } from "./range.ts";
import {
  filterParams,
  healths,
  parseSearch,
  type Search,
  statuses,
  stringifySearch,
  toggled,
} from "./search.ts";

const text = fc.string({ unit: "grapheme", minLength: 1 });
const list = (values = text) => fc.uniqueArray(values, { minLength: 1, maxLength: 4 });
const time = fc
  .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
  .map((date) => date.toISOString());
const inOrder = <T>(all: readonly T[]) => fc.subarray([...all], { minLength: 1 });

const filters = {
  q: text,
  selected: text,
  tenant: list(),
  name: list(),
  step: list(),
  service: list(),
  order: fc.constantFrom(...orders.filter((order) => order !== "newest")),
  status: inOrder(statuses),
  health: inOrder(healths),
  label: fc.uniqueArray(fc.record({ key: fc.oneof(text, fc.constant("__proto__")), value: fc.string() }), {
    minLength: 1,
    selector: ({ key, value }) => JSON.stringify([key, value]),
  }),
};
const search: fc.Arbitrary<Search> = fc.oneof(
  fc.record(
    { ...filters, range: fc.constantFrom(...(Object.keys(ranges) as Range[])) },
    { requiredKeys: [] },
  ),
  fc.record({ ...filters, from: time, to: time }, { requiredKeys: [] }),
);

describe("address ⇄ search", () => {
  test("what is written is read back, whatever the names and values are", () => {
    fc.assert(
      fc.property(search, (written) => {
        expect(parseSearch(stringifySearch(written))).toEqual(written);
      }),
    );
  });

  test("reads the API's own words", () => {
    expect(
      parseSearch("?status=failed&status=running&label.env=production&label.env=staging&q=bad+row"),
    ).toEqual({
      q: "bad row",
      status: ["running", "failed"],
      label: [
        { key: "env", value: "production" },
        { key: "env", value: "staging" },
      ],
    });
  });

  test("leaves out what is no value of its kind", () => {
    expect(
      parseSearch(
        "?status=broken&label.=x&health=&range=3y&from=yesterday&tenant=&q=&__proto__=x&whatever=1",
      ),
    ).toEqual({});
  });

  test("a range wins over times, which it replaces", () => {
    expect(parseSearch("?range=1h&from=2026-11-22T10:00:00Z")).toEqual({ range: "1h" });
  });

  test("times are normalised", () => {
    expect(parseSearch("?from=2026-11-22T12:00:00%2B02:00")).toEqual({ from: "2026-11-22T10:00:00.000Z" });
  });

  test("an empty search is an empty string", () => {
    expect(stringifySearch({})).toBe("");
    expect(stringifySearch({ tenant: undefined, q: undefined })).toBe("");
  });

  test("requests carry no page state", () => {
    expect(filterParams({ q: "x", range: "1h", selected: "s", order: "oldest" } as Search).toString()).toBe(
      "q=x",
    );
  });
});

describe("toggling a value", () => {
  test("in, and out again", () => {
    expect(toggled(undefined, "a")).toEqual(["a"]);
    expect(toggled(["a"], "b")).toEqual(["a", "b"]);
    expect(toggled(["a", "b"], "a")).toEqual(["b"]);
    expect(toggled(["a"], "a")).toBeUndefined();
  });
});

describe("a flow against a filter", () => {
  const now = Date.parse("2026-11-22T11:00:00.000Z");
  const flow = aFlow({
    tenant: "acme-corp",
    name: "data_import",
    status: "failed",
    health: null,
    failedStep: "validate",
    error: { type: "ValidationError", message: "Bad row 7", stack: null },
    labels: { env: "production", region: "eu" },
    startedAt: "2026-11-22T10:50:00.000Z",
  });

  test.each<[string, Parameters<typeof matches>[1], boolean]>([
    ["nothing asked", {}, true],
    ["one of the names", { name: ["other", "data_import"] }, true],
    ["another status", { status: ["running"] }, false],
    ["an ended flow has no health", { health: ["ok"] }, false],
    ["it failed at the step", { step: ["validate"] }, true],
    ["a service that took part", { service: ["import-worker", "import-api"] }, true],
    ["a service that did not", { service: ["import"] }, false],
    ["values of one key are an or", { label: [l("env", "staging"), l("env", "production")] }, true],
    ["keys are an and", { label: [l("env", "production"), l("region", "us")] }, false],
    ["an inherited key is no label", { label: [l("toString", "x")] }, false],
    ["beginnings of words, in any case", { q: "BAD imp" }, true],
    ["the middle of a word", { q: "mport" }, false],
    ["a word that is nowhere", { q: "bad column" }, false],
    ["within the range", { range: "15m" }, true],
    ["from is inclusive", { from: "2026-11-22T10:50:00.000Z" }, true],
    ["to is exclusive", { to: "2026-11-22T10:50:00.000Z" }, false],
  ])("%s", (_, filter, expected) => {
    expect(matches(flow, filter, now)).toBe(expected);
  });

  test("a range moves with the clock", () => {
    expect(matches(flow, { range: "15m" }, now + 6 * 60_000)).toBe(false);
  });

  function l(key: string, value: string) {
    return { key, value };
  }
});
