/** Flows of the demo, in the order of their beginning. */
import type { Micros } from "../flow.ts";
import { Chance } from "./chance.ts";
import type { DemoFlow, Process } from "./demo-flow.ts";
import { Halts, haltEvery } from "./halts.ts";
import type { StepPlan, WorkflowPlan } from "./plan.ts";
import { type Halt, play, type Stage } from "./play.ts";
import { Rhythm } from "./rhythm.ts";
import { Tenants } from "./tenants.ts";
import { Trouble } from "./trouble.ts";
import { WORKFLOWS } from "./workflows/index.ts";

export interface DemoOptions {
  flows: number;
  tenants: number;
  /** The last of them up to `now`. */
  days: number;
  /** The same seed gives the same flows, but for the time. */
  seed: number;
  now: Micros;
  /** Default: those of the demo. */
  workflows?: readonly WorkflowPlan[];
}

const DAY_US = 86_400_000_000;
/** Only of late does something stand: what stood for weeks someone would have seen to. */
const HALTED_SINCE_US = DAY_US;
const LIVE_HALT_EVERY = 400;
/** Each service runs as so many processes, that live for a week. */
const PROCESSES = 3;

/**
 * @example for (const flow of demoFlows({ flows: 1000, tenants: 20, days: 7, seed: 1, now })) observations.push(...observationsOf(flow, now));
 */
export function* demoFlows(options: DemoOptions): Generator<DemoFlow> {
  const { flows, days, now, seed, workflows = WORKFLOWS } = options;
  const from = now - days * DAY_US;
  const chance = new Chance(seed);
  const trouble = new Trouble(workflows, from, now, chance);
  const rhythm = new Rhythm(workflows, from, now);
  const player = new Player(options, chance, (step, at) => trouble.failing(step, at));
  const halts = new Halts(haltEvery(flows, Math.min(1, HALTED_SINCE_US / (days * DAY_US))));
  for (let made = 0; made < flows; ) {
    const at = rhythm.when((made + chance.share()) / flows);
    const plan = rhythm.pick(at, chance);
    const halt = halts.next(plan, at > now - HALTED_SINCE_US, chance);
    // Those that it opens may begin later than now.
    const begun = player.play(plan, at, halt).filter(({ startedAt }) => startedAt <= now);
    for (const flow of begun.slice(0, flows - made)) {
      made += 1;
      yield flow;
    }
  }
}

/** Flows that begin one by one, when somebody asks for the next: for a page that is to move. */
export function liveFlows(options: Omit<DemoOptions, "flows" | "days" | "now">): (at: Micros) => DemoFlow[] {
  const { seed, workflows = WORKFLOWS } = options;
  // Others than those of the past.
  const chance = new Chance(seed ^ 0x5bf03635);
  const player = new Player(options, chance, (step) => step.fails ?? 0);
  const weights = workflows.map(({ weight }) => weight);
  const halts = new Halts(LIVE_HALT_EVERY);
  return (at) => {
    const plan = weighted(workflows, weights, chance);
    return player.play(plan, at, halts.next(plan, true, chance));
  };
}

class Player {
  readonly #stage: Omit<Stage, "tenant">;
  readonly #tenants: Tenants;

  constructor(
    { tenants, seed, workflows = WORKFLOWS }: Pick<DemoOptions, "tenants" | "seed" | "workflows">,
    chance: Chance,
    failing: (step: StepPlan, at: Micros) => number,
  ) {
    this.#tenants = new Tenants(tenants);
    const byName = new Map(workflows.map((plan) => [plan.name, plan]));
    const workflow = (name: string) => byName.get(name) as WorkflowPlan;
    this.#stage = { chance, workflow, failing, processAt: processesOf(seed) };
  }

  play(plan: WorkflowPlan, at: Micros, halt: Halt | null): DemoFlow[] {
    const tenant = this.#tenants.pick(this.#stage.chance);
    return play(plan, { ...this.#stage, tenant }, at, halt);
  }
}

function processesOf(seed: number): Stage["processAt"] {
  const known = new Map<string, Process>();
  return (service, at, chance) => {
    const week = Math.floor(at / (7 * DAY_US));
    const number = chance.whole(1, PROCESSES);
    const name = `${service}-${((seed * 7919 + week * 104_729) >>> 0).toString(36).slice(-5)}-${number}`;
    const process = known.get(name) ?? { service, instance: name, heartbeatMs: null };
    known.set(name, process);
    return process;
  };
}

function weighted<T>(list: readonly T[], weights: readonly number[], chance: Chance): T {
  let wanted = chance.share() * weights.reduce((sum, weight) => sum + weight, 0);
  const at = weights.findIndex((weight) => {
    wanted -= weight;
    return wanted < 0;
  });
  return list[Math.max(0, at)] as T;
}
