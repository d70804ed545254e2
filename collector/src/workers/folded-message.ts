/**
 * A message that was decoded and folded, as bytes to be handed to the thread that writes: objects would be copied, which
 * takes about as long as to decode them once more. What packs and what unpacks stand side by side, as each other's mirror.
 */
import type { FlowState, Gathered, Heard } from "../fold/index.ts";
import type { SpanLinked } from "../observation.ts";
import type { Need } from "../otlp/limits/needs.ts";
import type { Folded, FoldedFlow } from "../sqlite/folded.ts";
import { flowFrom, packFlow } from "../sqlite/rows/flow-bytes.ts";
import { type NumberedTexts, Packer, type TextNumbers, Unpacker } from "../sqlite/rows/packer.ts";
import type { ShortReceipt } from "./calls.ts";

interface Said {
  /** What its sender is told once it is kept. */
  receipt: ShortReceipt;
  /** What it would use of whose limits. */
  needs: Need[];
  /** How many it is of. */
  observations: number;
}

export interface MessageToFold extends Said {
  gathered: Gathered;
  texts: MessageTexts;
}

/** The texts of the store, as far as they are known where it is folded. */
export interface MessageTexts extends TextNumbers {
  /** Those that came again in messages before, and were not kept, each told once. */
  takeRepeated(): string[];
}

export interface FoldedMessage extends Said, Folded {}

/** What repeats in a message is told by its place in it. */
const NO_TEXTS = { numberOf: () => undefined, textOf: () => "" };

const packer = new Packer(NO_TEXTS);

export function packMessage({ receipt, needs, observations, gathered, texts }: MessageToFold): Uint8Array {
  const flows = [...gathered.flows];
  const definitions = definitionsOf(flows);
  const numbers = { numberOf: (text: string) => definitions.get(text) as number, textOf: () => "" };
  return packer.pack((to) => {
    to.text(JSON.stringify(receipt));
    to.uint(observations);
    packEach(to, needs, packNeed);
    packEach(to, gathered.heard, packHeard);
    packEach(to, gathered.links, packLink);
    packEach(to, texts.takeRepeated(), packText);
    packEach(to, [...definitions.keys()], packText);
    packEach(to, flows, (_, flow) => {
      to.text(flow.key.tenant);
      to.text(flow.key.id);
      to.apart(texts, () => packFlow(to, flow, numbers));
    });
  });
}

export function unpackMessage(bytes: Uint8Array): FoldedMessage {
  const from = new Unpacker(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), NO_TEXTS);
  return {
    receipt: JSON.parse(from.text()) as ShortReceipt,
    observations: from.uint(),
    needs: eachFrom(from, needFrom),
    read: (texts) => ({
      heard: eachFrom(from, heardFrom),
      links: eachFrom(from, linkFrom),
      repeated: eachFrom(from, textFrom),
      flows: flowsFrom(from, texts),
    }),
  };
}

/** One after the other: a message may hold as much as the memory for many. */
function* flowsFrom(from: Unpacker, texts: NumberedTexts): Generator<FoldedFlow> {
  const definitions = eachFrom(from, textFrom);
  const numbers = { textOf: (number: number) => definitions[number] ?? "", numberOf: () => 0 };
  for (let left = from.uint(); left > 0; left--) {
    const key = { tenant: from.text(), id: from.text() };
    const [state, packed] = from.apart(texts, () => flowFrom(from, key, numbers));
    // A row tells its definition by a number of the store's, a message by one of its own.
    yield { state, packed: state.facts.definition === null ? packed : undefined };
  }
}

function definitionsOf(flows: readonly FlowState[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const { facts } of flows) {
    const text = facts.definition?.value;
    if (text !== undefined && !numbers.has(text)) numbers.set(text, numbers.size);
  }
  return numbers;
}

function packEach<T>(to: Packer, items: readonly T[], pack: (to: Packer, item: T) => void): void {
  to.uint(items.length);
  for (const item of items) pack(to, item);
}

function eachFrom<T>(from: Unpacker, read: (from: Unpacker) => T): T[] {
  const items: T[] = [];
  for (let left = from.uint(); left > 0; left--) items.push(read(from));
  return items;
}

function packText(to: Packer, text: string): void {
  to.text(text);
}

function textFrom(from: Unpacker): string {
  return from.text();
}

function packNeed(to: Packer, { tenant, spans, flowNames, labelKeys, opens }: Need): void {
  to.text(tenant);
  to.uint(spans);
  packEach(to, flowNames, packText);
  packEach(to, labelKeys, packText);
  packEach(to, opens, packText);
}

function needFrom(from: Unpacker): Need {
  return {
    tenant: from.text(),
    spans: from.uint(),
    flowNames: eachFrom(from, textFrom),
    labelKeys: eachFrom(from, textFrom),
    opens: eachFrom(from, textFrom),
  };
}

function packHeard(to: Packer, { instance, service, intervalMs }: Heard): void {
  to.text(instance);
  to.text(service);
  to.uint(intervalMs ?? 0);
}

function heardFrom(from: Unpacker): Heard {
  return { instance: from.text(), service: from.maybeText(), intervalMs: from.uint() || null };
}

function packLink(to: Packer, { spanId, parentSpanId, at }: SpanLinked): void {
  to.text(spanId);
  to.text(parentSpanId);
  to.time(at);
}

function linkFrom(from: Unpacker): SpanLinked {
  return { kind: "span-linked", spanId: from.text(), parentSpanId: from.text(), at: from.time() };
}
