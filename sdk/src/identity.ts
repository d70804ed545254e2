/**
 * A flow's identity, and its form in W3C baggage: what crosses processes. Pure.
 */
import { BAGGAGE, LABEL_PREFIX, LIMITS } from "./attributes.ts";

/** What makes a flow the same flow in every process that works on it. */
export interface FlowIdentity {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The step in which the other process was called; steps opened there hang under it. */
  readonly stepId: string | undefined;
}

/** What W3C baggage promises to carry: everyone must let pass this much, and need not more. */
const MAX_BYTES = 8192;
const MAX_MEMBERS = 64;

/** Longer headers are not ours, and not worth the time to read. */
const MAX_HEADER = 2 * MAX_BYTES;

/**
 * The baggage members of a flow, percent-encoded and comma-separated. Labels that would not fit beside the
 * identity are left out.
 *
 * @example
 * toBaggage({ id: "17", name: "import", tenant: "acme", labels: {}, stepId: undefined });
 * // "weir.flow.id=17,weir.flow.name=import,weir.tenant=acme"
 */
export function toBaggage(identity: FlowIdentity): string {
  const members = [
    member(BAGGAGE.flowId, identity.id),
    member(BAGGAGE.flowName, identity.name),
    member(BAGGAGE.tenant, identity.tenant),
  ];
  if (identity.stepId !== undefined) members.push(member(BAGGAGE.stepId, identity.stepId));
  for (const key in identity.labels) {
    members.push(member(LABEL_PREFIX + key, identity.labels[key] ?? ""));
  }
  return fit(members).join(",");
}

/**
 * The flow that a baggage header names; `undefined` where it names none, or names one in a way that is
 * malformed or over the limits. A label that can't be read is left out; the flow is still known.
 *
 * @example
 * fromBaggage("weir.flow.id=17,weir.flow.name=import,weir.tenant=acme")?.tenant; // "acme"
 */
export function fromBaggage(header: string): FlowIdentity | undefined {
  if (header.length > MAX_HEADER || !header.includes(BAGGAGE.flowId)) return undefined;
  const found = new Map<string, string>();
  for (const text of header.split(",")) {
    const key = keyOf(text);
    if (key === undefined || found.has(key)) continue;
    const value = memberValue(text);
    if (value === undefined && !key.startsWith(LABEL_PREFIX)) return undefined;
    if (value !== undefined) found.set(key, value);
  }
  const id = nameIn(found, BAGGAGE.flowId);
  const name = nameIn(found, BAGGAGE.flowName);
  const tenant = nameIn(found, BAGGAGE.tenant);
  if (id === undefined || name === undefined || tenant === undefined) return undefined;
  return { id, name, tenant, labels: labelsIn(found), stepId: nameIn(found, BAGGAGE.stepId) };
}

/**
 * Puts our members into a baggage header that may hold others. Others' members stay as they are; members of
 * ours that it already had are replaced. Where the whole would pass the limits of W3C, our labels go first.
 *
 * @example
 * mergeBaggage("user=7,weir.tenant=old", "weir.tenant=acme"); // "user=7,weir.tenant=acme"
 */
export function mergeBaggage(existing: string | undefined, ours: string): string {
  if (existing === undefined || existing.trim() === "") return ours;
  const theirs = existing
    .split(",")
    .filter((text) => text.trim() !== "" && keyOf(text) === undefined)
    .map((text) => text.trim());
  return fit([...theirs, ...ours.split(",")]).join(",");
}

const OURS = new Set<string>(Object.values(BAGGAGE));

/** The decoded key of a member of ours; `undefined` for everyone else's. */
function keyOf(text: string): string | undefined {
  const equals = text.indexOf("=");
  if (equals < 0) return undefined;
  const key = decode(text.slice(0, equals).trim());
  return key !== undefined && (OURS.has(key) || key.startsWith(LABEL_PREFIX)) ? key : undefined;
}

/** The decoded value of a member, without its properties; `undefined` where it is malformed. */
function memberValue(text: string): string | undefined {
  const value = text.slice(text.indexOf("=") + 1);
  const properties = value.indexOf(";");
  return decode((properties < 0 ? value : value.slice(0, properties)).trim());
}

function nameIn(found: Map<string, string>, key: string): string | undefined {
  const value = found.get(key);
  return value === undefined || value === "" || value.length > LIMITS.name ? undefined : value;
}

function labelsIn(found: Map<string, string>): Record<string, string> {
  // Without a prototype, a label named `__proto__` is a label like any other.
  const labels: Record<string, string> = Object.create(null);
  let count = 0;
  for (const [key, value] of found) {
    if (!key.startsWith(LABEL_PREFIX)) continue;
    const label = key.slice(LABEL_PREFIX.length);
    if (label === "" || label.length > LIMITS.labelKey || value.length > LIMITS.labelValue) continue;
    if (count++ === LIMITS.labels) break;
    labels[label] = value;
  }
  return labels;
}

function member(key: string, value: string): string {
  return `${encode(key)}=${encode(value)}`;
}

/** Sheds labels from the end until the rest is within the limits, or no label is left. */
function fit(members: string[]): string[] {
  const kept = [...members];
  let bytes = kept.reduce((sum, text) => sum + text.length + 1, -1);
  for (let i = kept.length - 1; i >= 0 && (bytes > MAX_BYTES || kept.length > MAX_MEMBERS); i--) {
    const text = kept[i] as string;
    if (!text.startsWith(LABEL_PREFIX)) continue;
    kept.splice(i, 1);
    bytes -= text.length + 1;
  }
  return kept;
}

/** `encodeURIComponent` leaves parentheses, which a baggage key may not hold, and throws on half a character. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[()]/g, (c) => (c === "(" ? "%28" : "%29"));
}

function decode(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
