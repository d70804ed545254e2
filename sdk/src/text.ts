/**
 * The user's words, made fit to be sent: names, labels and attributes of any type and size become bounded text and
 * plain values. Nothing here throws.
 */
import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { LABEL_PREFIX, LIMITS, PREFIX } from "./attributes.ts";
import { diagnose } from "./diagnostics.ts";
import type { Redactor } from "./redact.ts";

/** Longer attribute values are cut; one value must not fill a request. */
const MAX_VALUE = 16 * 1024;
const MAX_ATTRIBUTES = 100;
const MAX_ELEMENTS = 100;
/** Numbers of payment cards have more digits than this. */
const CARDS_FROM = 999_999_999_999;

/**
 * A name, tenant or id as text of at most 256 characters; `undefined` where it is missing, empty or no text, which
 * a diagnostic says.
 *
 * @param what where it was given, for the diagnostic: `"flow.start: tenant"`
 */
export function nameText(value: unknown, what: string): string | undefined {
  if (typeof value === "string" && value !== "" && value.length <= LIMITS.name) return wellFormed(value);
  const text = typeof value === "number" || typeof value === "bigint" ? String(value) : value;
  if (typeof text !== "string" || text === "") {
    diagnose("name-missing", `${what}: expected a non-empty string, got ${shown(value)}`, what);
    return undefined;
  }
  return cutTo(LIMITS.name, text, what);
}

/** Adds labels to `into` as text, within the limits; what does not fit is left out, which a diagnostic says. */
export function addLabels(
  into: Record<string, string>,
  labels: unknown,
  redactor?: Redactor | undefined,
): void {
  if (labels === undefined || labels === null) return;
  if (typeof labels !== "object") {
    diagnose("label-value", `labels: expected an object such as { env: "production" }, got ${shown(labels)}`);
    return;
  }
  // Some may be refused and others still fit; a thousand are a mistake, and not worth the time.
  for (const [key, value] of entries(labels).slice(0, 4 * LIMITS.labels)) {
    addLabel(into, key, value, redactor);
  }
}

/** Adds one label; returns its key as kept, `undefined` where it was refused. */
export function addLabel(
  into: Record<string, string>,
  key: unknown,
  value: unknown,
  redactor?: Redactor | undefined,
): string | undefined {
  const name = typeof key === "string" && key !== "" ? cutTo(LIMITS.labelKey, key, "label key") : undefined;
  const text = labelText(value);
  if (name === undefined || text === undefined) {
    if (value === undefined) return undefined;
    diagnose(
      "label-value",
      `label ${shown(key)}: expected a non-empty key and a string, number or boolean, got ${shown(value)}`,
    );
    return undefined;
  }
  if (!(name in into) && Object.keys(into).length >= LIMITS.labels) {
    diagnose("label-count", `label ${shown(key)} is left out: a flow has at most ${LIMITS.labels} labels`);
    return undefined;
  }
  const kept = cutTo(LIMITS.labelValue, text, `label ${name}`);
  if (redactor === undefined) into[name] = kept;
  else into[name] = hidden(name, value, redactor) ?? redactor.text(kept).slice(0, LIMITS.labelValue);
  return name;
}

/** Labels as span attributes. */
export function addLabelAttributes(into: Attributes, labels: Readonly<Record<string, string>>): void {
  for (const key in labels) into[LABEL_PREFIX + key] = labels[key] as string;
}

/** Adds the user's attributes to `into`; what OpenTelemetry can't carry becomes JSON, or is left out. */
export function addUserAttributes(
  into: Attributes,
  attributes: unknown,
  redactor?: Redactor | undefined,
): void {
  if (attributes === undefined || attributes === null) return;
  if (typeof attributes !== "object") {
    diagnose("attributes", `attributes: expected an object such as { rows: 120 }, got ${shown(attributes)}`);
    return;
  }
  let left = MAX_ATTRIBUTES;
  for (const [key, value] of entries(attributes)) {
    if (key.startsWith(PREFIX) || key === "" || key === "__proto__") {
      diagnose(
        "attribute-key",
        `attribute ${shown(key)} is left out: keys that begin with "weir." are Weir's own`,
      );
      continue;
    }
    const given = attributeValue(value, redactor);
    if (given === undefined) continue;
    const kept = hidden(key, value, redactor) ?? given;
    if (left-- === 0) {
      diagnose(
        "attribute-count",
        `attributes from ${shown(key)} on are left out: at most ${MAX_ATTRIBUTES} are kept`,
      );
      return;
    }
    into[key.length > LIMITS.name ? key.slice(0, LIMITS.name) : key] = kept;
  }
}

