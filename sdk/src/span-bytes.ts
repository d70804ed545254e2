/**
 * Spans as OTLP in JSON, written as bytes when they end. What waits in the queue is then no graph of objects that the
 * garbage collector has to walk, and sending a batch is no long task: the bytes only have to be put together. What all
 * spans say, and each key, is copied from bytes that are there already.
 */
import type { Attributes, AttributeValue, SpanContext } from "@opentelemetry/api";
import { ATTR } from "./attributes.ts";
import { newSpanId } from "./ids.ts";
import type { OwnSpan } from "./own-span.ts";
import { PageWriter, type Piece } from "./page-writer.ts";

/** A span on its page, where a comma follows, and what the queue has to know of it. */
export interface WrittenSpan extends Piece {
  readonly id: string;
  /** The span of which it is the copy that is sent at the start; `undefined` for one that has ended. */
  readonly copyOf: string | undefined;
}

const TRACE_ID = Buffer.from('{"traceId":"');
const SPAN_ID = Buffer.from('","spanId":"');
const PARENT_ID = Buffer.from('","parentSpanId":"');
/** OTLP's flags of a span: sampled, and whether its parent is in another process. */
const PARENT_HERE = Buffer.from('","flags":257');
const PARENT_ELSEWHERE = Buffer.from('","flags":769');
const NAME = Buffer.from(',"name":');
const STARTED = Buffer.from(',"kind":1,"startTimeUnixNano":"');
const ENDED = Buffer.from('","endTimeUnixNano":"');
const ATTRIBUTES = Buffer.from('","attributes":[');
const ATTRIBUTES_OF_COPY = Buffer.from(
  `","attributes":[{"key":"${ATTR.pending}","value":{"boolValue":true}},`,
);
const STRING = Buffer.from('{"stringValue":');
const INTEGER = Buffer.from('{"intValue":');
const END_OF_ATTRIBUTE = Buffer.from("}},");
const END_OF_ATTRIBUTES = Buffer.from("]");
const END = Buffer.from("},");

export class SpanWriter {
  readonly #out = new PageWriter();

  /** Writes a span that has ended. */
  finished(span: OwnSpan): WrittenSpan {
    const own = span.spanContext();
    const { parentSpanContext: parent, events, status } = span;
    this.#begin(own, own.spanId, parent?.spanId, parent?.isRemote === true);
    this.#nameAndTimes(span, span.endedAt);
    this.#attributes(span.attributes, false);
    if (events.length > 0) this.#events(events);
    if (status.code !== 0) this.#out.utf8(`,"status":${JSON.stringify(status)}`);
    return this.#end(own.spanId, undefined);
  }

  /** Writes a copy of an open span that says that it has begun: below it, with an id of its own, of no length. */
  copy(span: OwnSpan): WrittenSpan {
    const own = span.spanContext();
    const id = newSpanId();
    this.#begin(own, id, own.spanId, false);
    this.#nameAndTimes(span, span.startedAt);
    this.#attributes(span.attributes, true);
    return this.#end(id, own.spanId);
  }

  #begin(own: SpanContext, id: string, parentId: string | undefined, parentElsewhere: boolean): void {
    const out = this.#out;
    out.begin();
    out.bytes(TRACE_ID);
    out.ascii(own.traceId);
    out.bytes(SPAN_ID);
    out.ascii(id);
    if (parentId !== undefined) {
      out.bytes(PARENT_ID);
      out.ascii(parentId);
    }
    out.bytes(parentElsewhere ? PARENT_ELSEWHERE : PARENT_HERE);
    if (own.traceState !== undefined) out.utf8(`,"traceState":${JSON.stringify(own.traceState.serialize())}`);
  }

  #nameAndTimes(span: OwnSpan, endedAt: number): void {
    const out = this.#out;
    out.bytes(NAME);
    out.quoted(span.name);
    out.bytes(STARTED);
    out.nanos(Math.round(span.startedAt * 1000));
    out.bytes(ENDED);
    out.nanos(Math.round(endedAt * 1000));
  }

  #attributes(attributes: Attributes, ofCopy: boolean): void {
    const out = this.#out;
    out.bytes(ofCopy ? ATTRIBUTES_OF_COPY : ATTRIBUTES);
    let any = ofCopy;
    for (const key in attributes) {
      out.bytes(keyBytes(key));
      this.#value(attributes[key]);
      any = true;
    }
    // The comma after the last.
    if (any) out.back();
    out.bytes(END_OF_ATTRIBUTES);
  }

  /** And the end of its attribute. */
  #value(value: AttributeValue | undefined): void {
    const out = this.#out;
    if (typeof value === "string") {
      out.bytes(STRING);
      out.quoted(value);
      out.bytes(END_OF_ATTRIBUTE);
    } else if (Number.isSafeInteger(value)) {
      out.bytes(INTEGER);
      out.ascii(`${value}`);
      out.bytes(END_OF_ATTRIBUTE);
    } else {
      out.utf8(`${JSON.stringify(anyValue(value))}},`);
    }
  }

  /** Few spans have any: those that failed. */
  #events(events: OwnSpan["events"]): void {
    const written = events.map(({ name, time: [seconds, nanos], attributes }) => ({
      name,
      timeUnixNano: `${seconds * 1e6 + nanos / 1000}000`,
      attributes: keyValues(attributes),
    }));
    this.#out.utf8(`,"events":${JSON.stringify(written)}`);
  }

  #end(id: string, copyOf: string | undefined): WrittenSpan {
    this.#out.bytes(END);
    const { page, from, to } = this.#out.end();
    return { id, copyOf, page, from, to: to - 1 };
  }
}

/** What stands before a value, by its key. A program has a few dozen keys; one that makes them of data fills this once. */
const knownKeys = new Map<string, Uint8Array>();
const MAX_KNOWN_KEYS = 1000;

function keyBytes(key: string): Uint8Array {
  const known = knownKeys.get(key);
  if (known !== undefined) return known;
  const written = Buffer.from(`{"key":${JSON.stringify(key)},"value":`);
  if (knownKeys.size < MAX_KNOWN_KEYS) knownKeys.set(key, written);
  return written;
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
