/** Counting flows by status and by health, as far as that is worth its time. */
import type { Health, Status } from "../flow.ts";
import { type FlowCount, noFlows } from "../store.ts";

/** Nobody reads the difference beyond. */
const MOST_COUNTED = 10_000;

export interface Counted {
  status: Status;
  /** `null` once it has ended. */
  health: Health | null;
}

export class FlowTally {
  readonly #count = noFlows();
  readonly #isLate: () => boolean;
  #isFull = false;

  /** @param isLate whether the time for this question is over. */
  constructor(isLate: () => boolean = () => false) {
    this.#isLate = isLate;
  }

  /** Nothing more is to be counted: there are enough, or it took long enough. */
  get isOver(): boolean {
    return this.#isFull || this.#isLate();
  }

  /** @param flow `null` where none was found up to a place. @returns whether to go on. */
  add(flow: Counted | null): boolean {
    if (flow !== null && flow.health !== null && this.#count.total < MOST_COUNTED) {
      this.#count.health[flow.health] += 1;
    }
    if (flow !== null) this.addEnded(flow.status, 1);
    return !this.isOver;
  }

  /** Many at once; of those beyond the bound none is. */
  addEnded(status: Status, flows: number): void {
    const room = Math.min(flows, MOST_COUNTED - this.#count.total);
    this.#count.total += room;
    this.#count.status[status] += room;
    if (room < flows) this.#isFull = true;
  }

  /** Many that need not be counted any more: all of them, however many. */
  addKnown(status: Status, flows: number): void {
    this.#count.total += flows;
    this.#count.status[status] += flows;
  }

  /** @param isWhole whether all were looked at. */
  done(isWhole: boolean): FlowCount {
    return { ...this.#count, complete: isWhole && !this.#isFull };
  }
}

/** Of a store that has all of them in hand. */
export function countFlows(flows: Iterable<Counted>): FlowCount {
  const tally = new FlowTally();
  for (const flow of flows) if (!tally.add(flow)) break;
  return tally.done(true);
}
