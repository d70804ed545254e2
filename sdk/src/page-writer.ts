/**
 * Writes pieces of JSON as bytes, one behind the other on pages. A page goes when nobody holds a piece on it.
 *
 * What is the same for many is put down from bytes that are there already: V8 copies a hundred of them in the time that
 * it takes to write ten characters one by one.
 */

/** Where a piece stands: its bytes are those from `from` up to `to`. */
export interface Piece {
  readonly page: Buffer;
  readonly from: number;
  readonly to: number;
}

const PAGE_BYTES = 64 * 1024;
/** Texts up to this long are quicker written here than by a call out of JavaScript. */
const SHORT = 48;
/** The smallest number of so many digits. */
const SIXTEEN_DIGITS = 1e15;
/** One more than the largest number of eight digits. */
const EIGHT_DIGITS = 1e8;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
/** Up to so many bytes are put down quicker one by one than by a call out of JavaScript. */
const FEW = 6;

export class PageWriter {
  #page = Buffer.allocUnsafeSlow(PAGE_BYTES);
  /** Where the piece begins that is being written, and where its next byte goes. */
  #from = 0;
  #at = 0;

  begin(): void {
    this.#from = this.#at;
  }

  end(): Piece {
    return { page: this.#page, from: this.#from, to: this.#at };
  }

  /** Bytes of the piece so far. */
  get length(): number {
    return this.#at - this.#from;
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#reserve(length);
    if (length > FEW) this.#page.set(bytes, this.#at);
    else for (let i = 0; i < length; i++) this.#page[this.#at + i] = bytes[i] as number;
    this.#at += length;
  }

  /** Puts down the bytes of `source` from `from` up to `to`. */
  copyOf(source: Buffer, from: number, to: number): void {
    this.#reserve(to - from);
    this.#at += source.copy(this.#page, this.#at, from, to);
  }

  /** Copies into `target`, from `from` on, what the piece says from its byte `since` on. */
  copyTo(target: Buffer, from: number, since: number): void {
    this.#page.copy(target, from, this.#from + since, this.#at);
  }

  ascii(text: string): void {
    this.#reserve(text.length);
    const page = this.#page;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) page[at++] = text.charCodeAt(i);
    this.#at = at;
  }

  utf8(text: string): void {
    this.#reserve(Buffer.byteLength(text));
    this.#at += this.#page.write(text, this.#at);
  }

  /** A text in quotes. */
  quoted(text: string): void {
    if (text.length > SHORT || !this.#shortText(text)) this.utf8(JSON.stringify(text));
  }

  /** Whole microseconds since the epoch, as nanoseconds. */
  nanos(micros: number): void {
    if (micros < SIXTEEN_DIGITS || micros >= 10 * SIXTEEN_DIGITS) {
      // Before 2001, or after 2286: a clock that is wrong.
      this.ascii(`${micros}000`);
      return;
    }
    this.#reserve(16);
    const high = Math.floor(micros / EIGHT_DIGITS);
    this.#eightDigits(high);
    this.#eightDigits(micros - high * EIGHT_DIGITS);
    this.ascii("000");
  }

  /** Takes back the last byte. */
  back(): void {
    this.#at -= 1;
  }

  /** @returns whether it could: nothing in it had to be escaped. */
  #shortText(text: string): boolean {
    this.#reserve(text.length + 2);
    const page = this.#page;
    let at = this.#at;
    page[at++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return false;
      page[at++] = code;
    }
    page[at++] = QUOTE;
    this.#at = at;
    return true;
  }

  #eightDigits(value: number): void {
    const page = this.#page;
    let left = value;
    for (let at = this.#at + 7; at >= this.#at; at--) {
      const next = (left / 10) | 0;
      page[at] = ZERO + left - next * 10;
      left = next;
    }
    this.#at += 8;
  }

  /** Makes room; what has been written of the piece moves along to a new page. */
  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#page.length) return;
    const written = this.#at - this.#from;
    const page = Buffer.allocUnsafeSlow(Math.max(PAGE_BYTES, 2 * (written + bytes)));
    this.#page.copy(page, 0, this.#from, this.#at);
    this.#page = page;
    this.#from = 0;
    this.#at = written;
  }
}
