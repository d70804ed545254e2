/**
 * The deliveries of a job that wait, in the order in which they were sent: first come, first served over all routines. A slot that
 * handles no more at once keeps its own aside, in their order; what is joined or batched is kept back until it is complete.
 */
import type { Delivery } from "./delivery.ts";
import { CycleBound } from "./errors/cycle-bound.ts";
import { Fifo } from "./fifo.ts";
import { gathererFor } from "./gather.ts";
import type { Gatherer } from "./gatherer.ts";
import type { Plan, SlotOfNode } from "./plan.ts";

/** The next one, and what is to be done with it. `fail`: it is not handled. */
export type Next =
  | { readonly kind: "handle"; readonly delivery: Delivery }
  | { readonly kind: "fail"; readonly delivery: Delivery; readonly error: unknown }
  | { readonly kind: "late"; readonly delivery: Delivery };

/** A slot that handles so many at once at most. */
interface Lane {
  running: number;
  readonly aside: Fifo<Delivery>;
}

export class Waiting {
  readonly #plan: Plan;
  readonly #now: () => number;
  /** Older than all of the queue: given back, or let in by their lane. */
  readonly #first = new Fifo<Delivery>();
  readonly #queue = new Fifo<Delivery>();
  readonly #lanes = new Map<SlotOfNode, Lane>();
  readonly #gatherers = new Map<SlotOfNode, Gatherer>();

  constructor(plan: Plan, now: () => number) {
    this.#plan = plan;
    this.#now = now;
  }

  /** Of what can be begun, as far as lanes allow. */
  get size(): number {
    return this.#first.size + this.#queue.size;
  }

  push(delivery: Delivery): void {
    this.#queue.push(delivery);
  }