/** What stands for the value of a secret key. A yes or no is no secret. */
function hidden(key: string, value: unknown, redactor: Redactor | undefined): string | undefined {
  if (redactor === undefined || typeof value === "boolean") return undefined;
  return redactor.hides(key) ? redactor.replaceWith : undefined;
}

function attributeValue(value: unknown, redactor: Redactor | undefined): AttributeValue | undefined {
  switch (typeof value) {
    case "string":
      return boundedText(value, redactor);
    case "number":
      // OTLP has 64-bit integers, and JSON no word for NaN: a span with such a number would not arrive.
      if (!Number.isSafeInteger(value) && (!Number.isFinite(value) || Number.isInteger(value)))
        return String(value);
      return redactor !== undefined && value > CARDS_FROM ? redactedNumber(value, redactor) : value;
    case "boolean":
      return value;
    case "bigint":
      return boundedText(String(value), redactor);
    case "object":
      return value === null ? undefined : (plainArray(value, redactor) ?? json(value, redactor));
    default:
      return undefined;
  }
}

function redactedNumber(value: number, redactor: Redactor): AttributeValue {
  const digits = String(value);
  const kept = redactor.text(digits);
  return kept === digits ? value : kept;
}

function boundedText(text: string, redactor: Redactor | undefined): string {
  const kept = text.length > MAX_VALUE ? text.slice(0, MAX_VALUE).toWellFormed() : wellFormed(text);
  return redactor === undefined ? kept : redactor.text(kept);
}

/** An array of one plain type is carried as it is, by every version of OpenTelemetry. */
function plainArray(value: object, redactor: Redactor | undefined): AttributeValue | undefined {
  if (!Array.isArray(value) || value.length > MAX_ELEMENTS) return undefined;
  const type = typeof value[0];
  if (type !== "string" && type !== "number" && type !== "boolean") return undefined;
  const kept = value.map((element: unknown) =>
    typeof element === type ? attributeValue(element, redactor) : undefined,
  );
  return kept.every((element) => typeof element === type) ? (kept as AttributeValue) : undefined;
}

function json(value: object, redactor: Redactor | undefined): string | undefined {
  try {
    if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
    // What would be cut off is not written in the first place: someone may attach all rows of an import.
    let left = 4 * MAX_VALUE;
    const text = JSON.stringify(value, function fitting(key, part: unknown) {
      if (left < 0) return undefined;
      left -= key.length + (typeof part === "string" ? part.length : 2);
      if (part === null || part === undefined) return part;
      // The whole, and elements of arrays, have no key of their own.
      const secret = key === "" || Array.isArray(this) ? undefined : hidden(key, part, redactor);
      if (secret !== undefined) return secret;
      if (typeof part === "string") return boundedText(part, redactor);
      if (typeof part === "bigint") return String(part);
      return Array.isArray(part) && part.length > MAX_VALUE ? part.slice(0, MAX_VALUE) : part;
    });
    return text === undefined ? undefined : boundedText(unquoted(text), redactor);
  } catch {
    return "(unprintable)";
  }
}

/** A date is its time, not its time in quotes. */
function unquoted(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text;
}

function labelText(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    default:
      return undefined;
  }
}

function cutTo(max: number, text: string, what: string): string {
  if (text.length <= max) return wellFormed(text);
  diagnose("too-long", `${what}: cut to ${max} characters, got ${text.length}`, what);
  return text.slice(0, max).toWellFormed();
}

function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}

/** What a proxy or a getter throws must not reach the caller. */
function entries(value: object): [string, unknown][] {
  try {
    return Object.entries(value);
  } catch {
    diagnose("attributes", "attributes or labels could not be read: reading them threw");
    return [];
  }
}

/** A value for a diagnostic: short, and never a secret's whole length. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "object" && value !== null) return plainly(value);
  return typeof value === "function" ? "a function" : String(value);
}

/** `Array.isArray` throws for a proxy that was revoked. */
function plainly(value: object): string {
  try {
    return Array.isArray(value) ? "an array" : "an object";
  } catch {
    return "an object";
  }
}
