/**
 * The small words of the packed form: numbers, times and texts as few bytes, one after the other. What packs and what
 * unpacks stand side by side, so that they stay each other's mirror.
 *
 * A text is a number and, for some, bytes. The two low bits of the number say which: its own UTF-8 bytes, the place of
 * the same text earlier in this pack, the number of a text that the store keeps once for all, or bytes that stand for
 * hex digits. Times are told as the distance to the time before.
 */
import type { Attributes, AttributeValue, Micros } from "../../flow.ts";
import { setOwn } from "../../set-own.ts";
import { LONGEST_UINT, withRoom, writeUint } from "./write-uint.ts";

/** Texts that are kept once for all flows, by number. */
export interface TextNumbers {
  /** The number of a text; `undefined` where it is to be written out, for it may never come again. */
  numberOf(text: string): number | undefined;
}

/** And what the numbers stand for. */
export interface NumberedTexts {
  textOf(number: number): string;
}

const INLINE = 0;
const EARLIER = 1;
const KEPT = 2;
const HEX = 3;

/** What stands above the bits that say HEX: the number of bytes, or one of these. */
const UUID = 0;
const NULL = 1;

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Longer ones are not looked for again: they hardly ever come twice, and looking costs. */
const LONGEST_EARLIER = 64;

/** Bytes that a packer goes on holding. */
const MOST_ROOM = 1024 * 1024;

const TOO_SHORT = "packed flow: ends too early";

const DIGITS = Buffer.from("0123456789abcdef");
/** Its dashes stay. */
const UUID_BYTES = Buffer.alloc(36, "-");

const VALUE = { null: 0, false: 1, true: 2, integer: 3, double: 4, text: 5, array: 6, map: 7 } as const;

export class Packer {
  #texts: TextNumbers;
  #earlier = new Map<string, number>();
  readonly #earlierApart = new Map<string, number>();
  #bytes = Buffer.allocUnsafe(4096);
  #at = 0;
  #time: Micros = 0;

  constructor(texts: TextNumbers) {
    this.#texts = texts;
  }

  /** What `write` packs. */
  pack(write: (to: Packer) => void): Buffer {
    this.#at = 0;
    this.#time = 0;
    this.#earlier.clear();
    write(this);
    const packed = Buffer.from(this.#bytes.subarray(0, this.#at));
    // One that was unusually large is not kept room for.
    if (this.#bytes.length > MOST_ROOM) this.#bytes = Buffer.allocUnsafe(4096);
    return packed;
  }

  /**
   * What `write` packs, so that its bytes could be cut out and read by themselves. There is nothing apart within it.
   *
   * @param texts those of who is to read them
   */
  apart(texts: TextNumbers, write: (to: Packer) => void): void {
    const around = { texts: this.#texts, earlier: this.#earlier, time: this.#time };
    this.#texts = texts;
    this.#earlier = this.#earlierApart;
    this.#earlier.clear();
    this.#time = 0;
    try {
      write(this);
    } finally {
      this.#texts = around.texts;
      this.#earlier = around.earlier;
      this.#time = around.time;
    }
  }

  /** A whole number from 0. */
  uint(value: number): void {
    this.#room(LONGEST_UINT);
    this.#at = writeUint(this.#bytes, this.#at, value);
  }

  /** A whole number; its sign is the lowest bit, so that the largest stay exact. */
  int(value: number): void {
    const size = Math.abs(value);
    const low = (size % 64) * 2 + (value < 0 ? 1 : 0);
    this.#room(1);
    this.#bytes[this.#at++] = size < 64 ? low : low | 128;
    if (size >= 64) this.uint(Math.floor(size / 64));
  }

  time(at: Micros): void {
    this.int(at - this.#time);
    this.#time = at;
  }

  /** A text of which the same is likely in other flows: a name, a key, a service. */
  name(text: string | null): void {
    const number = text === null ? undefined : this.#texts.numberOf(text);
    if (number === undefined) this.text(text);
    else this.uint(number * 4 + KEPT);
  }

  text(text: string | null): void {
    if (text === null) {
      this.uint(NULL * 4 + HEX);
      return;
    }
    if (text.length <= LONGEST_EARLIER) {
      const place = this.#earlier.get(text);
      if (place !== undefined) {
        this.uint(place * 4 + EARLIER);
        return;
      }
      this.#earlier.set(text, this.#earlier.size);
    }
    if (text.length === 16 && isHex(text)) this.#hex(text, 8);
    else if (text.length === 32 && isHex(text)) this.#hex(text, 16);
    else if (text.length === 36 && UUID_TEXT.test(text)) this.#hex(text.replaceAll("-", ""), UUID);
    else this.#utf8(text);
  }

  attributes(attributes: Attributes): void {
    const keys = Object.keys(attributes);
    this.uint(keys.length);
    for (const key of keys) {
      this.name(key);
      this.#value(attributes[key] as AttributeValue);
    }
  }

  #value(value: AttributeValue): void {
    if (typeof value === "string") {
      this.uint(VALUE.text);
      this.text(value);
    } else if (typeof value === "number") {
      if (Number.isSafeInteger(value)) {
        this.uint(VALUE.integer);
        this.int(value);
      } else {
        this.uint(VALUE.double);
        this.#room(8);
        this.#at = this.#bytes.writeDoubleLE(value, this.#at);
      }
    } else if (value === null) {
      this.uint(VALUE.null);
    } else if (typeof value === "boolean") {
      this.uint(value ? VALUE.true : VALUE.false);
    } else if (Array.isArray(value)) {
      this.uint(VALUE.array);
      this.uint(value.length);
      for (const item of value) this.#value(item);
    } else {
      this.uint(VALUE.map);
      this.attributes(value);
    }
  }

  #hex(digits: string, sort: number): void {
    this.uint(sort * 4 + HEX);
    this.#room(16);
    this.#at += this.#bytes.write(digits, this.#at, "hex");
  }

  #utf8(text: string): void {
    const { length } = text;
    // Nearly all are short and plain: their length in bytes is known once they are written.
    if (length < 32) {
      this.#room(33);
      const start = this.#at + 1;
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) break;
        this.#bytes[start + i] = code;
      }
      if (i === length) {
        this.#bytes[this.#at] = length * 4 + INLINE;
        this.#at = start + length;
        return;
      }
    }
    const size = Buffer.byteLength(text);
    this.uint(size * 4 + INLINE);
    this.#room(size);
    this.#at += this.#bytes.write(text, this.#at);
  }

  #room(more: number): void {
    if (this.#at + more > this.#bytes.length) this.#bytes = withRoom(this.#bytes, this.#at, more);
  }
}

