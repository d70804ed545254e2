/**
 * The protobuf wire format, read in place. Why not the generated decoder: it makes an object per message and
 * attribute, a `BigInt` per time and a copy per id; reading straight into raw spans is several times faster, and
 * ingest is bound by this. `test/otlp-protobuf.test.ts` holds the two to the same answers.
 */
import { MOST_VALUES, tooManyValues } from "./bulk.ts";
import { MalformedError } from "./raw-span.ts";
import { repeatedText } from "./repeated.ts";

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
const GROUP = 3;
const GROUP_END = 4;
const FIXED32 = 5;

const DEEPEST_GROUP = 32;
const TWO_32 = 4_294_967_296;

/** `Wire.tag()` of a field: its number and its wire type. */
export function tagOf(field: number, type: number): number {
  return field * 8 + type;
}

/** A cursor over a message. Reading past its end throws; it never waits and never allocates by a claimed length. */
export class Wire {
  readonly bytes: Buffer;
  position = 0;
  /** The last trace id that was read, and where; -1: none yet. */
  #trace = "";
  #traceAt = -1;
  #values = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /**
   * To be called for each message that is read.
   *
   * @throws {WeirError} `too_large`
   */
  countValue(): void {
    if (++this.#values > MOST_VALUES) throw tooManyValues();
  }

  /** Field number and wire type of the next field. */
  tag(end: number): number {
    const tag = this.varint(end);
    if (tag < 8) throw new MalformedError(`field number 0 at byte ${this.position}`);
    return tag;
  }

  /** Below 2^53 exact; above it a close number, which no length and no time can be. */
  varint(end: number): number {
    const { bytes } = this;
    let { position } = this;
    let result = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      if (position >= end) throw truncated(position);
      const byte = bytes[position++] as number;
      if (byte < 128) {
        this.position = position;
        return result + byte * factor;
      }
      result += (byte & 127) * factor;
      factor *= 128;
    }
    throw new MalformedError(`a number of more than 10 bytes at byte ${position}`);
  }

  /** A signed 64-bit integer: a number where it is exact, else its decimal text. */
  int64(end: number): number | string {
    const start = this.position;
    const number = this.varint(end);
    if (number <= Number.MAX_SAFE_INTEGER) return number;
    let exact = 0n;
    for (let i = this.position - 1; i >= start; i--)
      exact = exact * 128n + BigInt((this.bytes[i] as number) & 127);
    exact = BigInt.asIntN(64, exact);
    const signed = Number(exact);
    return Number.isSafeInteger(signed) ? signed : exact.toString();
  }

  /** @returns where the bytes, the text or the message ends that begins at `position`. */
  length(end: number): number {
    const length = this.varint(end);
    const stop = this.position + length;
    if (stop > end) throw truncated(this.position);
    return stop;
  }

  double(end: number): number {
    const at = this.#advance(8, end);
    return this.bytes.readDoubleLE(at);
  }

  /** Nanoseconds → whole microseconds, exactly. */
  nanos(end: number): number {
    const at = this.#advance(8, end);
    const low = this.bytes.readUInt32LE(at);
    const high = this.bytes.readUInt32LE(at + 4);
    return Math.floor(high / 1000) * TWO_32 + Math.floor(((high % 1000) * TWO_32 + low) / 1000);
  }

  text(end: number): string {
    const stop = this.length(end);
    const start = this.position;
    this.position = stop;
    return start === stop ? "" : this.bytes.toString("utf8", start, stop);
  }

  /** Like `text`, for what repeats from span to span: the same string again, without reading it again. */
  repeatedText(end: number): string {
    const stop = this.length(end);
    const start = this.position;
    this.position = stop;
    return repeatedText(this.bytes, start, stop);
  }

  base64(end: number): string {
    const stop = this.length(end);
    const text = this.bytes.toString("base64", this.position, stop);
    this.position = stop;
    return text;
  }

  /** Lower-case hex of exactly 8 bytes that are not all zero, else empty. */
  spanId(end: number): string {
    const { bytes } = this;
    const stop = this.length(end);
    const at = this.position;
    this.position = stop;
    if (stop - at !== 8 || isZero(bytes, at, stop)) return "";
    return bytes.toString("hex", at, stop);
  }

  /** Lower-case hex of exactly 16 bytes that are not all zero, else empty. Neighbours often share a trace: it is read once. */
  traceId(end: number): string {
    const { bytes } = this;
    const stop = this.length(end);
    const at = this.position;
    this.position = stop;
    if (stop - at !== 16 || isZero(bytes, at, stop)) return "";
    if (!this.#isLastTrace(at)) {
      this.#traceAt = at;
      this.#trace = bytes.toString("hex", at, stop);
    }
    return this.#trace;
  }

  #isLastTrace(at: number): boolean {
    const { bytes } = this;
    if (this.#traceAt < 0) return false;
    for (let i = 0; i < 16; i++) {
      if (bytes[this.#traceAt + i] !== bytes[at + i]) return false;
    }
    return true;
  }

  /** Steps over a field that nobody reads. */
  skip(tag: number, end: number, depth = 0): void {
    switch (tag % 8) {
      case VARINT:
        this.varint(end);
        break;
      case FIXED64:
        this.#advance(8, end);
        break;
      case BYTES:
        this.position = this.length(end);
        break;
      case FIXED32:
        this.#advance(4, end);
        break;
      case GROUP:
        this.#skipGroup(Math.floor(tag / 8), end, depth);
        break;
      default:
        throw new MalformedError(`unknown wire type ${tag % 8} at byte ${this.position}`);
    }
  }

  #skipGroup(field: number, end: number, depth: number): void {
    if (depth > DEEPEST_GROUP) throw new MalformedError(`groups nested too deep at byte ${this.position}`);
    const last = tagOf(field, GROUP_END);
    for (let tag = this.tag(end); tag !== last; tag = this.tag(end)) this.skip(tag, end, depth + 1);
  }

  #advance(count: number, end: number): number {
    const at = this.position;
    if (at + count > end) throw truncated(at);
    this.position = at + count;
    return at;
  }
}

function isZero(bytes: Buffer, start: number, stop: number): boolean {
  for (let i = start; i < stop; i++) {
    if (bytes[i] !== 0) return false;
  }
  return true;
}

function truncated(position: number): MalformedError {
  return new MalformedError(`cut off at byte ${position}`);
}
