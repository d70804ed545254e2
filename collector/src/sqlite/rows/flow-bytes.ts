/**
 * A flow's state as bytes, and back: about a tenth of what it takes as JSON. A store of ten million flows is mostly
 * this. Numbers are only ever added to the lists below: what they mean is on people's disks.
 */
import type { EndStatus, FlowError, FlowKey, Micros, StepKind } from "../../flow.ts";
import type { EventState, FlowFacts, FlowState, StepState } from "../../fold/index.ts";
import type { StepParent } from "../../observation.ts";
import { setOwn } from "../../set-own.ts";
import { type NumberedTexts, Packer, type TextNumbers, Unpacker } from "./packer.ts";

const FORM = 1;
const END_STATUSES: EndStatus[] = ["succeeded", "failed", "cancelled"];
const STEP_KINDS: StepKind[] = ["step", "queue", "sleep", "wait", "debounce"];
const PARENT = { none: 0, step: 1, span: 2 } as const;

const FACTS = {
  opened: 1,
  parent: 2,
  left: 4,
  paused: 8,
  runner: 16,
  definition: 32,
  trace: 64,
  reason: 128,
} as const;
const STEP = {
  opened: 1,
  facts: 2,
  copyOf: 4,
  optional: 8,
  runner: 16,
  node: 32,
  edge: 64,
  attemptOf: 128,
} as const;

type Opening = NonNullable<FlowFacts["opened"]>;
type Runner = NonNullable<FlowFacts["runner"]>;
type End = FlowFacts["ends"][number];
type Who = Pick<End, "at" | "span">;

/** Definitions are kept once for all flows, as texts are; but each of them. */
export interface DefinitionTexts {
  numberOf(text: string): number;
  textOf(number: number): string;
}

export class FlowPacker {
  readonly #packer: Packer;
  readonly #definitions: DefinitionTexts;

  constructor(texts: TextNumbers, definitions: DefinitionTexts) {
    this.#packer = new Packer(texts);
    this.#definitions = definitions;
  }

  /** The facts, with these steps and events. */
  flow(facts: FlowFacts, steps: FlowState["steps"], events: FlowState["events"]): Buffer {
    return this.#packer.pack((to) => packFlow(to, { facts, steps, events }, this.#definitions));
  }

  step(step: StepState): Buffer {
    return this.#packer.pack((to) => packStep(to, step));
  }

  event(event: EventState): Buffer {
    return this.#packer.pack((to) => packEvent(to, event));
  }
}

export function unpackFlow(
  bytes: Buffer,
  key: FlowKey,
  texts: NumberedTexts,
  definitions: DefinitionTexts,
): FlowState {
  return flowFrom(new Unpacker(bytes, texts), key, definitions);
}

/** All of a state but its key. */
export function packFlow(
  to: Packer,
  { facts, steps, events }: Omit<FlowState, "key">,
  definitions: DefinitionTexts,
): void {
  to.uint(FORM);
  packFacts(to, facts, definitions);
  to.uint(steps.size);
  for (const step of steps.values()) packStep(to, step);
  to.uint(events.size);
  for (const event of events.values()) packEvent(to, event);
}

/** @throws {RangeError} where it is no flow. */
export function flowFrom(from: Unpacker, key: FlowKey, definitions: DefinitionTexts): FlowState {
  const form = from.uint();
  if (form !== FORM) throw new RangeError(`packed flow: expected form ${FORM}, got ${form}`);
  const facts = unpackFacts(from, definitions);
  const state: FlowState = { key, facts, steps: new Map(), events: new Map() };
  for (let left = from.uint(); left > 0; left--) addStep(state, stepFrom(from));
  for (let left = from.uint(); left > 0; left--) addEvent(state, eventFrom(from));
  return state;
}

const NO_TEXTS = { textOf: () => "", numberOf: () => 0 };

/** When something was last said of a packed flow. */
export function lastSaidOf(bytes: Buffer): Micros {
  return unpackFlow(bytes, { tenant: "", id: "" }, NO_TEXTS, NO_TEXTS).facts.lastAt;
}

export function unpackStep(bytes: Buffer, state: FlowState, texts: NumberedTexts): void {
  addStep(state, stepFrom(new Unpacker(bytes, texts)));
}

export function unpackEvent(bytes: Buffer, state: FlowState, texts: NumberedTexts): void {
  addEvent(state, eventFrom(new Unpacker(bytes, texts)));
}

function addStep(state: FlowState, step: StepState): void {
  state.steps.set(step.id, step);
}

function addEvent(state: FlowState, event: EventState): void {
  state.events.set(event.span, event);
}

