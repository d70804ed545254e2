/**
 * From values to text that a journal keeps, and back. Beyond JSON it keeps `undefined`, `NaN`, infinities, `-0`, BigInt,
 * Date, Map, Set, RegExp, URL, typed arrays, ArrayBuffer, Buffer, errors, holes, shared references and cycles. What it can't
 * keep, such as a function or an object with a class of its own, is an error that says where in the value it is:
 * nothing is left out silently. See docs/decisions/0016-journal-values.md.
 */
import { createHash } from "node:crypto";
import { DevalueError, parse, stringify } from "devalue";
import { type ErrorClass, errorKeeper } from "./error-values.ts";
import { NotDecodable } from "./errors/not-decodable.ts";
import { NotEncodable } from "./errors/not-encodable.ts";
import { ValueTooLarge } from "./errors/value-too-large.ts";
import type { Encoded } from "./journal.ts";

/** From values to the text that a journal keeps, and back. */
export interface Codec {
  /**
   * @param what whose value it is, for messages: `step "fetch"`
   * @throws {NotEncodable | ValueTooLarge}
   */
  encode(value: unknown, what: string): Encoded;
  /** @throws {NotDecodable} */
  decode(text: Encoded, what: string): unknown;
  /** The same text for the same input, whatever the order of its keys; nothing of the input can be read from it. */
  digest(value: unknown, what: string): string;
}

/** Options of `createCodec`. */
export interface CodecOptions {
  /** Of one encoded value. More is `ValueTooLarge`. Default 1 MiB. */
  maxBytes?: number | undefined;
  /** Error classes of yours that should come back as such. Others come back as the standard class they extend, with their name. */
  errors?: readonly ErrorClass[] | undefined;
  /**
   * Encryption, for instance. `open` gets what `seal` made, and throws where it was changed. The digests of inputs are made with
   * `digestKey`, as a plain one of a short input could be guessed.
   */
  seal?: {
    seal(plain: Uint8Array): Uint8Array;
    open(sealed: Uint8Array): Uint8Array;
    digestKey: string | Uint8Array;
  };
}

const DEFAULT_MAX_BYTES = 1024 * 1024;

/**
 * Makes a codec: from values to the text that a journal keeps, and back. Beside JSON's it knows dates, maps, sets, big
 * integers, bytes, cycles and errors.
 *
 * @example
 * const codec = createCodec({ maxBytes: 64 * 1024, errors: [CardDeclined] });
 * const text = codec.encode(new Map([["a", 1n]]), 'step "fetch"');
 * codec.decode(text, 'step "fetch"'); // new Map([["a", 1n]])
 */
export function createCodec(options: CodecOptions = {}): Codec {
  const { maxBytes = DEFAULT_MAX_BYTES, errors = [], seal } = options;
  if (!(maxBytes > 0))
    throw new RangeError(`createCodec: expected maxBytes to be a number of bytes above 0, got ${maxBytes}`);
  const keeper = errorKeeper(errors, (value) => void stringify(value, reducers));
  const reducers: Record<string, (value: unknown) => unknown> = {
    Error: keeper.reduce,
    Buffer: (value) => Buffer.isBuffer(value) && value.toString("base64"),
    // The rest of the memory that a view looks into is none of ours to keep.
    View: (value) =>
      ArrayBuffer.isView(value) && value.byteLength < value.buffer.byteLength && ownCopy(value),
  };
  const revivers = {
    Error: keeper.revive,
    Buffer: (text: string) => Buffer.from(text, "base64"),
    View: (view: unknown) => view,
  };

  function text(value: unknown, what: string): string {
    if (isShortScalar(value)) return JSON.stringify([value]);
    try {
      return stringify(value, reducers);
    } catch (error) {
      throw notEncodable(error, what);
    } finally {
      keeper.forget();
    }
  }

  return {
    encode(value, what) {
      const plain = text(value, what);
      const kept = seal === undefined ? plain : Buffer.from(seal.seal(Buffer.from(plain))).toString("base64");
      // A character is one to three bytes: most values need no counting.
      if (kept.length * 3 > maxBytes) {
        const bytes = Buffer.byteLength(kept);
        if (bytes > maxBytes) throw new ValueTooLarge(what, bytes, maxBytes);
      }
      return kept;
    },
    decode(kept, what) {
      try {
        const plain =
          seal === undefined ? kept : Buffer.from(seal.open(Buffer.from(kept, "base64"))).toString();
        return parse(plain, revivers);
      } catch (error) {
        throw new NotDecodable(what, error);
      }
    },
    digest(value, what) {
      const plain = text(sorted(value), what);
      const hash = createHash("sha256");
      if (seal !== undefined) hash.update(seal.digestKey).update("\0");
      return hash.update(plain).digest("base64url");
    },
  };
}

/** Most steps return nothing, a flag, a count or an id. */
function isShortScalar(value: unknown): boolean {
  if (typeof value === "string") return value.length < 256;
  return value === null || typeof value === "boolean" || (Number.isFinite(value) && !Object.is(value, -0));
}

function ownCopy(view: ArrayBufferView): ArrayBufferView {
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  return view instanceof DataView
    ? new DataView(bytes)
    : new (view.constructor as new (bytes: ArrayBufferLike) => ArrayBufferView)(bytes);
}

/** Plain objects with their keys in order; other things, and what refers back to itself, as they are. */
function sorted(value: unknown, above: readonly unknown[] = []): unknown {
  if (typeof value !== "object" || value === null || above.includes(value)) return value;
  const inside = [...above, value];
  if (Array.isArray(value)) return value.map((each) => sorted(each, inside));
  if (Object.getPrototypeOf(value) !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0)
    return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each, inside)]));
}

function notEncodable(error: unknown, what: string): NotEncodable {
  if (error instanceof RangeError) return new NotEncodable(what, "", "it is nested too deeply", error);
  if (!(error instanceof DevalueError)) return new NotEncodable(what, "", messageOf(error), error);
  return new NotEncodable(what, error.path ?? "", `it is ${described(error.value)}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function described(value: unknown): string {
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "symbol") return "a symbol";
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  if (typeof (value as { then?: unknown }).then === "function") return "a promise that was not awaited";
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "Object" && name !== ""
    ? `an object of the class ${name}`
    : "an object with keys that can't be kept";
}
