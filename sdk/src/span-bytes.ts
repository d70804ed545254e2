/**
 * Spans as OTLP in JSON, written as bytes when they end. What waits in the queue is then no graph of objects that the
 * garbage collector has to walk, and sending a batch is no long task: the bytes only have to be put together.
 *
 * Spans are written one behind the other on pages; a page goes when none of its spans is left.
 */
import type { Attributes, AttributeValue, SpanContext } from "@opentelemetry/api";
import { ATTR } from "./attributes.ts";
import { newSpanId } from "./ids.ts";
import type { OwnSpan } from "./own-span.ts";

/** A span on its page, and what the queue has to know of it. */
export interface WrittenSpan {
  readonly id: string;
  /** The span of which it is the copy that is sent at the start; `undefined` for one that has ended. */
  readonly copyOf: string | undefined;
  readonly page: Buffer;
  /** Its bytes are those from `from` up to `to`, where a comma follows. */
  readonly from: number;
  readonly to: number;
}

const PAGE_BYTES = 64 * 1024;
/** Texts up to this long are quicker written here than by a call out of JavaScript. */
const SHORT = 128;
/** The smallest number of so many digits. */
const SIXTEEN_DIGITS = 1e15;
/** One more than the largest number of eight digits. */
const EIGHT_DIGITS = 1e8;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;

/** OTLP's flags of a span: sampled, and whether its parent is in another process. */
const PARENT_HERE = '","flags":257';
const PARENT_ELSEWHERE = '","flags":769';

const IS_PENDING = `"attributes":[{"key":"${ATTR.pending}","value":{"boolValue":true}}`;

export class SpanWriter {
  #page = Buffer.allocUnsafeSlow(PAGE_BYTES);
  /** Where the span begins that is being written, and where its next byte goes. */
  #from = 0;
  #at = 0;

  /** Writes a span that has ended. */
  finished(span: OwnSpan): WrittenSpan {
    const own = span.spanContext();
    const { parentSpanContext: parent, events, status } = span;
    this.#begin(own, own.spanId, parent?.spanId, parent?.isRemote === true);
    this.#body(span, span.endedAt);
    this.#ascii('"attributes":[');
    this.#attributes(span.attributes, "");
    this.#ascii("]");
    if (events.length > 0) this.#events(events);
    if (status.code !== 0) this.#utf8(`,"status":${JSON.stringify(status)}`);
    return this.#end(own.spanId, undefined);
  }

  /** Writes a copy of an open span that says that it has begun: below it, with an id of its own, of no length. */
  copy(span: OwnSpan): WrittenSpan {
    const own = span.spanContext();
    const id = newSpanId();
    this.#begin(own, id, own.spanId, false);
    this.#body(span, span.startedAt);
    this.#ascii(IS_PENDING);
    this.#attributes(span.attributes, ",");
    this.#ascii("]");
    return this.#end(id, own.spanId);
  }

