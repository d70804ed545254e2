import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCodec } from "../../src/run/codec.ts";
import { NotDecodable } from "../../src/run/errors/not-decodable.ts";
import { NotEncodable } from "../../src/run/errors/not-encodable.ts";
import { ValueTooLarge } from "../../src/run/errors/value-too-large.ts";

class CardDeclined extends Error {
  override readonly name = "CardDeclined";
  readonly code: number;
  constructor(code: number) {
    super("declined");
    this.code = code;
  }
  get isFinal(): boolean {
    return this.code > 50;
  }
}

const codec = createCodec({ errors: [CardDeclined] });

function roundTrip<T>(value: T): T {
  return codec.decode(codec.encode(value, "test"), "test") as T;
}

describe("values", () => {
  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["numbers that JSON has not", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]],
    ["a negative zero", -0],
    ["text", "\u2028 ü 👍 \u0000 \ud800"],
    ["BigInt", 2n ** 80n],
    ["dates", [new Date(0), new Date(Number.NaN)]],
    ["maps and sets", new Map<unknown, unknown>([[{ a: 1 }, new Set([1n, "b"])]])],
    ["RegExp and URL", [/a+/giu, new URL("https://example.org/?q=1#x")]],
    ["typed arrays", [new Float64Array([1.5, Number.NaN]), new BigInt64Array([-1n])]],
    ["an array buffer", new Uint8Array([0, 255]).buffer],
    ["a Buffer", Buffer.from("bytes")],
    ["holes", Object.assign(new Array(3), { 0: 1, 2: 3 })],
    ["fields that are undefined", { a: undefined, constructor: 1, toString: 2 }],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 })],
  ])("keeps %s", (_, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
  });

  test("keeps whatever fast-check thinks of", () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withNullPrototype: true,
          withSparseArray: true,
        }),
        (value) => {
          // A key of that name is refused, also inside of maps and sets.
          fc.pre(!fc.stringify(value).includes('["__proto__"]'));
          expect(roundTrip(value)).toStrictEqual(value);
        },
      ),
    );
  });

  test("keeps cycles and what is shared", () => {
    const shared = { a: 1 };
    const value: Record<string, unknown> = { one: shared, two: shared };
    value["self"] = value;
    const back = roundTrip(value);
    expect(back["self"]).toBe(back);
    expect(back["one"]).toBe(back["two"]);
  });

  test("of a view keeps what it shows and nothing of the memory around it", () => {
    const pool = Buffer.from("secret visible secret");
    const view = new Uint8Array(pool.buffer, pool.byteOffset + 7, 7);
    const text = codec.encode({ view, data: new DataView(view.buffer, view.byteOffset, 7) }, "test");
    expect(text).not.toContain(Buffer.from("secret").toString("base64").slice(0, 7));
    const back = codec.decode(text, "test") as { view: Uint8Array; data: DataView };
    expect(Buffer.from(back.view).toString()).toBe("visible");
    expect(back.data.byteLength).toBe(7);
  });

  test.each<[string, unknown, RegExp]>([
    ["a function", { user: { save() {} } }, /step "x": .* at \.user\.save: it is the function save/],
    ["a symbol", [1, Symbol("s")], /at \[1\]: it is a symbol/],
    [
      "an object of a class",
      { rows: new Map([["k", new (class Row {})()]]) },
      /\.rows.*: it is an object of the class Row/,
    ],
    ["a promise", Promise.resolve(), /a promise that was not awaited/],
    ["a weak map", new WeakMap(), /of the class WeakMap/],
    ["symbol keys", { [Symbol("k")]: 1 }, /keys that can't be kept/],
  ])("refuses %s, and says where it is", (_, value, message) => {
    expect(() => codec.encode(value, 'step "x"')).toThrow(NotEncodable);
    expect(() => codec.encode(value, 'step "x"')).toThrow(message);
  });

  test("refuses what is nested too deeply, and what throws when it is read", () => {
    let deep: unknown = 1;
    for (let n = 0; n < 200_000; n++) deep = [deep];
    expect(() => codec.encode(deep, "x")).toThrow(/nested too deeply/);
    const hostile = {
      get a() {
        throw new Error("hands off");
      },
    };
    expect(() => codec.encode(hostile, "x")).toThrow(/hands off/);
  });
});

