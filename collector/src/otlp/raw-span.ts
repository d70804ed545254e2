/** What both encodings decode to: a span as it came, before anything is asked of it. */
import { ATTR, RESOURCE } from "@weir/sdk/attributes";
import type { AttributeValue, Micros } from "../flow.ts";

/** Who sent a span: of its resource, what Weir reads. */
export interface RawResource {
  service: string | null;
  instance: string | null;
  /** How often the process promises to speak, in milliseconds; `null` where it makes no such promise. */
  heartbeatMs: number | null;
}

export interface RawException {
  type: string;
  message: string;
  stack: string | null;
}

export interface RawSpan {
  resource: RawResource;
  /** 32 lower-case hex digits; empty when it is not 16 bytes, or all zero. */
  traceId: string;
  /** 16 lower-case hex digits; empty when it is not 8 bytes, or all zero. */
  spanId: string;
  parentSpanId: string;
  name: string;
  /** 0 when absent, `NaN` when not a time. */
  start: Micros;
  end: Micros;
  /** Attributes as pairs: the value of `keys[i]` is `values[i]`. */
  keys: string[];
  values: AttributeValue[];
  failed: boolean;
  statusMessage: string;
  /** Of the last `exception` event. */
  exception: RawException | null;
  /** Why it could not be read at all; only JSON has shapes that its neighbours survive. */
  malformed: string | null;
}

export const NO_RESOURCE: RawResource = { service: null, instance: null, heartbeatMs: null };

const LONGEST_HEARTBEAT_MS = 3_600_000;

/** A resource from its attributes as pairs. */
export function toResource(keys: string[], values: AttributeValue[]): RawResource {
  return {
    service: textOf(lastValue(keys, values, RESOURCE.serviceName)) || null,
    instance: textOf(lastValue(keys, values, RESOURCE.serviceInstance)) || null,
    heartbeatMs: intervalOf(lastValue(keys, values, ATTR.heartbeatInterval)),
  };
}

/** Milliseconds; `null` for what is no positive number. */
export function intervalOf(value: AttributeValue | undefined): number | null {
  const interval = Number(value ?? Number.NaN);
  return interval >= 1 ? Math.min(Math.round(interval), LONGEST_HEARTBEAT_MS) : null;
}

/** A span of which nothing has been read yet. */
export function blankSpan(resource: RawResource): RawSpan {
  return {
    resource,
    traceId: "",
    spanId: "",
    parentSpanId: "",
    name: "",
    start: 0,
    end: 0,
    keys: [],
    values: [],
    failed: false,
    statusMessage: "",
    exception: null,
    malformed: null,
  };
}

/** Arrays and maps within attribute values may be this deep; what is below is left out. */
export const DEEPEST = 16;
export const TOO_DEEP = "[too deep]";

/** The request as a whole is not what its content type says. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}

/** Attributes as the text that OpenTelemetry means them to be: a service may be named `42`. */
export function textOf(value: AttributeValue | undefined): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** @returns the attribute of that key, the last where it repeats. */
export function lastValue(keys: string[], values: AttributeValue[], key: string): AttributeValue | undefined {
  return values[keys.lastIndexOf(key)];
}
