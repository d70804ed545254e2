/**
 * Spans as OTLP in JSON, written as bytes when they end. What waits in the queue is then no graph of objects that the
 * garbage collector has to walk, and sending a batch is no long task: the bytes only have to be put together. What all
 * spans say, and each key, is copied from bytes that are there already.
 */
import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { ATTR } from "./attributes.ts";
import { newSpanId } from "./ids.ts";
import type { OwnSpan } from "./own-span.ts";
import { PageWriter, type Piece } from "./page-writer.ts";
import { WrittenIdentities } from "./written-identities.ts";

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
const PARENT_HERE = Buffer.from('","flags":257,"name":');
const PARENT_ELSEWHERE = Buffer.from('","flags":769,"name":');
const STARTED = Buffer.from(',"kind":1,"startTimeUnixNano":"');
const ENDED = Buffer.from('","endTimeUnixNano":"');
const ATTRIBUTES = Buffer.from('","attributes":[');
const ATTRIBUTES_OF_COPY = Buffer.from(
  `","attributes":[{"key":"${ATTR.pending}","value":{"boolValue":true}},`,
);
const END_OF_ATTRIBUTE = Buffer.from("}},");
const END_OF_ATTRIBUTES = Buffer.from("]");
const END = Buffer.from("},");

export class SpanWriter {
  readonly #out = new PageWriter();
  readonly #identities = new WrittenIdentities();

  /** Writes a span that has ended. */
  finished(span: OwnSpan): WrittenSpan {
    const { id, parentSpanContext: parent, events, status } = span;
    this.#begin(span, id, parent?.spanId, parent?.isRemote === true);
    this.#times(span.startedAt, span.endedAt);
    this.#attributes(span.attributes, false);
    if (events.length > 0) this.#events(events);
    if (status.code !== 0) this.#out.utf8(`,"status":${JSON.stringify(status)}`);
    return this.#end(span, id, undefined);
  }

  /** Writes a copy of an open span that says that it has begun: below it, with an id of its own, of no length. */
  copy(span: OwnSpan): WrittenSpan {
    const id = newSpanId();
    this.#begin(span, id, span.id, false);
    this.#times(span.startedAt, span.startedAt);
    this.#attributes(span.attributes, true);
    return this.#end(span, id, span.id);
  }

  /** Up to its name. */
  #begin(span: OwnSpan, id: string, parentId: string | undefined, parentElsewhere: boolean): void {
    const out = this.#out;
    out.begin();
    out.bytes(TRACE_ID);
    out.ascii(span.traceId);
    out.bytes(SPAN_ID);
    out.ascii(id);
    if (parentId !== undefined) {
      out.bytes(PARENT_ID);
      out.ascii(parentId);
    }
    out.bytes(parentElsewhere ? PARENT_ELSEWHERE : PARENT_HERE);
    out.quoted(span.name);
  }

  #times(startedAt: number, endedAt: number): void {
    const out = this.#out;
    out.bytes(STARTED);
    out.nanos(Math.round(startedAt * 1000));
    out.bytes(ENDED);
    out.nanos(Math.round(endedAt * 1000));
  }

  #attributes(attributes: Attributes, ofCopy: boolean): void {
    const out = this.#out;
    out.bytes(ofCopy ? ATTRIBUTES_OF_COPY : ATTRIBUTES);
    const before = out.length;
    const whose = this.#identity(attributes);
    for (const key in attributes) {
      if (whose && (key === ATTR.flowId || key === ATTR.flowName || key === ATTR.tenant)) continue;
      this.#attribute(key, attributes[key]);
    }
    // The comma after the last.
    if (ofCopy || out.length > before) out.back();
    out.bytes(END_OF_ATTRIBUTES);
  }

  /**
   * Writes whose span it is: all of a flow's say the same.
   *
   * @returns whether it says so
   */
  #identity(attributes: Attributes): boolean {
    const { [ATTR.flowId]: id, [ATTR.flowName]: name, [ATTR.tenant]: tenant } = attributes;
    if (typeof id !== "string" || typeof name !== "string" || typeof tenant !== "string") return false;
    const out = this.#out;
    if (!this.#identities.copy(id, name, tenant, out)) {
      const before = out.length;
      this.#attribute(ATTR.flowId, id);
      this.#attribute(ATTR.flowName, name);
      this.#attribute(ATTR.tenant, tenant);
      this.#identities.keep(id, name, tenant, out, before);
    }
    return true;
  }

  #attribute(key: string, value: AttributeValue | undefined): void {
    const out = this.#out;
    const before = beginningOf(key);
    if (typeof value === "string") {
      out.bytes(before.string);
      out.quoted(value);
      out.bytes(END_OF_ATTRIBUTE);
    } else if (Number.isSafeInteger(value)) {
      out.bytes(before.integer);
      out.ascii(`${value}`);
      out.bytes(END_OF_ATTRIBUTE);
    } else {
      out.bytes(before.any);
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

  #end({ traceState }: OwnSpan, id: string, copyOf: string | undefined): WrittenSpan {
    if (traceState !== undefined) this.#out.utf8(`,"traceState":${JSON.stringify(traceState.serialize())}`);
    this.#out.bytes(END);
    const { page, from, to } = this.#out.end();
    return { id, copyOf, page, from, to: to - 1 };
  }
}

/** What stands before a value, by its type. */
interface Beginning {
  string: Uint8Array;
  integer: Uint8Array;
  any: Uint8Array;
}

/** By key. A program has a few dozen keys; one that makes them of data fills this once. */
const beginnings = new Map<string, Beginning>();
const MAX_BEGINNINGS = 1000;

function beginningOf(key: string): Beginning {
  const known = beginnings.get(key);
  if (known !== undefined) return known;
  const before = `{"key":${JSON.stringify(key)},"value":`;
  const made = {
    string: Buffer.from(`${before}{"stringValue":`),
    integer: Buffer.from(`${before}{"intValue":`),
    any: Buffer.from(before),
  };
  if (beginnings.size < MAX_BEGINNINGS) beginnings.set(key, made);
  return made;
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
