import * as v from "valibot";
import { expect, test } from "vitest";
import { z } from "zod";
import { DataContext } from "../../src/durable/data-context.ts";
import { accessor, custom, ValueInvalid, ValueMissing } from "../../src/durable/index.ts";

const requestId = accessor("requestId", custom<string>());
const retries = accessor("retries", z.number().int(), 3);
const maybe = accessor("maybe", custom<string | undefined>(), undefined);
const amount = accessor("amount", z.string().transform(Number));

test("a value that was set is read, and may be overwritten", () => {
  const data = new DataContext();
  expect(data.set(requestId, "req-1")).toBe("req-1");
  expect(data.get(requestId)).toBe("req-1");
  data.set(requestId, "req-2");
  expect(data.get(requestId)).toBe("req-2");
});

test("missing: get throws by name, find gives undefined", () => {
  const data = new DataContext();
  expect(() => data.get(requestId)).toThrow(ValueMissing);
  expect(() => data.get(requestId)).toThrow("get of requestId: expected a value, got none");
  expect(data.find(requestId)).toBeUndefined();
  const key = Symbol("session");
  expect(() => data.get(accessor(key, custom<string>()))).toThrow("get of Symbol(session)");
});

test("a default is read until something is set, undefined included", () => {
  const data = new DataContext();
  expect(data.get(retries)).toBe(3);
  expect(data.find(retries)).toBe(3);
  expect(data.get(maybe)).toBeUndefined();
  data.set(retries, 5);
  expect(data.get(retries)).toBe(5);
  data.set(maybe, "x");
  data.set(maybe, undefined);
  expect(data.get(maybe)).toBeUndefined();
});

test("symbol keys are shared by nobody, string keys by all who write the same", () => {
  const data = new DataContext();
  const one = accessor(Symbol("id"), custom<number>());
  const two = accessor(Symbol("id"), custom<number>());
  data.set(one, 1);
  expect(data.find(two)).toBeUndefined();
  data.set(accessor("id", custom<number>()), 3);
  expect(data.get(accessor("id", z.number()))).toBe(3);
  expect(data.get(one)).toBe(1);
});

test("set validates by any Standard Schema, and keeps what was there", () => {
  const data = new DataContext([[retries, 1]]);
  expect(() => data.set(retries, 1.5)).toThrow(ValueInvalid);
  expect(() => data.set(retries, "2" as never)).toThrow(
    /^set of retries: expected what its schema allows, got Invalid/,
  );
  expect(data.get(retries)).toBe(1);
  const user = accessor("user", v.object({ name: v.string() }));
  const thrown = (() => {
    try {
      return data.set(user, { name: 7 } as never);
    } catch (error) {
      return error;
    }
  })();
  expect(thrown).toMatchObject({ name: "ValueInvalid", what: "set of user" });
  expect((thrown as ValueInvalid).message).toContain("(at name)");
});

test("get validates what was set under its key by another", () => {
  const data = new DataContext();
  data.set(accessor("retries", custom<unknown>()), "many");
  expect(() => data.get(retries)).toThrow(/^get of retries: expected what its schema allows/);
  expect(() => data.find(retries)).toThrow(ValueInvalid);
});

test("a schema that transforms does so once: what is read is what it made", () => {
  const data = new DataContext();
  expect(data.set(amount, "12")).toBe(12);
  expect(data.get(amount)).toBe(12);
  expect(data.child().get(amount)).toBe(12);
});

test("a child reads through to its parent, its set does not reach it", () => {
  const parent = new DataContext([[requestId, "req-1"]]);
  const child = parent.child();
  expect(child.get(requestId)).toBe("req-1");
  child.set(requestId, "req-2");
  expect(child.child().get(requestId)).toBe("req-2");
  expect(parent.get(requestId)).toBe("req-1");
  parent.set(retries, 9);
  expect(child.get(retries)).toBe(9);
  expect(parent.child([[retries, 1]]).get(retries)).toBe(1);
});

test("contexts of concurrent executions never see each other", async () => {
  const shared = new DataContext([[retries, 1]]);
  const seen = await Promise.all(
    ["req-1", "req-2", "req-3"].map(async (id) => {
      const own = shared.child([[requestId, id]]);
      await Promise.resolve();
      return own.get(requestId);
    }),
  );
  expect(seen).toEqual(["req-1", "req-2", "req-3"]);
  expect(shared.find(requestId)).toBeUndefined();
});

test("what is no key, no schema, or a default that is not allowed is refused where it is written", () => {
  expect(() => accessor("", custom())).toThrow(
    "expected the key to be a symbol or a string that is not empty",
  );
  expect(() => accessor("a", {} as never)).toThrow(
    "accessor a: expected a schema that follows Standard Schema",
  );
  expect(() => accessor("a", z.number(), "3" as never)).toThrow(
    /^default of a: expected what its schema allows/,
  );
});

test("a schema that answers with a promise is refused in words", () => {
  const slow = accessor(
    "slow",
    z.string().refine(async () => true),
  );
  expect(() => new DataContext().set(slow, "a")).toThrow(
    "set of slow: expected a schema that answers at once, got one that answers with a promise",
  );
});