  #begin(own: SpanContext, id: string, parentId: string | undefined, parentElsewhere: boolean): void {
    this.#from = this.#at;
    this.#ascii('{"traceId":"');
    this.#ascii(own.traceId);
    this.#ascii('","spanId":"');
    this.#ascii(id);
    if (parentId !== undefined) {
      this.#ascii('","parentSpanId":"');
      this.#ascii(parentId);
    }
    this.#ascii(parentElsewhere ? PARENT_ELSEWHERE : PARENT_HERE);
    if (own.traceState !== undefined)
      this.#utf8(`,"traceState":${JSON.stringify(own.traceState.serialize())}`);
  }

  #body(span: OwnSpan, endedAt: number): void {
    this.#ascii(',"name":');
    this.#text(span.name);
    this.#ascii(',"kind":1,"startTimeUnixNano":"');
    this.#nanos(Math.round(span.startedAt * 1000));
    this.#ascii('","endTimeUnixNano":"');
    this.#nanos(Math.round(endedAt * 1000));
    this.#ascii('",');
  }

  #end(id: string, copyOf: string | undefined): WrittenSpan {
    this.#ascii("},");
    return { id, copyOf, page: this.#page, from: this.#from, to: this.#at - 1 };
  }

  #attributes(attributes: Attributes, separator: string): void {
    let before = separator;
    for (const key in attributes) {
      this.#ascii(before);
      this.#ascii('{"key":');
      this.#text(key);
      this.#ascii(',"value":');
      this.#value(attributes[key]);
      this.#ascii("}");
      before = ",";
    }
  }

  #value(value: AttributeValue | undefined): void {
    if (typeof value === "string") {
      this.#ascii('{"stringValue":');
      this.#text(value);
      this.#ascii("}");
    } else if (Number.isSafeInteger(value)) {
      this.#ascii(`{"intValue":${value}}`);
    } else {
      this.#utf8(JSON.stringify(anyValue(value)));
    }
  }

  /** Few spans have any: those that failed. */
  #events(events: OwnSpan["events"]): void {
    const written = events.map(({ name, time: [seconds, nanos], attributes }) => ({
      name,
      timeUnixNano: `${seconds * 1e6 + nanos / 1000}000`,
      attributes: keyValues(attributes),
    }));
    this.#utf8(`,"events":${JSON.stringify(written)}`);
  }

  /** A text in quotes. */
  #text(text: string): void {
    if (text.length > SHORT || !this.#shortText(text)) this.#utf8(JSON.stringify(text));
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

  #ascii(text: string): void {
    this.#reserve(text.length);
    const page = this.#page;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) page[at++] = text.charCodeAt(i);
    this.#at = at;
  }

  #utf8(text: string): void {
    this.#reserve(Buffer.byteLength(text));
    this.#at += this.#page.write(text, this.#at);
  }

  /** Whole microseconds since the epoch, as nanoseconds. */
  #nanos(micros: number): void {
    if (micros < SIXTEEN_DIGITS || micros >= 10 * SIXTEEN_DIGITS) {
      // Before 2001, or after 2286: a clock that is wrong.
      this.#ascii(`${micros}000`);
      return;
    }
    this.#reserve(16);
    const high = Math.floor(micros / EIGHT_DIGITS);
    this.#eightDigits(high);
    this.#eightDigits(micros - high * EIGHT_DIGITS);
    this.#ascii("000");
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

  /** Makes room; what has been written of the span moves along to a new page. */
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

const TAIL = "]}]}]}";

/**
 * What makes the body of a request of written spans.
 *
 * @param resource asked when the first request is made
 */
export function bodiesFor(
  resource: { readonly attributes: Readonly<Record<string, unknown>> },
  scope: { readonly name: string },
): (spans: readonly WrittenSpan[]) => Uint8Array {
  let head: Buffer | undefined;
  return function bodyOf(spans) {
    head ??= headFor(resource.attributes, scope.name);
    const body = Buffer.allocUnsafe(
      spans.reduce((sum, { from, to }) => sum + to + 1 - from, head.length + TAIL.length),
    );
    let at = head.copy(body);
    for (let next = 0; next < spans.length; ) {
      const { page, from, to } = spans[next] as WrittenSpan;
      let end = to;
      // Neighbours on a page go together, with the commas between them.
      for (next++; next < spans.length; next++) {
        const neighbour = spans[next] as WrittenSpan;
        if (neighbour.page !== page || neighbour.from !== end + 1) break;
        end = neighbour.to;
      }
      at += page.copy(body, at, from, end + 1);
    }
    // The tail takes the place of the last comma.
    if (spans.length > 0) at--;
    at += body.write(TAIL, at);
    return body.subarray(0, at);
  };
}

function headFor(resource: Readonly<Record<string, unknown>>, name: string): Buffer {
  const attributes = JSON.stringify(keyValues(resource));
  return Buffer.from(
    `{"resourceSpans":[{"resource":{"attributes":${attributes}},"scopeSpans":[{"scope":{"name":${JSON.stringify(name)}},"spans":[`,
  );
}

function keyValues(attributes: Readonly<Record<string, unknown>>): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** OTLP's `AnyValue`. */
function anyValue(value: unknown): object {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "number":
      if (Number.isSafeInteger(value)) return { intValue: value };
      // JSON has no word for NaN and the infinities; OTLP has these.
      return { doubleValue: Number.isFinite(value) ? value : String(value) };
    default:
      return Array.isArray(value) ? { arrayValue: { values: value.map(anyValue) } } : {};
  }
}
