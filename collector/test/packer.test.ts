import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type NumberedTexts, Packer, type TextNumbers, Unpacker } from "../src/sqlite/rows/packer.ts";

/** Keeps what begins with "k". */
function texts(): TextNumbers & NumberedTexts {
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
type Word = typeof word extends fc.Arbitrary<infer W> ? W : never;

function write(to: Packer, words: Word[]): void {
  for (const { kind, value } of words) to[kind](value as never);
}

/** By text: JSON knows no negative zero, and an own `__proto__` is told apart from the real one. */
function read(from: Unpacker, words: Word[]): string {
  return JSON.stringify(
    words.map(({ kind }) => (kind === "text" || kind === "name" ? from.maybeText() : from[kind]())),
  );
}

function said(words: Word[]): string {
  return JSON.stringify(words.map(({ value }) => value));
}

describe("packer", () => {
  test("what was packed comes out as it went in, whatever stands beside it", () => {
    const shared = texts();
    const packer = new Packer(shared);
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const bytes = packer.pack((to) => write(to, words));
        expect(read(new Unpacker(bytes, shared), words)).toBe(said(words));
      }),
      { numRuns: 1000 },
    );
  });

  test("what was packed apart comes out in its place and by itself, and what follows knows what stood before", () => {
    const [around, within] = [texts(), texts()];
    const packer = new Packer(around);
    // The same words again and again: what is told by its place elsewhere would come out as another.
    const few = fc
      .uniqueArray(word, { minLength: 1, maxLength: 4 })
      .chain((words) => fc.array(fc.constantFrom(...words)));
    fc.assert(
      fc.property(few, few, few, (before, apart, after) => {
        const bytes = packer.pack((to) => {
          write(to, before);
          to.apart(within, () => write(to, apart));
          write(to, after);
        });
        const from = new Unpacker(bytes, around);
        expect(read(from, before)).toBe(said(before));
        const [inPlace, cut] = from.apart(within, () => read(from, apart));
        expect(inPlace).toBe(said(apart));
        expect(read(from, after)).toBe(said(after));
        expect(read(new Unpacker(cut, within), apart)).toBe(said(apart));
        expect(cut).toEqual(packer.pack((to) => to.apart(within, () => write(to, apart))));
      }),
      { numRuns: 500 },
    );
  });

  test("after a pack that failed within what is apart the next is as any other", () => {
    const packer = new Packer(texts());
    const pack = () =>
      packer.pack((to) => {
        to.text("around");
        to.apart(texts(), () => to.text("within"));
        to.text("around");
      });
    const before = pack();
    const fails = () =>
      packer.pack((to) =>
        to.apart(texts(), () => {
          throw new Error("no more room");
        }),
      );
    expect(fails).toThrow("no more room");
    expect(pack()).toEqual(before);
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
