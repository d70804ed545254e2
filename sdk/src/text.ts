/**
 * The user's words, made fit to be sent: names, labels and attributes of any type and size become bounded text and
 * plain values. Nothing here throws.
 */
import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { LABEL_PREFIX, LIMITS, PREFIX } from "./attributes.ts";
import { diagnose } from "./diagnostics.ts";

/** Longer attribute values are cut; one value must not fill a request. */
export const MAX_VALUE = 16 * 1024;
const MAX_ATTRIBUTES = 100;
const MAX_ELEMENTS = 100;

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
export function addLabels(into: Record<string, string>, labels: unknown): void {
  if (labels === undefined || labels === null) return;
  if (typeof labels !== "object") {
    diagnose("label-value", `labels: expected an object such as { env: "production" }, got ${shown(labels)}`);
    return;
  }
  for (const [key, value] of entries(labels)) addLabel(into, key, value);
}

/** Adds one label; returns its key as kept, `undefined` where it was refused. */
export function addLabel(into: Record<string, string>, key: unknown, value: unknown): string | undefined {
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
  into[name] = cutTo(LIMITS.labelValue, text, `label ${name}`);
  return name;
}

/** Labels as span attributes. */
export function addLabelAttributes(into: Attributes, labels: Readonly<Record<string, string>>): void {
  for (const key in labels) into[LABEL_PREFIX + key] = labels[key] as string;
}

/** Adds the user's attributes to `into`; what OpenTelemetry can't carry becomes JSON, or is left out. */
export function addUserAttributes(into: Attributes, attributes: unknown): void {
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
    const kept = attributeValue(value);
    if (kept === undefined) continue;
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

function attributeValue(value: unknown): AttributeValue | undefined {
  switch (typeof value) {
    case "string":
      return value.length > MAX_VALUE ? value.slice(0, MAX_VALUE).toWellFormed() : wellFormed(value);
    case "number":
      // OTLP has 64-bit integers, and JSON no word for NaN: a span with such a number would not arrive.
      return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
        ? value
        : String(value);
    case "boolean":
      return value;
    case "bigint":
      return String(value);
    case "object":
      return value === null ? undefined : (plainArray(value) ?? json(value));
    default:
      return undefined;
  }
}

/** An array of one plain type is carried as it is, by every version of OpenTelemetry. */
function plainArray(value: object): AttributeValue | undefined {
  if (!Array.isArray(value) || value.length > MAX_ELEMENTS) return undefined;
  const type = typeof value[0];
  if (type !== "string" && type !== "number" && type !== "boolean") return undefined;
  const kept = value.map((element: unknown) =>
    typeof element === type ? attributeValue(element) : undefined,
  );
  return kept.every((element) => typeof element === type) ? (kept as AttributeValue) : undefined;
}

function json(value: object): string | undefined {
  try {
    const text = JSON.stringify(value, (_key, part) => (typeof part === "bigint" ? String(part) : part));
    return text === undefined ? undefined : (attributeValue(unquoted(text)) as string);
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
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}