function packFacts(to: Packer, facts: FlowFacts, definitions: DefinitionTexts): void {
  const { opened, runner, name, trace, parent, definition, ends, left, paused } = facts;
  to.uint(
    (opened === null ? 0 : FACTS.opened) |
      (parent === null ? 0 : FACTS.parent) |
      (left === null ? 0 : FACTS.left) |
      (paused === null ? 0 : FACTS.paused) |
      (isOther(runner, opened) ? FACTS.runner : 0) |
      (definition === null ? 0 : FACTS.definition) |
      (trace === null ? 0 : FACTS.trace) |
      (paused?.reason ? FACTS.reason : 0),
  );
  to.time(facts.firstAt);
  if (opened !== null) packOpening(to, opened);
  if (isOther(runner, opened)) packRunner(to, runner);
  packWho(to, name);
  to.uint(name.rank);
  to.name(name.value);
  if (trace !== null) {
    packWho(to, trace);
    to.uint(trace.rank);
    to.text(trace.value);
  }
  if (parent !== null) {
    packWho(to, parent);
    to.uint(parent.rank);
    to.name(parent.value.tenant);
    to.text(parent.value.id);
  }
  const labels = Object.entries(facts.labels);
  to.uint(labels.length);
  for (const [key, label] of labels) {
    to.name(key);
    packWho(to, label);
    to.uint(label.rank);
    to.name(label.value);
  }
  packEnds(to, ends);
  if (left !== null) to.time(left);
  if (paused !== null) {
    to.time(paused.at);
    if (paused.reason) to.name(paused.reason);
  }
  to.time(facts.lastAt);
  // Zero, and so far from any other time, until something was opened.
  to.uint(facts.lastOpened === 0 ? 0 : 1);
  if (facts.lastOpened !== 0) to.time(facts.lastOpened);
  to.uint(facts.services.length);
  for (const service of facts.services) to.name(service);
  packTexts(to, facts.spans);
  const links = Object.entries(facts.links);
  to.uint(links.length);
  for (const [span, above] of links) {
    to.text(span);
    to.text(above);
  }
  if (definition !== null) {
    packWho(to, definition);
    to.uint(definition.rank);
    to.uint(definitions.numberOf(definition.value));
  }
}

function unpackFacts(from: Unpacker, definitions: DefinitionTexts): FlowFacts {
  const has = from.uint();
  const firstAt = from.time();
  const opened = has & FACTS.opened ? openingFrom(from) : null;
  const runner = has & FACTS.runner ? runnerFrom(from) : runnerOf(opened);
  const name = { ...whoFrom(from), rank: from.uint(), value: from.text() };
  const trace = has & FACTS.trace ? { ...whoFrom(from), rank: from.uint(), value: from.text() } : null;
  const parent =
    has & FACTS.parent
      ? { ...whoFrom(from), rank: from.uint(), value: { tenant: from.text(), id: from.text() } }
      : null;
  const labels: FlowFacts["labels"] = {};
  for (let left = from.uint(); left > 0; left--) {
    const key = from.text();
    setOwn(labels, key, { ...whoFrom(from), rank: from.uint(), value: from.text() });
  }
  const ends = endsFrom(from);
  const left = has & FACTS.left ? from.time() : null;
  const paused =
    has & FACTS.paused ? { at: from.time(), reason: has & FACTS.reason ? from.text() : null } : null;
  const lastAt = from.time();
  const lastOpened = from.uint() === 0 ? 0 : from.time();
  const services = textsFrom(from);
  const spans = textsFrom(from);
  const links: FlowFacts["links"] = {};
  for (let count = from.uint(); count > 0; count--) links[from.text()] = from.text();
  const definition =
    has & FACTS.definition
      ? { ...whoFrom(from), rank: from.uint(), value: definitions.textOf(from.uint()) }
      : null;
  return {
    opened,
    runner,
    name,
    trace,
    parent,
    labels,
    definition,
    ends,
    left,
    paused,
    lastOpened,
    firstAt,
    lastAt,
    services,
    spans,
    links,
  };
}

function packStep(to: Packer, { id, opened, runner, facts, ends, spans, copyOf }: StepState): void {
  to.text(id);
  to.uint(
    (opened === null ? 0 : STEP.opened) |
      (facts === null ? 0 : STEP.facts) |
      (copyOf === null ? 0 : STEP.copyOf) |
      (facts?.value.optional ? STEP.optional : 0) |
      (facts?.value.node ? STEP.node : 0) |
      (facts?.value.edge ? STEP.edge : 0) |
      (facts?.value.attemptOf ? STEP.attemptOf : 0) |
      (isOther(runner, opened) ? STEP.runner : 0),
  );
  if (opened !== null) packOpening(to, opened);
  if (isOther(runner, opened)) packRunner(to, runner);
  if (facts !== null) {
    const { name, kind, attempt, attemptOf, parent, attributes, node, edge } = facts.value;
    packWho(to, facts);
    to.uint(facts.rank);
    to.name(name);
    to.uint(STEP_KINDS.indexOf(kind));
    to.uint(attempt);
    packParent(to, parent);
    to.attributes(attributes);
    if (node) to.name(node);
    if (edge) to.name(edge);
    if (attemptOf) to.text(attemptOf);
  }
  packEnds(to, ends);
  packTexts(to, spans);
  if (copyOf !== null) to.text(copyOf);
}