export class Unpacker {
  #texts: NumberedTexts;
  readonly #bytes: Buffer;
  #earlier: string[] = [];
  #at = 0;
  #time: Micros = 0;

  constructor(bytes: Buffer, texts: NumberedTexts) {
    this.#bytes = bytes;
    this.#texts = texts;
  }

  /** What was packed apart, and its bytes. */
  apart<T>(texts: NumberedTexts, read: (from: Unpacker) => T): [T, Buffer] {
    const around = { texts: this.#texts, earlier: this.#earlier, time: this.#time, at: this.#at };
    this.#texts = texts;
    this.#earlier = [];
    this.#time = 0;
    const what = read(this);
    this.#texts = around.texts;
    this.#earlier = around.earlier;
    this.#time = around.time;
    return [what, this.#bytes.subarray(around.at, this.#at)];
  }

  /** @throws {RangeError} where the bytes end too early. */
  uint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError(TOO_SHORT);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }

  int(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError(TOO_SHORT);
    const low = (byte & 127) >> 1;
    const size = byte < 128 ? low : low + this.uint() * 64;
    return byte & 1 ? -size : size;
  }

  time(): Micros {
    this.#time += this.int();
    return this.#time;
  }

  text(): string {
    return this.maybeText() ?? "";
  }

  maybeText(): string | null {
    const head = this.uint();
    const what = Math.floor(head / 4);
    switch (head % 4) {
      case EARLIER:
        return this.#earlier[what] ?? "";
      case KEPT:
        return this.#texts.textOf(what);
      case HEX:
        if (what === NULL) return null;
        return this.#remember(what === UUID ? this.#uuid() : this.#hex(what));
      default: {
        const text = this.#bytes.toString("utf8", this.#at, this.#at + what);
        this.#at += what;
        return text.length <= LONGEST_EARLIER ? this.#remember(text) : text;
      }
    }
  }

  attributes(): Attributes {
    const attributes: Attributes = {};
    for (let left = this.uint(); left > 0; left--) setOwn(attributes, this.text(), this.#value());
    return attributes;
  }

  #value(): AttributeValue {
    switch (this.uint()) {
      case VALUE.text:
        return this.text();
      case VALUE.integer:
        return this.int();
      case VALUE.double:
        this.#at += 8;
        return this.#bytes.readDoubleLE(this.#at - 8);
      case VALUE.true:
        return true;
      case VALUE.false:
        return false;
      case VALUE.array:
        return Array.from({ length: this.uint() }, () => this.#value());
      case VALUE.map:
        return this.attributes();
      default:
        return null;
    }
  }

  #remember(text: string): string {
    this.#earlier.push(text);
    return text;
  }

  #hex(size: number): string {
    this.#at += size;
    return this.#bytes.toString("hex", this.#at - size, this.#at);
  }

  /** In one piece: put together from parts it would be a tree of texts, dear to look up by and to throw away. */
  #uuid(): string {
    let to = 0;
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) to += 1;
      const byte = this.#bytes[this.#at + i] as number;
      UUID_BYTES[to++] = DIGITS[byte >> 4] as number;
      UUID_BYTES[to++] = DIGITS[byte & 15] as number;
    }
    this.#at += 16;
    return UUID_BYTES.toString("latin1");
  }
}

function isHex(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false;
  }
  return true;
}
