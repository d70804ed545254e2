/** Spells in which one service fails more than usual, as after a bad release: some in each week, one going on now. */
import type { Micros } from "../flow.ts";
import type { Chance } from "./chance.ts";
import type { StepPlan, WorkflowPlan } from "./plan.ts";

const HOUR_US = 3_600_000_000;
const DAYS_BETWEEN = 0.7;

interface Spell {
  step: StepPlan;
  from: Micros;
  to: Micros;
  fails: number;
}

export class Trouble {
  readonly #spells = new Map<StepPlan, Spell[]>();

  constructor(workflows: readonly WorkflowPlan[], from: Micros, to: Micros, chance: Chance) {
    const steps = workflows.flatMap((plan) => weakSteps(plan.steps));
    if (steps.length === 0) return;
    for (let at = from; at < to; at += chance.share() * 2 * DAYS_BETWEEN * 24 * HOUR_US) {
      this.#add(chance, steps, at, chance.logNormal(1.5, 0.7) * HOUR_US);
    }
    this.#add(chance, steps, to - chance.whole(20, 80) * 60_000_000, 24 * HOUR_US);
  }

  /** The share of attempts of a step that fail at a moment. */
  failing(step: StepPlan, at: Micros): number {
    let share = step.fails ?? 0;
    for (const { from, to, fails } of this.#spells.get(step) ?? []) {
      if (at >= from && at < to) share = Math.max(share, fails);
    }
    return share;
  }

  #add(chance: Chance, steps: readonly StepPlan[], from: Micros, length: number): void {
    const step = chance.pick(steps);
    const spell = { step, from, to: from + length, fails: 0.25 + 0.6 * chance.share() };
    this.#spells.set(step, [...(this.#spells.get(step) ?? []), spell]);
  }
}

function weakSteps(steps: readonly StepPlan[]): StepPlan[] {
  return steps.flatMap((step) => [
    ...(step.errors === undefined ? [] : [step]),
    ...weakSteps(step.steps ?? []),
  ]);
}
