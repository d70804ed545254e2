/** What a memory store keeps: apart from the store, so that one may be closed and another opened on the same. */
import { type FlowKey, keyText, type Micros } from "../flow.ts";
import type { FlowState, Picture } from "../fold/index.ts";
import type { Instance } from "../health.ts";

export interface KeptFlow {
  /** In the order of arrival: flows of one start are listed by it. */
  pk: number;
  state: FlowState;
  picture: Picture;
}

export class Kept {
  readonly flows = new Map<string, KeptFlow>();
  readonly instances = new Map<string, Instance>();
  /** Spans that are none of ours → what they hang below, and when that arrived. */
  readonly links = new Map<string, { parent: string; at: Micros }>();
  /** Span → keys of the flows in which a step waits to learn what it hangs below. */
  readonly #waiting = new Map<string, Set<string>>();
  /** Key of a flow → keys of those that were opened in it. */
  readonly #children = new Map<string, Set<string>>();
  /** Flows, steps and events: what takes memory. */
  parts = 0;
  #lastPk = 0;

  put(key: string, state: FlowState, picture: Picture): KeptFlow {
    const before = this.flows.get(key);
    if (before !== undefined) this.#unlink(key, before);
    const flow = { pk: before?.pk ?? ++this.#lastPk, state, picture };
    this.flows.set(key, flow);
    this.parts += partsOf(picture);
    for (const span of picture.unplaced) addTo(this.#waiting, span, key);
    if (picture.summary.parent !== null) addTo(this.#children, keyText(picture.summary.parent), key);
    return flow;
  }

  remove(key: string): void {
    const flow = this.flows.get(key);
    if (flow === undefined) return;
    this.#unlink(key, flow);
    this.flows.delete(key);
  }

  waitingFor(span: string): string[] {
    return [...(this.#waiting.get(span) ?? [])];
  }

  childrenOf(key: FlowKey): KeptFlow[] {
    return [...(this.#children.get(keyText(key)) ?? [])].flatMap((child) => this.flows.get(child) ?? []);
  }

  #unlink(key: string, { picture }: KeptFlow): void {
    this.parts -= partsOf(picture);
    for (const span of picture.unplaced) takeFrom(this.#waiting, span, key);
    if (picture.summary.parent !== null) takeFrom(this.#children, keyText(picture.summary.parent), key);
  }
}

function partsOf({ steps, events }: Picture): number {
  return 1 + steps.length + events.length;
}

function addTo(sets: Map<string, Set<string>>, name: string, member: string): void {
  const set = sets.get(name);
  if (set === undefined) sets.set(name, new Set([member]));
  else set.add(member);
}

function takeFrom(sets: Map<string, Set<string>>, name: string, member: string): void {
  const set = sets.get(name);
  set?.delete(member);
  if (set?.size === 0) sets.delete(name);
}
