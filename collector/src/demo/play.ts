/** Plays a workflow once: from its description to a flow, and to those that it opens. */
import type { EndStatus, FlowError, FlowKey, Micros } from "../flow.ts";
import type { Chance } from "./chance.ts";
import { type DemoFlow, type DemoStep, NEVER, type Process } from "./demo-flow.ts";
import { failure } from "./errors.ts";
import type { StepPlan, WorkflowPlan } from "./plan.ts";
import type { DemoTenant } from "./tenants.ts";

/**
 * What comes between a flow and its end, at one of its steps. `hang`: the step does not end. `die`: neither does its
 * process go on. `pause`, `cancel`: somebody wants it so.
 */
export type Halt = "hang" | "die" | "pause" | "cancel";

/** What a flow is played in. */
export interface Stage {
  chance: Chance;
  tenant: DemoTenant;
  workflow: (name: string) => WorkflowPlan;
  /** The share of a step's attempts that fail at a moment. */
  failing: (step: StepPlan, at: Micros) => number;
  /** A process of a service, as there was one at a moment. */
  processAt: (service: string, at: Micros, chance: Chance) => Process;
}

interface Outcome {
  endedAt: Micros;
  /** `null`: it went well. */
  bad: { status: EndStatus; error: FlowError | null } | null;
}

/** How often a process that will die is heard of. */
const HEARTBEAT_MS = 10_000;
const BETWEEN_STEPS_US = 900;
const DEFAULT_SPREAD = 0.5;

/** @returns the flow and those it opened, itself first. */
export function play(
  plan: WorkflowPlan,
  stage: Stage,
  startedAt: Micros,
  halt: Halt | null = null,
  parent: FlowKey | null = null,
): DemoFlow[] {
  return new Play(plan, stage, startedAt, halt, parent).all();
}

class Play {
  readonly #plan: WorkflowPlan;
  readonly #stage: Stage;
  readonly #flow: DemoFlow;
  readonly #opened: DemoFlow[] = [];
  readonly #processes = new Map<string, Process>();
  readonly #halt: Halt | null;
  /** Steps with nothing in them that are still to come before it halts. */
  #untilHalt: number;