describe("errors", () => {
  test("keep class, message, stack, cause and fields", () => {
    const error = Object.assign(new TypeError("bad row", { cause: new RangeError("7") }), {
      row: 7,
      at: new Date(5),
    });
    const back = roundTrip(error);
    expect(back).toBeInstanceOf(TypeError);
    expect(back).toMatchObject({ message: "bad row", row: 7, at: new Date(5), stack: error.stack });
    expect(back.cause).toBeInstanceOf(RangeError);
    expect(Object.keys(back).sort()).toEqual(["at", "row"]);
  });

  test("of a class that is known come back as such", () => {
    const back = roundTrip(new CardDeclined(51));
    expect(back).toBeInstanceOf(CardDeclined);
    expect(back).toMatchObject({ name: "CardDeclined", code: 51, isFinal: true });
  });

  test("of another come back as what it extends, with its name", () => {
    class BadRow extends RangeError {
      row = 7;
    }
    class Plain extends Error {}
    const back = roundTrip(new BadRow("bad"));
    expect(back).toBeInstanceOf(RangeError);
    expect(back).toMatchObject({ name: "BadRow", message: "bad", row: 7 });
    expect(roundTrip(new Plain("x"))).toMatchObject({ name: "Plain", message: "x" });
  });

  test("AggregateError and AbortError keep what makes them so", () => {
    const back = roundTrip(new AggregateError([new TypeError("a"), "b"], "all"));
    expect(back).toBeInstanceOf(AggregateError);
    expect(back.errors).toMatchObject([{ name: "TypeError", message: "a" }, "b"]);
    const abort = roundTrip(AbortSignal.abort().reason);
    expect(abort).toBeInstanceOf(DOMException);
    expect(abort).toMatchObject({ name: "AbortError", code: 20 });
  });

  test("hold what can't be kept, or themselves, and are kept without it", () => {
    const error = Object.assign(new Error("lost"), {
      code: "ECONNRESET",
      socket: { end() {} },
      self: undefined as unknown,
    });
    error.self = error;
    error.cause = error;
    const back = roundTrip(error);
    expect(back).toMatchObject({ message: "lost", code: "ECONNRESET" });
    expect(Object.keys(back)).toEqual(["code"]);
  });

  test("with many causes take no time worth speaking of", () => {
    let error = new Error("0");
    for (let n = 1; n < 60; n++) error = new Error(`${n}`, { cause: error });
    let back: unknown = roundTrip(error);
    for (let n = 59; n >= 0; n--) {
      expect(back).toMatchObject({ message: `${n}` });
      back = (back as Error).cause;
    }
  });

  test("a value with a field of any name is no error", () => {
    const value = { __error: true, name: "Error", message: "m", stack: "s" };
    expect(roundTrip(value)).toStrictEqual(value);
  });
});

test("a value over the limit is refused before it is kept; bytes count, not characters", () => {
  const small = createCodec({ maxBytes: 100 });
  expect(() => small.encode("ü".repeat(60), 'step "x"')).toThrow(ValueTooLarge);
  expect(() => small.encode("ü".repeat(60), 'step "x"')).toThrow(
    /step "x": expected .* at most 100 bytes .* got 124/,
  );
  expect(small.decode(small.encode("u".repeat(60), "x"), "x")).toBe("u".repeat(60));
  expect(() => createCodec({ maxBytes: 0 })).toThrow(RangeError);
});

test("the digest is of the input, whatever the order of its keys", () => {
  const digest = (value: unknown) => codec.digest(value, "input");
  expect(digest({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(digest({ b: [{ d: 3, c: 2 }], a: 1 }));
  expect(digest({ a: 1 })).not.toBe(digest({ a: "1" }));
  expect(digest([1, 2])).not.toBe(digest([2, 1]));
  expect(digest(undefined)).not.toBe(digest(null));
  const ring: Record<string, unknown> = {};
  ring["ring"] = ring;
  expect(digest(ring)).toBe(digest(ring));
});

test("values can be sealed: nothing is to be read, and what was changed is refused", () => {
  const key = randomBytes(32);
  const sealed = createCodec({
    seal: {
      digestKey: "secret",
      seal(plain) {
        const iv = randomBytes(12);
        const cipher = createCipheriv("aes-256-gcm", key, iv);
        return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      },
      open(bytes) {
        const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
        decipher.setAuthTag(bytes.subarray(-16));
        return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      },
    },
  });
  const text = sealed.encode({ card: "4242" }, "x");
  expect(text).not.toContain("4242");
  expect(sealed.decode(text, "x")).toEqual({ card: "4242" });
  expect(sealed.digest("4242", "x")).not.toBe(codec.digest("4242", "x"));
  expect(sealed.digest("4242", "x")).toBe(sealed.digest("4242", "x"));
  const changed = Buffer.from(text, "base64");
  changed[20] = (changed[20] ?? 0) ^ 1;
  expect(() => sealed.decode(changed.toString("base64"), 'step "x"')).toThrow(NotDecodable);
  expect(() => codec.decode(text, 'step "x"')).toThrow(
    /Use the codec and the key that the run was begun with/,
  );
});

test.each(["", "{}", "[", '[["Function",1]]', '[{"__proto__":1},{}]', "[[[0]]]", '["a",'])(
  "text that no codec wrote is refused: %s",
  (text) => {
    expect(() => codec.decode(text, "x")).toThrow(NotDecodable);
  },
);