function stepFrom(from: Unpacker): StepState {
  const id = from.text();
  const has = from.uint();
  const opened = has & STEP.opened ? openingFrom(from) : null;
  const runner = has & STEP.runner ? runnerFrom(from) : runnerOf(opened);
  let facts: StepState["facts"] = null;
  if (has & STEP.facts) {
    const who = whoFrom(from);
    const rank = from.uint();
    const name = from.text();
    const kind = STEP_KINDS[from.uint()] ?? "step";
    const attempt = from.uint();
    const optional = (has & STEP.optional) !== 0;
    const value = {
      name,
      kind,
      attempt,
      optional,
      parent: parentFrom(from),
      attributes: from.attributes(),
      node: has & STEP.node ? from.text() : null,
      edge: has & STEP.edge ? from.text() : null,
      attemptOf: has & STEP.attemptOf ? from.text() : null,
    };
    facts = { rank, ...who, value };
  }
  const ends = endsFrom(from);
  const spans = textsFrom(from);
  return { id, opened, runner, facts, ends, spans, copyOf: has & STEP.copyOf ? from.text() : null };
}

function packParent(to: Packer, parent: StepParent): void {
  if (parent === null) {
    to.uint(PARENT.none);
  } else if ("stepId" in parent) {
    to.uint(PARENT.step);
    to.text(parent.stepId);
  } else {
    to.uint(PARENT.span);
    to.text(parent.spanId);
  }
}

function parentFrom(from: Unpacker): StepParent {
  switch (from.uint()) {
    case PARENT.step:
      return { stepId: from.text() };
    case PARENT.span:
      return { spanId: from.text() };
    default:
      return null;
  }
}

function packEvent(to: Packer, { at, span, name, attributes }: EventState): void {
  packWho(to, { at, span });
  to.name(name);
  to.attributes(attributes);
}

function eventFrom(from: Unpacker): EventState {
  return { ...whoFrom(from), name: from.text(), attributes: from.attributes() };
}

function packOpening(to: Packer, opened: Opening): void {
  packWho(to, opened);
  to.name(opened.service);
  to.name(opened.instance);
}

function openingFrom(from: Unpacker): Opening {
  return { ...whoFrom(from), service: from.maybeText(), instance: from.maybeText() };
}

/** Nearly always a thing is opened once: then its opening says it all. */
function isOther(runner: Runner | null, opened: Opening | null): runner is Runner {
  return runner !== null && (runner.at !== opened?.at || runner.instance !== opened.instance);
}

function runnerOf(opened: Opening | null): Runner | null {
  return opened === null ? null : { at: opened.at, instance: opened.instance };
}

function packRunner(to: Packer, { at, instance }: Runner): void {
  to.time(at);
  to.name(instance);
}

function runnerFrom(from: Unpacker): Runner {
  return { at: from.time(), instance: from.maybeText() };
}

function packEnds(to: Packer, ends: End[]): void {
  to.uint(ends.length);
  for (const { at, span, status, error } of ends) {
    packWho(to, { at, span });
    to.uint(END_STATUSES.indexOf(status) * 2 + (error === null ? 0 : 1));
    if (error === null) continue;
    to.name(error.type);
    to.text(error.message);
    to.text(error.stack);
  }
}

function endsFrom(from: Unpacker): End[] {
  const ends: End[] = [];
  for (let left = from.uint(); left > 0; left--) {
    const who = whoFrom(from);
    const code = from.uint();
    const error: FlowError | null =
      code % 2 === 0 ? null : { type: from.text(), message: from.text(), stack: from.maybeText() };
    ends.push({ ...who, status: END_STATUSES[code >> 1] ?? "failed", error });
  }
  return ends;
}

function packWho(to: Packer, { at, span }: Who): void {
  to.time(at);
  to.text(span);
}

function whoFrom(from: Unpacker): Who {
  return { at: from.time(), span: from.text() };
}

function packTexts(to: Packer, texts: string[]): void {
  to.uint(texts.length);
  for (const text of texts) to.text(text);
}

function textsFrom(from: Unpacker): string[] {
  const texts: string[] = [];
  for (let left = from.uint(); left > 0; left--) texts.push(from.text());
  return texts;
}