  constructor(
    plan: WorkflowPlan,
    stage: Stage,
    startedAt: Micros,
    halt: Halt | null,
    parent: FlowKey | null,
  ) {
    const { chance, tenant } = stage;
    this.#plan = plan;
    this.#stage = stage;
    this.#halt = halt;
    this.#untilHalt = halt === null ? -1 : chance.whole(0, leaves(plan.steps) - 1);
    const by = this.#process(plan.service, startedAt);
    const environment = chance.happens(0.96) ? "production" : "staging";
    this.#flow = {
      key: { tenant: tenant.name, id: chance.uuid(startedAt / 1000) },
      spanId: chance.spanId(),
      traceId: chance.spanId() + chance.spanId(),
      name: plan.name,
      labels: { env: environment, region: tenant.region, ...plan.labels(chance) },
      by,
      endedBy: by,
      startedAt,
      endedAt: NEVER,
      pausedAt: NEVER,
      status: "succeeded",
      error: null,
      parent,
      definition: plan.definition ?? null,
      steps: [],
      events: [],
    };
  }

  all(): DemoFlow[] {
    const flow = this.#flow;
    const { endedAt, bad } = this.#inOrder(this.#plan.steps, null, flow.startedAt);
    flow.endedAt = endedAt === NEVER ? NEVER : endedAt + this.#micros(2, 0.4);
    if (bad !== null) ({ status: flow.status, error: flow.error } = bad);
    flow.endedBy = flow.steps.at(-1)?.by ?? flow.by;
    this.#noteEvent();
    return [flow, ...this.#opened];
  }

  #inOrder(plans: readonly StepPlan[], parentId: string | null, from: Micros): Outcome {
    let at = from;
    for (const plan of plans) {
      const { endedAt, bad } = this.#tried(plan, parentId, at);
      if (bad !== null || endedAt === NEVER) return { endedAt, bad };
      at = endedAt;
    }
    return { endedAt: at, bad: null };
  }

  #sideBySide(plans: readonly StepPlan[], parentId: string, from: Micros): Outcome {
    const outcomes = plans.map((plan) => this.#tried(plan, parentId, from));
    const endedAt = Math.max(from, ...outcomes.map((each) => each.endedAt));
    return { endedAt, bad: outcomes.find(({ bad }) => bad !== null)?.bad ?? null };
  }

  /** With all its attempts. */
  #tried(plan: StepPlan, parentId: string | null, from: Micros): Outcome {
    const { chance } = this.#stage;
    if (plan.share !== undefined && !chance.happens(plan.share)) return { endedAt: from, bad: null };
    const attempts = plan.attempts ?? 1;
    let at = from;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = this.#attempt(plan, parentId, at + this.#between(), attempt);
      if (outcome.bad?.status !== "failed" || outcome.endedAt === NEVER) return outcome;
      if (attempt < attempts) {
        at =
          outcome.endedAt +
          (plan.retryMs ?? 1_000) * 1000 * 2 ** (attempt - 1) * (0.8 + 0.4 * chance.share());
        at = Math.floor(at);
        continue;
      }
      return plan.optional === true ? { endedAt: outcome.endedAt, bad: null } : outcome;
    }
  }

  #attempt(plan: StepPlan, parentId: string | null, startedAt: Micros, attempt: number): Outcome {
    const { chance } = this.#stage;
    const by = this.#process(plan.service, startedAt);
    const step: DemoStep = {
      id: chance.spanId(),
      parentId,
      kind: plan.kind ?? "step",
      name: plan.name,
      attempt,
      optional: plan.optional ?? false,
      by,
      startedAt,
      endedAt: NEVER,
      status: "succeeded",
      attributes: plan.attributes?.(chance) ?? {},
      error: null,
      node: plan.node ?? null,
      edge: plan.edge ?? null,
    };
    this.#flow.steps.push(step);
    const own = startedAt + this.#micros(plan.medianMs, plan.spread ?? DEFAULT_SPREAD);
    const outcome = this.#within(plan, step, own);
    const { endedAt, bad } = outcome;
    // Work that was handed on outlasts the wait for someone to pick it up.
    if (plan.kind === "queue" && plan.steps !== undefined) {
      step.endedAt = own;
      return outcome;
    }
    step.endedAt = endedAt;
    if (bad !== null) ({ status: step.status, error: step.error } = bad);
    return outcome;
  }

  #within(plan: StepPlan, step: DemoStep, at: Micros): Outcome {
    if (plan.opens !== undefined) return this.#open(plan.opens, at);
    if (plan.steps === undefined) return this.#leaf(plan, step, at);
    return plan.parallel === true
      ? this.#sideBySide(plan.steps, step.id, at)
      : this.#inOrder(plan.steps, step.id, at);
  }

  #leaf(plan: StepPlan, step: DemoStep, endedAt: Micros): Outcome {
    const { chance, failing } = this.#stage;
    if (this.#untilHalt >= 0 && this.#untilHalt-- === 0) return this.#halts(step, endedAt);
    const { errors } = plan;
    if (errors === undefined || !chance.happens(failing(plan, step.startedAt))) return { endedAt, bad: null };
    const error = failure(chance.pick(errors), plan.service, chance);
    return { endedAt, bad: { status: "failed", error } };
  }

  #halts(step: DemoStep, endedAt: Micros): Outcome {
    switch (this.#halt) {
      case "cancel":
        return { endedAt, bad: { status: "cancelled", error: null } };
      case "pause":
        this.#flow.pausedAt = endedAt;
        return { endedAt: NEVER, bad: null };
      case "die":
        step.by = {
          ...step.by,
          instance: `${step.by.instance}-${step.id.slice(0, 4)}`,
          heartbeatMs: HEARTBEAT_MS,
        };
        return { endedAt: NEVER, bad: null };
      default:
        return { endedAt: NEVER, bad: null };
    }
  }

  /** One after another, each as quick as it is. */
  #open({ workflow, least, most }: NonNullable<StepPlan["opens"]>, from: Micros): Outcome {
    const { chance, workflow: find } = this.#stage;
    let endedAt = from;
    for (let n = chance.whole(least, most); n > 0 && endedAt !== NEVER; n -= 1) {
      const flows = play(find(workflow), this.#stage, endedAt, null, this.#flow.key);
      this.#opened.push(...flows);
      endedAt = (flows[0] as DemoFlow).endedAt;
    }
    return { endedAt, bad: null };
  }

  #noteEvent(): void {
    const { event } = this.#plan;
    const first = this.#flow.steps[0];
    if (event === undefined || first === undefined || first.endedAt === NEVER) return;
    const { chance } = this.#stage;
    this.#flow.events.push({
      spanId: chance.spanId(),
      name: event.name,
      at: first.endedAt,
      attributes: event.attributes(chance),
    });
  }

  /** The same of a service for the whole flow. */
  #process(service: string, at: Micros): Process {
    const known = this.#processes.get(service);
    if (known !== undefined) return known;
    const { processAt, chance } = this.#stage;
    const found = processAt(service, at, chance);
    this.#processes.set(service, found);
    return found;
  }

  #between(): Micros {
    return 100 + Math.floor(this.#stage.chance.share() * BETWEEN_STEPS_US);
  }

  #micros(medianMs: number, spread: number): Micros {
    return Math.ceil(this.#stage.chance.logNormal(medianMs, spread) * 1000);
  }
}

function leaves(steps: readonly StepPlan[]): number {
  return steps.reduce((sum, { steps: within }) => sum + (within === undefined ? 1 : leaves(within)), 0);
}
