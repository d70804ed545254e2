/** Which flows do not come to their end: some also where there are few flows, and not thousands where there are many. */
import type { Chance } from "./chance.ts";
import type { WorkflowPlan } from "./plan.ts";
import type { Halt } from "./play.ts";

const IN_TURN: readonly Halt[] = ["hang", "die", "pause", "hang"];

export class Halts {
  readonly #every: number;
  readonly #wanted: Halt[] = [];
  #flows = 0;
  #halted = 0;

  /** One in `every` flows. */
  constructor(every: number) {
    this.#every = every;
  }

  /** What comes between a flow and its end, where it begins at a time of which someone still speaks. */
  next({ cancelled = 0, pausable = false }: WorkflowPlan, recent: boolean, chance: Chance): Halt | null {
    if (chance.happens(cancelled)) return "cancel";
    if (!recent) return null;
    this.#flows += 1;
    if (this.#flows % this.#every === 0) {
      this.#wanted.push(IN_TURN[this.#halted % IN_TURN.length] as Halt);
      this.#halted += 1;
    }
    const at = this.#wanted.findIndex((halt) => halt !== "pause" || pausable);
    return at === -1 ? null : (this.#wanted.splice(at, 1)[0] as Halt);
  }
}

/** So that there are a dozen of ten thousand flows, and a few of a hundred. */
export function haltEvery(flows: number, recentShare: number): number {
  const wanted = 12 + Math.sqrt(flows) / 20;
  return Math.max(5, Math.round((flows * recentShare) / wanted));
}
