/**
 * How a run is seen: as a flow with the run's own id, its units of work as steps. The id of a step is worked out from the
 * run, the place and the attempt, so that a process which goes on with a run opens and ends the very steps that the one
 * before it had open: on the page it is one flow, with the gap between the two in it. What is replayed from the journal is
 * no work and gives no step; an event says where a run was taken up again.
 */
import { hash } from "node:crypto";
import type { StepKind } from "../attributes.ts";
import { diagnoseInternal } from "../diagnostics.ts";
import { flow } from "../flow.ts";
import { INERT_STEP } from "../inert.ts";
import { scopeOf } from "../scope.ts";
import { StepRun } from "../step-run.ts";
import { nameText } from "../text.ts";
import type { FlowHandle, LabelValue, StepHandle, UserAttributes } from "../types.ts";

export interface RunSeen {
  runId: string;
  tenant: string;
  /** Of the flow. */
  name: string;
  labels?: Record<string, LabelValue> | undefined;
  /** Where it goes on instead of being begun. */
  resumed?: Resumed | undefined;
}

export interface Resumed {
  /** Of the run. */
  attempt: number;
  /** How many units of work are in the journal, and will be replayed. */
  journaled: number;
  /** The process before did not give it back. */
  takenOver: boolean;
}

/**
 * Opens the flow of a run in this process. Disposing of the handle leaves the flow open, as for a run that is parked; `end`,
 * `fail` and `cancel` end it.
 *
 * @example
 * using seen = openRunFlow({ runId: "job-42", tenant: "acme-corp", name: "fetch_data" });
 * await seen.run(() => work());
 * seen.end();
 */
export function openRunFlow({ runId, tenant, name, labels, resumed }: RunSeen): FlowHandle {
  const handle = flow.open({ id: runId, tenant, name, labels, endOnExit: false });
  if (resumed !== undefined)
    handle.event(resumed.takenOver ? "taken over" : "resumed", {
      attempt: resumed.attempt,
      journaled: resumed.journaled,
    });
  return handle;
}

export interface UnitSeen {
  runId: string;
  /** See `path.ts`. */
  path: string;
  /** From 1. */
  attempt: number;
  /** Shown. */
  name: string;
  /** `sleep` and `wait`: no process runs it while it is open. Default `step`. */
  kind?: StepKind | undefined;
  attributes?: UserAttributes | undefined;
  /** `true`: its failure does not fail the flow. */
  optional?: boolean | undefined;
  /** `true`: a process before has said that it is open, as the journal knows of a sleep or a wait; only its end is to be said. */
  isOpen?: boolean | undefined;
}

/**
 * Opens the step of a unit of work, in the flow and step around. Disposing of the handle leaves it open. Outside a flow it
 * does nothing. Never throws.
 *
 * @example
 * using step = openUnitStep({ runId, path, attempt: 1, name: "charge" });
 * const value = await step.run(fn);
 * step.end();
 */
export function openUnitStep(unit: UnitSeen): StepHandle {
  const outer = scopeOf();
  if (outer === undefined) return INERT_STEP;
  try {
    const name = nameText(unit.name, "run: the key of a step");
    if (name === undefined) return INERT_STEP;
    const id = unitStepId(unit);
    if (unit.isOpen === true) return new StepRun(outer.flow, id, name);
    const { attributes, attempt, optional, kind = "step" } = unit;
    return StepRun.open(name, { attributes, attempt, optional, endOnExit: false }, outer, { id, kind });
  } catch (error) {
    diagnoseInternal("opening the step of a run", error);
    return INERT_STEP;
  }
}

/** The same in every process. @example unitStepId({ runId: "job-42", path: "/charge", attempt: 1 }); // 16 hex characters */
function unitStepId({ runId, path, attempt }: Pick<UnitSeen, "runId" | "path" | "attempt">): string {
  return hash("sha256", `${runId}\n${path}\n${attempt}`).slice(0, 16);
}
