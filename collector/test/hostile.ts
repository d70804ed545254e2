/**
 * Hostile messages: valid ones with something wrong in their structure, their values, their bytes, or in the encoding
 * around them. All of it follows from a seed, so that what went wrong can be had again.
 */
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { setOwn } from "../src/set-own.ts";

/** What one request brings. */
export interface Hostile {
  body: Buffer;
  /** As its sender names it. */
  encoding?: string;
}

/** A sequence that follows from its seed. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0;
  }

  /** From 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Once in `n` times. */
  once(n: number): boolean {
    return this.below(n) === 0;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

export function hostileJson(seed: number): Hostile {
  const random = new Random(seed);
  const request = jsonRequest(random);
  for (let i = random.below(3); i > 0; i--) spoilJson(random, request);
  return wrapped(random, Buffer.from(JSON.stringify(request)));
}

export function hostileProtobuf(seed: number): Hostile {
  const random = new Random(seed);
  const request = protobufRequest(random);
  for (let i = random.below(3); i > 0; i--) spoilFields(random, request);
  return wrapped(random, write(request));
}

const TEXTS = [
  "",
  "order-17",
  "acme-corp",
  "data_import",
  "flow",
  "step",
  "end",
  "heartbeat",
  "__proto__",
  "<img src=x onerror=alert(1)>",
  "'; DROP TABLE flows; --",
  "\u0000\u001b[31m\r\n",
  "\ud800",
  "世界🌊",
  '{"kind":"tree","name":"n","root":{"id":"0","type":"run"}}',
  '{"kind":"tree","name":"n","root":{"id":"0","type":"run","children":[{"id":"__proto__"}]}}',
  "x".repeat(10_000),
];
const KEYS = [
  "weir.kind",
  "weir.flow.id",
  "weir.flow.name",
  "weir.tenant",
  "weir.status",
  "weir.pending",
  "weir.open",
  "weir.step.id",
  "weir.step.parent_id",
  "weir.step.kind",
  "weir.step.attempt",
  "weir.parent_flow.id",
  "weir.definition",
  "weir.step.node",
  "weir.step.edge",
  "weir.label.env",
  "weir.label.__proto__",
  "weir.heartbeat.interval_ms",
  "service.name",
  "__proto__",
  "constructor",
  "rows",
  "",
];
const KINDS = ["flow", "step", "event", "end", "label", "heartbeat", "nonsense"];

// JSON ---------------------------------------------------------------------------------------------------------------

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function jsonRequest(random: Random): Json {
  const spans = Array.from({ length: random.below(4) }, () => jsonSpan(random));
  const resource = { attributes: [jsonPair("service.name", random.pick(TEXTS))] };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: {}, spans }] }] };
}

function jsonSpan(random: Random): Json {
  const start = 1_795_341_600_000_000_000n + BigInt(random.below(1_000_000_000));
  return {
    traceId: random.bytes(16).toString("hex"),
    spanId: random.bytes(8).toString("hex"),
    parentSpanId: random.once(2) ? "" : random.bytes(8).toString("hex"),
    name: random.pick(TEXTS),
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(random.below(1_000_000_000))),
    attributes: [
      jsonPair("weir.kind", random.pick(KINDS)),
      jsonPair("weir.flow.id", `f-${random.below(1_000_000)}`),
      jsonPair("weir.flow.name", "data_import"),
      jsonPair("weir.tenant", `t-${random.below(10)}`),
      ...Array.from({ length: random.below(4) }, () => jsonPair(random.pick(KEYS), random.pick(TEXTS))),
    ],
    events: [{ name: "exception", attributes: [jsonPair("exception.message", random.pick(TEXTS))] }],
    status: { code: random.below(4) },
  };
}

function jsonPair(key: string, text: string): Json {
  return { key, value: { stringValue: text } };
}

