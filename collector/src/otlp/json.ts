/**
 * OTLP in JSON → raw spans. Lenient as the specification asks: ids in any case, 64-bit integers as text or
 * numbers, enums as numbers or names, unknown fields ignored, `null` as absent. A shape that is wrong within a span
 * spoils that span only; above the spans it spoils the request.
 */
import { EXCEPTION } from "@weir/sdk/attributes";
import type { AttributeValue } from "../flow.ts";
import { setOwn } from "../set-own.ts";
import { addSpan, MOST_VALUES, tooManyValues } from "./bulk.ts";
import {
  blankSpan,
  DEEPEST,
  lastValue,
  MalformedError,
  NO_RESOURCE,
  type RawException,
  type RawResource,
  type RawSpan,
  TOO_DEEP,
  textOf,
  toResource,
} from "./raw-span.ts";

type Json = null | boolean | number | string | Json[] | JsonObject;
type JsonObject = { [key: string]: Json | undefined };

/** A wrong shape within a span. */
class BadShape extends Error {}

/** @throws {MalformedError} when it is not JSON, or not the shape of an export request. */
export function decodeJson(body: Buffer): RawSpan[] {
  const request = parse(body);
  if (!isObject(request)) throw new MalformedError(`expected a JSON object, got ${nameOf(request)}`);
  const spans: RawSpan[] = [];
  for (const resourceSpans of objectsIn(request, "resourceSpans")) {
    const resource = readResource(resourceSpans.resource);
    for (const scopeSpans of objectsIn(resourceSpans, "scopeSpans")) {
      for (const span of listIn(scopeSpans, "spans")) addSpan(spans, readSpan(span, resource));
    }
  }
  return spans;
}

