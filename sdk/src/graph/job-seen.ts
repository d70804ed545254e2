/** How a job is seen: a flow, each attempt of a delivery a step in it, what is emitted an event. Nothing without `setup()`. */
import type { EndStatus } from "../attributes.ts";
import { describeError, isAbort } from "../errors.ts";
import {
  abortError,
  type Ended,
  hasEnded,
  openRunFlow,
  openUnitStep,
  pauseRunFlow,
  sayRunAgain,
  sayUnitAgain,
  type UnitSeen,
} from "../run/index.ts";
import { runtime } from "../runtime.ts";
import type { FlowHandle, StepHandle } from "../types.ts";
import type { Attempt } from "./attempt.ts";
import type { JobData } from "./job-data.ts";
import type { Plan } from "./plan.ts";
import { unitOf } from "./unit.ts";
import { verdictOn } from "./verdict.ts";

type Facts = Pick<JobData, "id" | "tenant" | "labels" | "graph">;

export interface Resumption {
  /** The process before did not give it back. */
  readonly takenOver: boolean;
  /** How many deliveries are finished. */
  readonly finished: number;
}

/** What became of an attempt, as the journal knows it. */
export type SaidAgain = Omit<UnitSeen, "runId"> & Ended;

export class JobSeen {
  readonly #runId: string;
  readonly #flow: FlowHandle;

  private constructor(runId: string, flow: FlowHandle) {
    this.#runId = runId;
    this.#flow = flow;
  }

  /** @returns `undefined` where nobody looks: then deliveries cost nothing for being seen */
  static open(
    { id: runId, tenant, labels, graph }: Facts,
    plan: Plan,
    resumed: Resumption | undefined,
  ): JobSeen | undefined {
    if (runtime() === undefined) return undefined;
    const flow = openRunFlow({
      runId,
      tenant,
      name: graph.name,
      labels,
      definition: plan.definition,
      resumed: resumed && { attempt: 1, journaled: resumed.finished, takenOver: resumed.takenOver },
    });
    return new JobSeen(runId, flow);
  }

  openStep({ given, node }: Attempt): StepHandle {
    return this.#flow.run(() =>
      openUnitStep({
        ...unitOf(this.#runId, given),
        attempt: given.attempts,
        name: given.slot.key,
        node: node.id,
        edge: given.edge?.id,
        // What is skipped does not fail the job, and must not fail its flow.
        optional: verdictOn(node) === "skip" ? true : undefined,
        attributes: { delivery: given.n },
      }),
    );
  }

  succeeded({ given, node, emitted, step }: Attempt): void {
    step?.end();
    for (const [event, deliveries] of emitted)
      this.#flow.event(`${node.id}.${event}`, { deliveries, delivery: given.n });
  }

  /** The process before may have died before it sent that; a step that is said twice is one step. */
  sayAgain(said: readonly SaidAgain[]): void {
    this.#flow.run(() => sayUnits(this.#runId, said));
  }

  paused(reason: string | undefined): void {
    pauseRunFlow(this.#flow, reason);
    this.leave();
  }

  ended(status: EndStatus, error: unknown): void {
    if (status === "succeeded") this.#flow.end();
    else if (status === "failed") this.#flow.fail(error);
    else this.#flow.cancel(describeError(error).message);
  }

  /** It goes on elsewhere. */
  leave(): void {
    this.#flow[Symbol.dispose]();
  }
}

/** The end of a job that ended in another process, which may have died before it sent that. */
export function sayEndAgain(plan: Plan, data: JobData, said: readonly SaidAgain[]): void {
  const { id: runId, tenant, labels, status, createdAt: startedAt, endedAt } = data;
  if (!hasEnded(status) || endedAt === undefined) return;
  const error = status === "cancelled" ? abortError(data.reason ?? "cancelled") : data.error;
  const { name, definition } = plan;
  sayRunAgain({ runId, tenant, name, labels, definition, status, error, startedAt, endedAt }, () =>
    sayUnits(runId, said),
  );
}

function sayUnits(runId: string, said: readonly SaidAgain[]): void {
  for (const unit of said) sayUnitAgain({ runId, ...unit }, undefined);
}

export function stepFailed(step: StepHandle, error: unknown): void {
  if (isAbort(error)) step.cancel(describeError(error).message);
  else step.fail(error);
}