const JSON_VALUES: Json[] = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  "",
  "0",
  "99999999999999999999999",
  "-9223372036854775808",
  "NaN",
  "4BF92F3577B34DA6A3CE929D0E0E4736",
  [],
  {},
  [null, [], {}],
  { intValue: "9007199254740993" },
  { kvlistValue: { values: [{ key: "__proto__", value: { boolValue: true } }] } },
  { arrayValue: {} },
  { bytesValue: 7 },
];

/** Changes one thing, anywhere in it. */
function spoilJson(random: Random, root: Json): void {
  const places: [parent: Json[] | Record<string, Json>, key: string][] = [];
  const visit = (json: Json) => {
    if (typeof json !== "object" || json === null) return;
    for (const key of Object.keys(json)) {
      places.push([json as Record<string, Json>, key]);
      visit((json as Record<string, Json>)[key] as Json);
    }
  };
  visit(root);
  if (places.length === 0) return;
  const [parent, key] = random.pick(places);
  const node = parent as Record<string, Json>;
  const value = node[key] as Json;
  switch (random.below(6)) {
    case 0:
      node[key] = structuredClone(random.pick(JSON_VALUES));
      break;
    case 1:
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete node[key];
      break;
    case 2:
      setOwn(
        node,
        random.pick(["resource_spans", "__proto__", "constructor", "unknown", key.toUpperCase()]),
        value,
      );
      break;
    case 3:
      node[key] = [value, structuredClone(value)];
      break;
    case 4:
      node[key] = deepJson(random.below(200), value);
      break;
    default:
      node[key] = random.pick(TEXTS);
  }
}

function deepJson(depth: number, inner: Json): Json {
  let value = inner;
  for (let i = 0; i < depth; i++) value = { arrayValue: { values: [value] } };
  return value;
}

// Protobuf -----------------------------------------------------------------------------------------------------------

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

interface Field {
  number: number;
  wire: number;
  /** Of a message its fields. */
  value: Field[] | Buffer | bigint;
  /** Bytes that its length claims too much. */
  lie?: number;
}

function protobufRequest(random: Random): Field[] {
  const spans = Array.from({ length: random.below(4) }, () => message(2, protobufSpan(random)));
  const resource = message(1, [pair(1, "service.name", random.pick(TEXTS))]);
  return [message(1, [resource, message(2, spans)])];
}

function protobufSpan(random: Random): Field[] {
  const start = 1_795_341_600_000_000_000n + BigInt(random.below(1_000_000_000));
  return [
    bytes(1, random.bytes(16)),
    bytes(2, random.bytes(8)),
    bytes(4, random.once(2) ? Buffer.alloc(0) : random.bytes(8)),
    bytes(5, Buffer.from(random.pick(TEXTS))),
    { number: 7, wire: FIXED64, value: start },
    { number: 8, wire: FIXED64, value: start + BigInt(random.below(1_000_000_000)) },
    pair(9, "weir.kind", random.pick(KINDS)),
    pair(9, "weir.flow.id", `f-${random.below(1_000_000)}`),
    pair(9, "weir.flow.name", "data_import"),
    pair(9, "weir.tenant", `t-${random.below(10)}`),
    ...Array.from({ length: random.below(4) }, () => pair(9, random.pick(KEYS), random.pick(TEXTS))),
    message(11, [bytes(2, Buffer.from("exception")), pair(3, "exception.message", random.pick(TEXTS))]),
    message(15, [{ number: 3, wire: VARINT, value: BigInt(random.below(4)) }]),
  ];
}

function message(number: number, value: Field[]): Field {
  return { number, wire: BYTES, value };
}

function bytes(number: number, value: Buffer): Field {
  return { number, wire: BYTES, value };
}

function pair(number: number, key: string, text: string): Field {
  return message(number, [bytes(1, Buffer.from(key)), message(2, [bytes(1, Buffer.from(text))])]);
}

const NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 15, 16, 127, 2 ** 20];
const INTEGERS = [0n, 1n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

/** Changes one thing, anywhere in it. */
function spoilFields(random: Random, root: Field[]): void {
  const places: [parent: Field[], at: number][] = [];
  const visit = (fields: Field[]) => {
    for (const [at, { value }] of fields.entries()) {
      places.push([fields, at]);
      if (Array.isArray(value)) visit(value);
    }
  };
  visit(root);
  if (places.length === 0) return;
  const [parent, at] = random.pick(places);
  const field = parent[at] as Field;
  switch (random.below(8)) {
    case 0:
      field.number = random.pick(NUMBERS);
      break;
    case 1:
      field.wire = random.below(8);
      break;
    case 2:
      field.lie = random.pick([-3, -1, 1, 2, 1000, 2 ** 31]);
      break;
    case 3:
      parent.splice(at, 1);
      break;
    case 4:
      parent.splice(random.below(parent.length), 0, structuredClone(field));
      break;
    case 5:
      field.value = random.pick(INTEGERS);
      field.wire = random.pick([VARINT, FIXED64, 5]);
      break;
    case 6:
      field.value = random.bytes(random.below(40));
      break;
    default:
      parent.splice(at, 0, deepField(random.below(200)));
  }
}

/** An attribute whose value is a list in a list in a list … */
function deepField(depth: number): Field {
  let value = bytes(1, Buffer.from("x"));
  for (let i = 0; i < depth; i++) value = message(5, [message(1, [value])]);
  return message(9, [bytes(1, Buffer.from("deep")), message(2, [value])]);
}

function write(fields: Field[]): Buffer {
  return Buffer.concat(fields.map(writeField));
}

function writeField({ number, wire, value, lie = 0 }: Field): Buffer {
  const tag = varint(BigInt(number * 8 + wire));
  if (typeof value !== "bigint") {
    const content = Array.isArray(value) ? write(value) : Buffer.from(value);
    return Buffer.concat([tag, varint(BigInt(Math.max(0, content.length + lie))), content]);
  }
  if (wire === VARINT) return Buffer.concat([tag, varint(value)]);
  const fixed = Buffer.alloc(8);
  fixed.writeBigUInt64LE(value);
  return Buffer.concat([tag, wire === FIXED64 ? fixed : fixed.subarray(0, 4)]);
}

function varint(value: bigint): Buffer {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
  return Buffer.from(out);
}

// What is around a message -------------------------------------------------------------------------------------------

const ENCODERS: [name: string, encode: (body: Buffer) => Buffer][] = [
  ["gzip", (body) => gzipSync(body, { level: 1 })],
  ["deflate", (body) => deflateSync(body, { level: 1 })],
  ["deflate", (body) => deflateRawSync(body, { level: 1 })],
  ["zstd", zstdCompressSync],
];

function wrapped(random: Random, message: Buffer): Hostile {
  const body = random.once(3) ? scarred(random, message) : message;
  if (!random.once(4)) return { body };
  const [encoding, encode] = random.pick(ENCODERS);
  const encoded = encode(body);
  if (random.once(50)) return { encoding, body: encode(Buffer.alloc(1_000_000)) };
  if (random.once(4)) return { encoding, body: scarred(random, encoded) };
  if (random.once(8))
    return { encoding: random.pick(["br", "gzip, gzip", "identity", "", "zstd"]), body: encoded };
  return { encoding, body: encoded };
}

/** With bytes changed, lost, or too many. */
function scarred(random: Random, message: Buffer): Buffer {
  if (message.length === 0) return random.bytes(random.below(30));
  const body = Buffer.from(message);
  switch (random.below(4)) {
    case 0:
      for (let i = random.below(4); i >= 0; i--) body[random.below(body.length)] = random.below(256);
      return body;
    case 1:
      return body.subarray(0, random.below(body.length));
    case 2:
      return Buffer.concat([body, random.bytes(random.below(30))]);
    default:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]);
  }
}