  /** It was taken, and is to be handled anew, before all others. */
  giveBack(deliveries: readonly Delivery[]): void {
    const older = [...deliveries, ...this.#first].sort((a, b) => a.n - b.n);
    while (this.#first.shift() !== undefined);
    for (const each of older) this.#first.push(each);
  }

  take(): Next | undefined {
    for (;;) {
      const delivery = this.#first.shift() ?? this.#queue.shift();
      if (delivery === undefined) return undefined;
      const next = this.#considered(delivery);
      if (next !== undefined) return next;
    }
  }

  /** One that was taken to be handled, or to fail, is finished or given back. */
  ended({ slot }: Delivery): void {
    const lane = this.#lanes.get(slot);
    if (lane === undefined) return;
    lane.running -= 1;
    const next = lane.aside.shift();
    if (next !== undefined) this.#first.push(next);
  }

  settled(delivery: Delivery): void {
    if (delivery.parts !== undefined) this.#gatherers.get(delivery.slot)?.settled(delivery);
  }

  /** When something that is kept back has waited long enough, in milliseconds since the epoch. */
  nextAt(): number | undefined {
    let next: number | undefined;
    for (const gatherer of this.#gatherers.values()) {
      const at = gatherer.nextAt();
      if (at !== undefined && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  /** Lets go what has waited long enough. */
  releaseDue(): Next[] {
    const now = this.#now();
    return [...this.#gatherers.values()].flatMap((gatherer) => this.#released(gatherer, now));
  }

  /** Lets go what is kept back, as nothing more can come to it: first where nothing of what is let go elsewhere can come to. */
  releaseRest(): Next[] {
    const keeping = [...this.#gatherers].filter(([, gatherer]) => gatherer.kept().length > 0);
    const slots = keeping.map(([slot]) => slot);
    const [, first] =
      keeping.find(([slot]) => !slots.some((other) => other !== slot && this.#leads(other, slot))) ??
      keeping[0] ??
      [];
    return first === undefined ? [] : this.#released(first, Number.POSITIVE_INFINITY);
  }

  restart(): void {
    for (const gatherer of this.#gatherers.values()) gatherer.restart();
  }

  /** All of them, each part of what was joined or batched by itself. */
  all(inHand: Iterable<Delivery>): Delivery[] {
    const all: Delivery[] = [];
    const add = (delivery: Delivery) => {
      if (delivery.parts === undefined) all.push(delivery);
      else all.push(...delivery.parts);
    };
    for (const delivery of inHand) add(delivery);
    for (const delivery of this.#first) add(delivery);
    for (const { aside } of this.#lanes.values()) for (const delivery of aside) add(delivery);
    for (const gatherer of this.#gatherers.values()) for (const delivery of gatherer.kept()) add(delivery);
    for (const delivery of this.#queue) add(delivery);
    return all.sort((a, b) => a.n - b.n);
  }

  gathering(): [slot: string, data: unknown][] {
    return [...this.#gatherers].map(([{ key }, gatherer]) => [key, gatherer.data()]);
  }

  loadGathering(data: readonly [slot: string, data: unknown][]): void {
    for (const [key, each] of data) {
      const slot = this.#plan.slots.get(key);
      if (slot !== undefined && each !== undefined) this.#gathererOf(slot)?.load(each);
    }
  }

  #considered(delivery: Delivery): Next | undefined {
    const { slot, edge, turns, parts } = delivery;
    const { join, batch } = slot.parts;
    if (edge?.maxTurns !== undefined && (turns?.[edge.id] ?? 0) > edge.maxTurns)
      return this.#let({ kind: "fail", delivery, error: new CycleBound(edge.id, edge.maxTurns) });
    if (parts !== undefined || (join === undefined && batch === undefined))
      return this.#let({ kind: "handle", delivery });
    try {
      const gathered = (this.#gathererOf(slot) as Gatherer).add(delivery);
      if (gathered.kind === "kept") return undefined;
      if (gathered.kind === "late") return { kind: "late", delivery };
      return this.#let({ kind: "handle", delivery: gathered.delivery });
    } catch (error) {
      return this.#let({ kind: "fail", delivery, error });
    }
  }

  /** As far as its slot handles another one now. */
  #let(next: Next): Next | undefined {
    const { slot } = next.delivery;
    const { concurrency } = slot.parts;
    if (concurrency === Number.POSITIVE_INFINITY) return next;
    let lane = this.#lanes.get(slot);
    if (lane === undefined) {
      lane = { running: 0, aside: new Fifo() };
      this.#lanes.set(slot, lane);
    }
    if (lane.running >= concurrency) {
      lane.aside.push(next.delivery);
      return undefined;
    }
    lane.running += 1;
    return next;
  }

  #released(gatherer: Gatherer, now: number): Next[] {
    return gatherer.release(now).flatMap(({ delivery, error }): Next[] => {
      // A lane may keep it aside; what fails needs none.
      if (error === undefined)
        return [this.#let({ kind: "handle", delivery })].filter((next) => next !== undefined);
      const lane = this.#lanes.get(delivery.slot);
      if (lane !== undefined) lane.running += 1;
      return [{ kind: "fail", delivery, error }];
    });
  }

  #gathererOf(slot: SlotOfNode): Gatherer | undefined {
    let gatherer = this.#gatherers.get(slot);
    if (gatherer === undefined) {
      gatherer = gathererFor(slot, this.#now);
      if (gatherer !== undefined) this.#gatherers.set(slot, gatherer);
    }
    return gatherer;
  }

  /** Whether what is sent at one slot's routine may come to another slot. */
  #leads(from: SlotOfNode, to: SlotOfNode): boolean {
    const seen = new Set<string>([from.node.id]);
    const left = [from.node.id];
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      for (const edge of [...(this.#plan.nodes.get(id)?.edges.values() ?? [])].flat()) {
        if (edge.target === to) return true;
        const next = edge.target.node.id;
        if (!seen.has(next)) {
          seen.add(next);
          left.push(next);
        }
      }
    }
    return false;
  }
}
