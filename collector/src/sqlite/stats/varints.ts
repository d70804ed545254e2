/** Whole numbers from 0 as few bytes, one after the other. */
import { LONGEST_UINT, withRoom, writeUint } from "../rows/write-uint.ts";

export class ByteWriter {
  #bytes = Buffer.allocUnsafe(1024);
  #at = 0;

  get length(): number {
    return this.#at;
  }

  /** Good until more is written. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  clear(): void {
    this.#at = 0;
  }

  uint(value: number): void {
    this.#room(LONGEST_UINT);
    this.#at = writeUint(this.#bytes, this.#at, value);
  }

  /** Without their number. */
  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** What was written, as a copy; begins anew. */
  take(): Buffer {
    const taken = Buffer.from(this.written);
    this.#at = 0;
    return taken;
  }

  #room(more: number): void {
    if (this.#at + more > this.#bytes.length) this.#bytes = withRoom(this.#bytes, this.#at, more);
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** How many bytes. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** How many bytes were read. */
  get position(): number {
    return this.#at;
  }

  /** Reads on from another place. */
  at(position: number): this {
    this.#at = position;
    this.#end = this.#bytes.length;
    return this;
  }

  /** @throws {RangeError} where the bytes end too early. */
  uint(): number {
    const first = this.#bytes[this.#at++] as number;
    if (first < 128) return first;
    const second = this.#bytes[this.#at++] as number;
    if (second < 128) return (first & 127) + second * 128;
    return this.#long((first & 127) + (second & 127) * 128);
  }

  /** Numbers of more than two bytes, and those that are none: beyond the end there is `undefined`. */
  #long(low: number): number {
    let value = low;
    let factor = 128 * 128;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError("packed numbers: end too early");
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  /** Reads no further than so many bytes from here, until `leave`. */
  enter(bytes: number): void {
    this.#end = this.#at + bytes;
  }

  /** Goes on behind what was entered. */
  leave(): void {
    this.#at = this.#end;
    this.#end = this.#bytes.length;
  }
}
