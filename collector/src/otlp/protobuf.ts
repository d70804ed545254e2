/** OTLP in protobuf → raw spans. Field numbers are those of `proto/otlp.proto`. */
import { EXCEPTION } from "@weir/sdk/attributes";
import type { AttributeValue } from "../flow.ts";
import { setOwn } from "../set-own.ts";
import { addSpan } from "./bulk.ts";
import {
  blankSpan,
  DEEPEST,
  lastValue,
  type RawException,
  type RawResource,
  type RawSpan,
  TOO_DEEP,
  textOf,
  toResource,
} from "./raw-span.ts";
import { BYTES, FIXED64, tagOf, VARINT, Wire } from "./wire.ts";

const REQUEST = { resourceSpans: tagOf(1, BYTES) };
const RESOURCE_SPANS = { resource: tagOf(1, BYTES), scopeSpans: tagOf(2, BYTES) };
const SCOPE_SPANS = { spans: tagOf(2, BYTES) };
const RESOURCE_ATTRIBUTES = tagOf(1, BYTES);

/** @throws {MalformedError} when the bytes are no export request. */
export function decodeProtobuf(body: Buffer): RawSpan[] {
  const wire = new Wire(body);
  const spans: RawSpan[] = [];
  while (wire.position < body.length) {
    const tag = wire.tag(body.length);
    if (tag === REQUEST.resourceSpans) readResourceSpans(wire, wire.length(body.length), spans);
    else wire.skip(tag, body.length);
  }
  return spans;
}

/** Twice over: fields may come in any order, and the spans need their resource. */
function readResourceSpans(wire: Wire, end: number, spans: RawSpan[]): void {
  wire.countValue();
  const start = wire.position;
  const keys: string[] = [];
  const values: AttributeValue[] = [];
  while (wire.position < end) {
    const tag = wire.tag(end);
    if (tag === RESOURCE_SPANS.resource) readResource(wire, wire.length(end), keys, values);
    else wire.skip(tag, end);
  }
  const resource = toResource(keys, values);
  wire.position = start;
  while (wire.position < end) {
    const tag = wire.tag(end);
    if (tag === RESOURCE_SPANS.scopeSpans) readScopeSpans(wire, wire.length(end), resource, spans);
    else wire.skip(tag, end);
  }
}

function readResource(wire: Wire, end: number, keys: string[], values: AttributeValue[]): void {
  while (wire.position < end) {
    const tag = wire.tag(end);
    if (tag === RESOURCE_ATTRIBUTES) readPair(wire, wire.length(end), keys, values, 0);
    else wire.skip(tag, end);
  }
}

function readScopeSpans(wire: Wire, end: number, resource: RawResource, spans: RawSpan[]): void {
  wire.countValue();
  while (wire.position < end) {
    const tag = wire.tag(end);
    if (tag === SCOPE_SPANS.spans) addSpan(spans, readSpan(wire, wire.length(end), resource));
    else wire.skip(tag, end);
  }
}

function readSpan(wire: Wire, end: number, resource: RawResource): RawSpan {
  const span = blankSpan(resource);
  while (wire.position < end) {
    const tag = wire.tag(end);
    // Literal tags, so that this is a jump table: `tagOf(9, BYTES)` is 74.
    switch (tag) {
      case 10:
        span.traceId = wire.traceId(end);
        break;
      case 18:
        span.spanId = wire.spanId(end);
        break;
      case 34:
        span.parentSpanId = wire.spanId(end);
        break;
      case 42:
        span.name = wire.repeatedText(end);
        break;
      case 57:
        span.start = wire.nanos(end);
        break;
      case 65:
        span.end = wire.nanos(end);
        break;
      case 74:
        readPair(wire, wire.length(end), span.keys, span.values, 0);
        break;
      case 90:
        span.exception = readEvent(wire, wire.length(end)) ?? span.exception;
        break;
      case 122:
        readStatus(wire, wire.length(end), span);
        break;
      default:
        wire.skip(tag, end);
    }
  }
  return span;
}

const STATUS = { message: tagOf(2, BYTES), code: tagOf(3, VARINT) };
const STATUS_CODE_ERROR = 2;

