import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Packer, type Texts, Unpacker } from "../src/sqlite/rows/packer.ts";

/** Keeps what begins with "k". */
function texts(): Texts {
  const kept: string[] = [];
  return {
    numberOf(text) {
      if (!text.startsWith("k")) return undefined;
      if (!kept.includes(text)) kept.push(text);
      return kept.indexOf(text);
    },
    textOf: (number) => kept[number] as string,
  };
}

const anyText = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 80 }),
  fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF"), minLength: 16, maxLength: 16 }),
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.constantFrom("", "k", "key", "\u0000", "__proto__", "é".repeat(20), "a".repeat(10_000)),
);
const whole = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -200, max: 200 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 31, 2 ** 31 - 1, -(2 ** 32)),
);

describe("packer", () => {
  test("what was packed comes out as it went in, whatever stands beside it", () => {
    const word = fc.oneof(
      fc.record({ kind: fc.constant("int" as const), value: whole }),
      fc.record({ kind: fc.constant("uint" as const), value: whole.map(Math.abs) }),
      fc.record({ kind: fc.constant("time" as const), value: whole.map((at) => Math.abs(at) % 2 ** 52) }),
      fc.record({ kind: fc.constant("text" as const), value: fc.option(anyText) }),
      fc.record({ kind: fc.constant("name" as const), value: fc.option(anyText) }),
      fc.record({
        kind: fc.constant("attributes" as const),
        value: fc.dictionary(anyText, fc.jsonValue() as fc.Arbitrary<string>, { noNullPrototype: true }),
      }),
    );
    const shared = texts();
    const packer = new Packer(shared);
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const bytes = packer.pack((to) => {
          for (const { kind, value } of words) to[kind](value as never);
        });
        const from = new Unpacker(bytes, shared);
        const out = words.map(({ kind }) => {
          if (kind === "text" || kind === "name") return from.maybeText();
          return from[kind]();
        });
        // By text: JSON knows no negative zero, and an own `__proto__` is told apart from the real one.
        expect(JSON.stringify(out)).toBe(JSON.stringify(words.map(({ value }) => value)));
      }),
      { numRuns: 1000 },
    );
  });

  test("bytes that end too early are an error, not a guess", () => {
    const packer = new Packer(texts());
    const bytes = packer.pack((to) => {
      to.uint(300);
      to.int(-70_000);
    });
    for (let size = 0; size < bytes.length; size += 1) {
      const from = new Unpacker(bytes.subarray(0, size), texts());
      expect(() => [from.uint(), from.int()]).toThrow("ends too early");
    }
  });
});
