/** One line back into a flow. Whatever it holds, it is either a flow within its bounds or an error that says where not. */
import { END_STATUSES, LIMITS, STATUSES, STEP_KINDS } from "@weir/sdk/attributes";
import { checkDefinition, type Definition, DefinitionError } from "../definition.ts";
import type { Attributes, FlowDetail, FlowError, FlowEvent, FlowKey, Micros, Pause, Step } from "../flow.ts";
import { setOwn } from "../set-own.ts";
import { readTimeText } from "./time.ts";
import { FORMAT, VERSION } from "./write-line.ts";

/** What is taken from a line; the rest of it (counts, durations, health, children) follows from this or from the others. */
export type ImportedFlow = Pick<
  FlowDetail,
  | "tenant"
  | "id"
  | "name"
  | "status"
  | "startedAt"
  | "endedAt"
  | "failedStep"
  | "error"
  | "labels"
  | "services"
  | "parent"
  | "pause"
  | "incomplete"
  | "updatedAt"
  | "events"
  | "traceId"
  | "definition"
> & { steps: ImportedStep[] };

export type ImportedStep = Omit<Step, "durationMs">;

/** A line that is none of ours: where in it, what was expected, what was got. */
export class LineError extends Error {
  override readonly name = "LineError";
}

const INCOMPLETE = ["start-missing", "end-missing", "step-start-missing"] as const;
/** As deep as attributes may nest on their way in. */
const DEEPEST = 32;
const MOST_SERVICES = 32;

type Json = Record<string, unknown>;

/** @throws {LineError} where it is not the first line of an export that this program can read. */
export function readHeader(text: string): void {
  const header = objectOf(parse(text), "");
  if (header.format !== FORMAT) {
    throw new LineError(`expected the first line of an export, {"format":"${FORMAT}",…}, got ${shown(text)}`);
  }
  if (header.version !== VERSION) {
    throw new LineError(
      `expected version ${VERSION} of the format, got ${shown(header.version)}: use a newer program`,
    );
  }
}

/** @throws {LineError} */
export function readFlow(text: string): ImportedFlow {
  const flow = objectOf(parse(text), "");
  const status = oneOf(STATUSES, flow.status, "status");
  const endedAt = orNull(timeOf, flow.endedAt, "endedAt");
  checkEnd(status, endedAt, "");
  return {
    tenant: textOf(flow.tenant, "tenant"),
    id: textOf(flow.id, "id"),
    name: textOf(flow.name, "name"),
    status,
    startedAt: timeOf(flow.startedAt, "startedAt"),
    endedAt,
    failedStep: orNull(anyText, flow.failedStep, "failedStep"),
    error: orNull(errorOf, flow.error, "error"),
    labels: labelsOf(flow.labels),
    services: listOf(flow.services, "services", textOf, MOST_SERVICES),
    parent: orNull(keyOf, flow.parent, "parent"),
    pause: orAbsent(pauseOf, flow.pause, "pause"),
    incomplete: listOf(flow.incomplete, "incomplete", (each, where) => oneOf(INCOMPLETE, each, where)),
    updatedAt: timeOf(flow.updatedAt, "updatedAt"),
    traceId: orAbsent(traceOf, flow.traceId, "traceId"),
    steps: listOf(flow.steps, "steps", stepOf),
    events: listOf(flow.events, "events", eventOf),
    definition: orAbsent(definitionOf, flow.definition, "definition"),
  };
}

function stepOf(value: unknown, where: string): ImportedStep {
  const step = objectOf(value, where);
  const status = oneOf(STATUSES, step.status, `${where}.status`);
  const endedAt = orNull(timeOf, step.endedAt, `${where}.endedAt`);
  checkEnd(status, endedAt, `${where}.`);
  const { attempt, optional } = step;
  if (!Number.isSafeInteger(attempt) || (attempt as number) < 1)
    throw wrong(`${where}.attempt`, "a whole number from 1", attempt);
  if (typeof optional !== "boolean") throw wrong(`${where}.optional`, "true or false", optional);
  return {
    id: textOf(step.id, `${where}.id`),
    parentId: orNull(textOf, step.parentId, `${where}.parentId`),
    kind: oneOf(STEP_KINDS, step.kind, `${where}.kind`),
    name: anyText(step.name, `${where}.name`),
    status,
    attempt: attempt as number,
    attemptOf: orAbsent(textOf, step.attemptOf, `${where}.attemptOf`),
    optional,
    startedAt: timeOf(step.startedAt, `${where}.startedAt`),
    endedAt,
    service: orNull(textOf, step.service, `${where}.service`),
    attributes: attributesOf(step.attributes, `${where}.attributes`),
    node: orAbsent(nodeIdOf, step.node, `${where}.node`),
    edge: orAbsent(nodeIdOf, step.edge, `${where}.edge`),
    error: orNull(errorOf, step.error, `${where}.error`),
  };
}

function eventOf(value: unknown, where: string): FlowEvent {
  const event = objectOf(value, where);
  return {
    name: anyText(event.name, `${where}.name`),
    at: timeOf(event.at, `${where}.at`),
    attributes: attributesOf(event.attributes, `${where}.attributes`),
  };
}

