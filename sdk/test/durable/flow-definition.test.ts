import { expect, test } from "vitest";
import { z } from "zod";
import type { FlowContext } from "../../src/durable/context.ts";
import { FLOW, isFlow } from "../../src/durable/flow.ts";
import { type AnyFlow, defineFlow, flow, provide } from "../../src/durable/index.ts";

const config = provide(() => ({ multiplier: 3 }), { name: "config" });
const label = provide(() => "rows", { name: "label" });
const ctx = { runId: "run-1" } as FlowContext;

const anyFlow = flow as (...args: unknown[]) => AnyFlow;

test("a handler alone", () => {
  const plain = flow(function countRows(_ctx, n: number) {
    return n + 1;
  });
  expect(plain).toMatchObject({ name: "countRows", version: 1 });
  expect(plain[FLOW]).toMatchObject({ named: false, deps: undefined, input: undefined, output: undefined });
  expect(plain[FLOW].handle(undefined, ctx, 1)).toBe(2);
  expect(flow(() => 1).name).toBe("flow");
});

test("dependencies and a handler: one, a form of one, an array, a record", () => {
  for (const deps of [
    config,
    config.lazy,
    [config, label.reactive],
    { config, label: label.static },
    [],
    {},
  ]) {
    const made = anyFlow(deps, (given: unknown, own: FlowContext, input: unknown) => [given, own, input]);
    expect(made[FLOW].deps).toBe(deps);
    expect(made[FLOW].named).toBe(false);
    expect(made[FLOW].handle("resolved", ctx, 1)).toEqual(["resolved", ctx, 1]);
  }
});

test("a record of dependencies with a key `name` is a record of dependencies", () => {
  const made = flow({ name: label, version: config }, ({ name }) => name);
  expect(made[FLOW].deps).toEqual({ name: label, version: config });
  expect(made[FLOW].named).toBe(false);
});

test("a definition and a handler", () => {
  const input = z.string();
  const made = flow({ name: "fetch_data", version: 2, input }, (own, url) => [own, url]);
  expect(made).toMatchObject({ name: "fetch_data", version: 2 });
  expect(made[FLOW]).toMatchObject({ named: true, input, deps: undefined });
  expect(made[FLOW].handle(undefined, ctx, "/a")).toEqual([ctx, "/a"]);
});

test("a definition, dependencies and a handler", () => {
  const made = flow({ name: "fetch_data", output: z.number() }, [config], ([cfg]) => cfg.multiplier);
  expect(made).toMatchObject({ name: "fetch_data", version: 1 });
  expect(made[FLOW].handle([{ multiplier: 3 }], ctx, undefined)).toBe(3);
});

test("defineFlow is the same function; a flow is told from other things", () => {
  expect(defineFlow).toBe(flow);
  expect(isFlow(flow(() => 1))).toBe(true);
  for (const other of [config, {}, null, undefined, () => 1]) expect(isFlow(other)).toBe(false);
});

test.each<[string, unknown[], string]>([
  [
    "both at once",
    [{ name: "fetch", config }, () => 1],
    'an object that is both: the executor "config" at "config"',
  ],
  ["a key that is none", [{ name: "fetch", verison: 1 }, () => 1], 'got "verison" in it'],
  [
    "no name",
    [{ version: 1 }, () => 1],
    "expected its name to be a string of 1 to 256 characters, got undefined",
  ],
  ["an empty name", [{ name: "" }, () => 1], "got one of 0"],
  ["a long name", [{ name: "x".repeat(257) }, () => 1], "got one of 257"],
  ["a version in words", [{ name: "a", version: "1.0.0" }, () => 1], "a whole number from 1, got 1.0.0"],
  ["a version of nothing", [{ name: "a", version: 0 }, () => 1], "a whole number from 1, got 0"],
  [
    "an input that is no schema",
    [{ name: "a", input: String }, () => 1],
    "expected its input to be a schema",
  ],
  ["an output that is no schema", [{ name: "a", output: {} }, () => 1], "expected its output to be a schema"],
  [
    "no handler",
    [{ name: "a" }, config],
    "expected the handler, a function, as the last argument, got the executor",
  ],
  ["nothing", [], "got 0 arguments"],
  ["nothing but a definition", [{ name: "a" }], "expected the handler, a function, as the last argument"],
  [
    "a name alone",
    ["a", () => 1],
    'expected a definition such as { name: "data_import" }, or executors, got string',
  ],
  ["an array with something else", [[config, 7], () => 1], 'got number at "1"'],
  ["dependencies first", [config, { name: "a" }, () => 1], 'or executors, got the executor "config"'],
])("refused in words: %s", (_what, args, message) => {
  expect(() => anyFlow(...args)).toThrow(TypeError);
  expect(() => anyFlow(...args)).toThrow(message);
});
