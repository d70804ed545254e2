/** When things happen: more by day than by night, more on Tuesday than on Sunday; reports while others sleep. */
import type { Micros } from "../flow.ts";
import type { Chance } from "./chance.ts";
import type { WorkflowPlan } from "./plan.ts";

const HOUR_US = 3_600_000_000;
/** By hour of the day, UTC. */
const OFFICE = [
  0.06, 0.05, 0.05, 0.05, 0.07, 0.14, 0.32, 0.66, 0.94, 1, 0.98, 0.9, 0.72, 0.86, 0.94, 0.9, 0.78, 0.6, 0.42,
  0.33, 0.27, 0.2, 0.13, 0.08,
];
const OFFICE_AT_WEEKENDS = 0.22;

interface Hour {
  from: Micros;
  to: Micros;
  /** Sum of the weights, up to and with this hour. */
  upTo: number;
  /** By workflow, in the order given: the same sum within the hour. */
  workflows: readonly number[];
}

export class Rhythm {
  readonly #workflows: readonly WorkflowPlan[];
  readonly #hours: Hour[] = [];

  constructor(workflows: readonly WorkflowPlan[], from: Micros, to: Micros) {
    this.#workflows = workflows;
    let upTo = 0;
    for (let at = from; at < to; ) {
      const end = Math.min(to, (Math.floor(at / HOUR_US) + 1) * HOUR_US);
      let sum = 0;
      const sums = workflows.map((plan) => {
        sum += plan.weight * strength(plan.rhythm, at);
        return sum;
      });
      upTo += (sum * (end - at)) / HOUR_US;
      this.#hours.push({ from: at, to: end, upTo, workflows: sums });
      at = end;
    }
  }

  /** The moment before which this share of everything happens. */
  when(share: number): Micros {
    const wanted = share * (this.#hours.at(-1) as Hour).upTo;
    const at = this.#first(({ upTo }) => upTo >= wanted);
    const hour = this.#hours[at] as Hour;
    const before = this.#hours[at - 1]?.upTo ?? 0;
    return Math.floor(
      hour.from + Math.min(1, (wanted - before) / (hour.upTo - before)) * (hour.to - hour.from),
    );
  }

  /** What begins at a moment. */
  pick(at: Micros, chance: Chance): WorkflowPlan {
    const hour = this.#hours[this.#first(({ to }) => to > at)] as Hour;
    const wanted = chance.share() * (hour.workflows.at(-1) as number);
    return this.#workflows[hour.workflows.findIndex((upTo) => upTo > wanted)] as WorkflowPlan;
  }

  /** Where the first hour is of which this holds, as it does of all after it; the last, where of none. */
  #first(holds: (hour: Hour) => boolean): number {
    let low = 0;
    let high = this.#hours.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.#hours[middle] as Hour)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function strength(rhythm: WorkflowPlan["rhythm"], at: Micros): number {
  if (rhythm === "always") return 0.5;
  const date = new Date(at / 1000);
  const hour = date.getUTCHours();
  if (rhythm === "night") return hour >= 1 && hour < 5 ? 2.4 : 0.01;
  const weekend = date.getUTCDay() % 6 === 0;
  return (OFFICE[hour] as number) * (weekend ? OFFICE_AT_WEEKENDS : 1);
}