function checkEnd(status: string, endedAt: Micros | null, where: string): void {
  const ends = (END_STATUSES as readonly string[]).includes(status);
  if (ends === (endedAt !== null)) return;
  throw new LineError(`${where}endedAt: expected ${ends ? "a time" : "null"}, for the status is ${status}`);
}

function labelsOf(value: unknown): Record<string, string> {
  const labels: Record<string, string> = {};
  const entries = Object.entries(objectOf(value, "labels"));
  if (entries.length > LIMITS.labels) throw wrong("labels", `at most ${LIMITS.labels}`, entries.length);
  for (const [key, text] of entries) {
    checkText(key, LIMITS.labelKey, 0, "labels");
    setOwn(labels, key, checkText(text, LIMITS.labelValue, 0, `labels.${key}`));
  }
  return labels;
}

function traceOf(value: unknown, where: string): string {
  if (typeof value === "string" && /^[0-9a-f]{32}$/.test(value)) return value;
  throw wrong(where, "32 hex digits", value);
}

function keyOf(value: unknown, where: string): FlowKey {
  const { tenant, id } = objectOf(value, where);
  return { tenant: textOf(tenant, `${where}.tenant`), id: textOf(id, `${where}.id`) };
}

function pauseOf(value: unknown, where: string): Pause {
  const { at, reason } = objectOf(value, where);
  const text = (value: unknown, at: string) => checkText(value, Number.POSITIVE_INFINITY, 0, at);
  return { at: timeOf(at, `${where}.at`), reason: orNull(text, reason, `${where}.reason`) };
}

function errorOf(value: unknown, where: string): FlowError {
  const { type, message, stack } = objectOf(value, where);
  const longest = Number.POSITIVE_INFINITY;
  return {
    type: anyText(type, `${where}.type`),
    message: checkText(message, longest, 0, `${where}.message`),
    stack: orNull((text, at) => checkText(text, longest, 0, at), stack, `${where}.stack`),
  };
}

function attributesOf(value: unknown, where: string): Attributes {
  const attributes = objectOf(value, where);
  checkDepth(attributes, where);
  return attributes as Attributes;
}

/** What walks it later must not run out of stack. */
function checkDepth(value: unknown, where: string, depth = 0): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > DEEPEST) throw wrong(where, `at most ${DEEPEST} values in one another`, "more");
  for (const item of Object.values(value)) checkDepth(item, where, depth + 1);
}

function timeOf(value: unknown, where: string): Micros {
  const at = typeof value === "string" ? readTimeText(value) : undefined;
  if (at === undefined) throw wrong(where, "a time such as 2026-11-22T10:00:00.000000Z", value);
  return at;
}

function orNull<T>(read: (value: unknown, where: string) => T, value: unknown, where: string): T | null {
  return value === null ? null : read(value, where);
}

/** What an export of an earlier program does not have. */
function orAbsent<T>(read: (value: unknown, where: string) => T, value: unknown, where: string): T | null {
  return orNull(read, value ?? null, where);
}

function definitionOf(value: unknown, where: string): Definition {
  try {
    return checkDefinition(value);
  } catch (error) {
    if (error instanceof DefinitionError) throw new LineError(`${where}.${error.message}`);
    throw error;
  }
}

function nodeIdOf(value: unknown, where: string): string {
  return checkText(value, LIMITS.nodeId, 1, where);
}

/** A name or an id. */
function textOf(value: unknown, where: string): string {
  return checkText(value, LIMITS.name, 1, where);
}

function anyText(value: unknown, where: string): string {
  return checkText(value, LIMITS.name, 0, where);
}

function checkText(value: unknown, longest: number, shortest: number, where: string): string {
  if (typeof value !== "string" || value.length > longest || value.length < shortest) {
    const size = Number.isFinite(longest) ? ` of ${shortest} to ${longest} characters` : "";
    throw wrong(where, `text${size}`, value);
  }
  // Half a character can't be stored as it is, and would be found by another name.
  if (!value.isWellFormed()) throw wrong(where, "text in whole characters", value);
  return value;
}

function listOf<T>(
  value: unknown,
  where: string,
  read: (value: unknown, where: string) => T,
  most = Number.POSITIVE_INFINITY,
): T[] {
  if (!Array.isArray(value)) throw wrong(where, "a list", value);
  if (value.length > most) throw wrong(where, `at most ${most}`, value.length);
  return value.map((item, at) => read(item, `${where}[${at}]`));
}

function oneOf<T extends string>(choices: readonly T[], value: unknown, where: string): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw wrong(where, `one of ${choices.join(", ")}`, value);
  return found;
}

function objectOf(value: unknown, where: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw wrong(where, "a JSON object", value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong("", "a JSON object", text);
  }
}

function wrong(where: string, expected: string, got: unknown): LineError {
  return new LineError(`${where === "" ? "" : `${where}: `}expected ${expected}, got ${shown(got)}`);
}

function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const text = typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value ?? "nothing");
  return value === null ? "null" : text;
}