function parse(body: Buffer): Json {
  if (body.length > MOST_VALUES) countValues(body);
  try {
    const marked = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
    return JSON.parse(body.toString("utf8", marked ? BYTE_ORDER_MARK.length : 0));
  } catch (cause) {
    throw new MalformedError(`expected JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** Some put it before their text. */
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** By what every value but the first stands behind, before the parser makes objects of them. */
function countValues(body: Buffer): void {
  let count = 0;
  for (const byte of body) {
    // `,` `[` `{`
    if ((byte === 0x2c || byte === 0x5b || byte === 0x7b) && ++count > MOST_VALUES) {
      throw tooManyValues();
    }
  }
}

function listIn(parent: JsonObject, key: string): Json[] {
  const list = parent[key] ?? [];
  if (!Array.isArray(list)) throw new MalformedError(`${key}: expected an array, got ${nameOf(list)}`);
  return list;
}

function objectsIn(parent: JsonObject, key: string): JsonObject[] {
  const list = listIn(parent, key);
  for (const item of list) {
    if (!isObject(item))
      throw new MalformedError(`${key}: expected an array of objects, got ${nameOf(item)} in it`);
  }
  return list as JsonObject[];
}

function readResource(resource: Json | undefined): RawResource {
  if (!isObject(resource)) return NO_RESOURCE;
  const keys: string[] = [];
  const values: AttributeValue[] = [];
  try {
    readAttributes(resource.attributes, keys, values, 0);
  } catch (error) {
    if (!(error instanceof BadShape)) throw error;
    throw new MalformedError(`resource: ${error.message}`, { cause: error });
  }
  return toResource(keys, values);
}

function readSpan(json: Json, resource: RawResource): RawSpan {
  const span = blankSpan(resource);
  try {
    if (!isObject(json)) throw new BadShape(`expected an object, got ${nameOf(json)}`);
    fillSpan(span, json);
  } catch (error) {
    if (!(error instanceof BadShape)) throw error;
    span.malformed = error.message;
  }
  return span;
}

function fillSpan(span: RawSpan, json: JsonObject): void {
  span.traceId = readId(json.traceId, 32);
  span.spanId = readId(json.spanId, 16);
  span.parentSpanId = readId(json.parentSpanId, 16);
  span.name = readText(json.name, "name");
  span.start = readNanos(json.startTimeUnixNano);
  span.end = readNanos(json.endTimeUnixNano);
  readAttributes(json.attributes, span.keys, span.values, 0);
  const status = json.status;
  if (isObject(status)) {
    const { code } = status;
    span.failed = code === 2 || code === "STATUS_CODE_ERROR" || code === "2";
    if (typeof status.message === "string") span.statusMessage = status.message.toWellFormed();
  }
  span.exception = readException(json.events);
}

function readException(events: Json | undefined): RawException | null {
  if (events === null || events === undefined) return null;
  if (!Array.isArray(events)) throw new BadShape(`events: expected an array, got ${nameOf(events)}`);
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i];
    if (!isObject(event) || event.name !== EXCEPTION.event) continue;
    const keys: string[] = [];
    const values: AttributeValue[] = [];
    readAttributes(event.attributes, keys, values, 0);
    return {
      type: textOf(lastValue(keys, values, EXCEPTION.type)),
      message: textOf(lastValue(keys, values, EXCEPTION.message)),
      stack: textOf(lastValue(keys, values, EXCEPTION.stack)) || null,
    };
  }
  return null;
}

function readAttributes(
  list: Json | undefined,
  keys: string[],
  values: AttributeValue[],
  depth: number,
): void {
  if (list === null || list === undefined) return;
  if (!Array.isArray(list)) throw new BadShape(`attributes: expected an array, got ${nameOf(list)}`);
  for (const pair of list) {
    if (!isObject(pair) || typeof pair.key !== "string") {
      throw new BadShape('attributes: expected { "key": text, "value": … }');
    }
    keys.push(pair.key.toWellFormed());
    values.push(readValue(pair.value, depth));
  }
}

function readValue(json: Json | undefined, depth: number): AttributeValue {
  if (!isObject(json)) return null;
  const { stringValue, boolValue, intValue, doubleValue } = json;
  if (typeof stringValue === "string") return stringValue.toWellFormed();
  if (typeof boolValue === "boolean") return boolValue;
  if (intValue !== undefined) return readInteger(intValue);
  if (doubleValue !== undefined) return readDouble(doubleValue);
  if (typeof json.bytesValue === "string") return json.bytesValue.toWellFormed();
  return readNested(json, depth);
}

function readNested({ arrayValue, kvlistValue }: JsonObject, depth: number): AttributeValue {
  const nested = arrayValue ?? kvlistValue;
  if (!isObject(nested) || !Array.isArray(nested.values)) return null;
  if (depth >= DEEPEST) return TOO_DEEP;
  if (nested === arrayValue) return nested.values.map((value) => readValue(value, depth + 1));
  const keys: string[] = [];
  const values: AttributeValue[] = [];
  readAttributes(nested.values, keys, values, depth + 1);
  const map: { [key: string]: AttributeValue } = {};
  for (let i = 0; i < keys.length; i++) setOwn(map, keys[i] as string, values[i] as AttributeValue);
  return map;
}

/** Text where a double would not hold it exactly. */
function readInteger(json: Json): AttributeValue {
  if (typeof json === "number") return json;
  if (typeof json !== "string") return null;
  const number = Number(json);
  return Number.isSafeInteger(number) ? number : json.toWellFormed();
}

/** JSON has no word for what is not finite; the specification writes it as text. */
function readDouble(json: Json): AttributeValue {
  if (typeof json === "number") return Number.isFinite(json) ? json : String(json);
  if (typeof json !== "string") return null;
  const number = Number(json);
  return Number.isFinite(number) ? number : json.toWellFormed();
}

function readText(json: Json | undefined, field: string): string {
  if (typeof json === "string") return json.toWellFormed();
  if (json === null || json === undefined) return "";
  throw new BadShape(`${field}: expected text, got ${nameOf(json)}`);
}

/** Lower-case hex of exactly `digits` digits that are not all zero, else empty. */
function readId(json: Json | undefined, digits: number): string {
  if (typeof json !== "string" || json.length !== digits) return "";
  let zero = true;
  let letter = false;
  let upper = false;
  for (let i = 0; i < digits; i++) {
    const code = json.charCodeAt(i);
    if (code >= 48 && code <= 57) zero &&= code === 48;
    else if (code >= 97 && code <= 102) letter = true;
    else if (code >= 65 && code <= 70) upper = true;
    else return "";
  }
  if (zero && !letter && !upper) return "";
  return upper ? json.toLowerCase() : json;
}

/** Nanoseconds as decimal text, or as a number that has lost its last digits already, → microseconds. */
function readNanos(json: Json | undefined): number {
  if (typeof json === "string") return microsOfDecimal(json);
  if (typeof json === "number") return json >= 0 ? Math.floor(json / 1000) : Number.NaN;
  return json === null || json === undefined ? 0 : Number.NaN;
}

/** The last three digits go before it becomes a number: a double holds microseconds exactly, nanoseconds not. */
function microsOfDecimal(text: string): number {
  let micros = 0;
  const end = text.length - 3;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    if (i < end) micros = micros * 10 + digit;
  }
  return micros;
}

function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function nameOf(json: Json | undefined): string {
  if (json === null) return "null";
  return Array.isArray(json) ? "an array" : `a ${typeof json}`;
}