function readStatus(wire: Wire, end: number, span: RawSpan): void {
  while (wire.position < end) {
    const tag = wire.tag(end);
    if (tag === STATUS.code) span.failed = wire.varint(end) === STATUS_CODE_ERROR;
    else if (tag === STATUS.message) span.statusMessage = wire.text(end);
    else wire.skip(tag, end);
  }
}

const EVENT = { name: tagOf(2, BYTES), attributes: tagOf(3, BYTES) };

/** `null` unless it is an `exception`. */
function readEvent(wire: Wire, end: number): RawException | null {
  wire.countValue();
  let isException = false;
  const keys: string[] = [];
  const values: AttributeValue[] = [];
  while (wire.position < end) {
    const tag = wire.tag(end);
    if (tag === EVENT.name) isException = wire.repeatedText(end) === EXCEPTION.event;
    else if (tag === EVENT.attributes) readPair(wire, wire.length(end), keys, values, 0);
    else wire.skip(tag, end);
  }
  if (!isException) return null;
  return {
    type: textOf(lastValue(keys, values, EXCEPTION.type)),
    message: textOf(lastValue(keys, values, EXCEPTION.message)),
    stack: textOf(lastValue(keys, values, EXCEPTION.stack)) || null,
  };
}

const PAIR = { key: tagOf(1, BYTES), value: tagOf(2, BYTES) };

function readPair(wire: Wire, end: number, keys: string[], values: AttributeValue[], depth: number): void {
  wire.countValue();
  let key = "";
  let value: AttributeValue = null;
  while (wire.position < end) {
    const tag = wire.tag(end);
    if (tag === PAIR.key) key = wire.repeatedText(end);
    else if (tag === PAIR.value) value = readValue(wire, wire.length(end), depth);
    else wire.skip(tag, end);
  }
  keys.push(key);
  values.push(value);
}

const VALUE = {
  text: tagOf(1, BYTES),
  boolean: tagOf(2, VARINT),
  integer: tagOf(3, VARINT),
  double: tagOf(4, FIXED64),
  array: tagOf(5, BYTES),
  map: tagOf(6, BYTES),
  bytes: tagOf(7, BYTES),
};

/** The last one where several are given, as protobuf says. */
function readValue(wire: Wire, end: number, depth: number): AttributeValue {
  wire.countValue();
  let value: AttributeValue = null;
  while (wire.position < end) {
    const tag = wire.tag(end);
    if (tag === VALUE.text) value = wire.repeatedText(end);
    else if (tag === VALUE.boolean) value = wire.varint(end) !== 0;
    else if (tag === VALUE.integer) value = wire.int64(end);
    else if (tag === VALUE.double) value = finite(wire.double(end));
    else if (tag === VALUE.array) value = readArray(wire, wire.length(end), depth);
    else if (tag === VALUE.map) value = readMap(wire, wire.length(end), depth);
    else if (tag === VALUE.bytes) value = wire.base64(end);
    else wire.skip(tag, end);
  }
  return value;
}

const VALUES = tagOf(1, BYTES);

function readArray(wire: Wire, end: number, depth: number): AttributeValue {
  if (depth >= DEEPEST) return skipTooDeep(wire, end);
  const items: AttributeValue[] = [];
  while (wire.position < end) {
    const tag = wire.tag(end);
    if (tag === VALUES) items.push(readValue(wire, wire.length(end), depth + 1));
    else wire.skip(tag, end);
  }
  return items;
}

function readMap(wire: Wire, end: number, depth: number): AttributeValue {
  if (depth >= DEEPEST) return skipTooDeep(wire, end);
  const keys: string[] = [];
  const values: AttributeValue[] = [];
  while (wire.position < end) {
    const tag = wire.tag(end);
    if (tag === VALUES) readPair(wire, wire.length(end), keys, values, depth + 1);
    else wire.skip(tag, end);
  }
  const map: { [key: string]: AttributeValue } = {};
  for (let i = 0; i < keys.length; i++) setOwn(map, keys[i] as string, values[i] as AttributeValue);
  return map;
}

function skipTooDeep(wire: Wire, end: number): AttributeValue {
  wire.position = end;
  return TOO_DEEP;
}

/** JSON has no word for what is not finite. */
function finite(number: number): AttributeValue {
  return Number.isFinite(number) ? number : String(number);
}
