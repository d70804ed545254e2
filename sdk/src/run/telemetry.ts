/**
 * How a run is seen: as a flow with the run's own id, its units of work as steps. The id of a step is worked out from the
 * run, the place and the attempt, so that a process which goes on with a run opens and ends the very steps that the one
 * before it had open: on the page it is one flow, with the gap between the two in it. What is replayed from the journal is
 * no work and gives no step; an event says where a run was taken up again.
 */
import { hash } from "node:crypto";
import { type Attributes, type Context, ROOT_CONTEXT } from "@opentelemetry/api";
import { ATTR, type EndStatus } from "../attributes.ts";
import { addDefinition } from "../definition.ts";
import { diagnoseInternal } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import { openDefined } from "../flow.ts";
import { FlowRun } from "../flow-run.ts";
import { INERT_STEP } from "../inert.ts";
import { type Runtime, runtimeFor } from "../runtime.ts";
import { scopeOf } from "../scope.ts";
import { endSpan } from "../spans.ts";
import { addAttempt, addPlacing, type Placing, StepRun, stepAttributes } from "../step-run.ts";
import { addLabelAttributes, addLabels, addUserAttributes, nameText } from "../text.ts";
import type { FlowHandle, LabelValue, StepHandle, UserAttributes } from "../types.ts";

export interface RunSeen {
  runId: string;
  tenant: string;
  /** Of the flow. */
  name: string;
  labels?: Record<string, LabelValue> | undefined;
  /** The shape of its workflow, see `definition.ts`: the same object for all its runs. */
  definition?: object | undefined;
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
export function openRunFlow({ runId, tenant, name, labels, definition, resumed }: RunSeen): FlowHandle {
  const handle = openDefined({ id: runId, tenant, name, labels, endOnExit: false }, definition);
  if (resumed !== undefined)
    handle.event(resumed.takenOver ? "taken over" : "resumed", {
      attempt: resumed.attempt,
      journaled: resumed.journaled,
    });
  return handle;
}

/**
 * Says that a run is paused. Dispose of the handle then; who resumes the run opens its flow again, by which it is seen running.
 *
 * @param reason shown
 * @example
 * pauseRunFlow(seen, "waits for the audit");
 * seen[Symbol.dispose]();
 */
export function pauseRunFlow(seen: FlowHandle, reason?: string): void {
  if (seen instanceof FlowRun) seen.pause(reason);
}

export interface UnitSeen extends Omit<Placing, "attemptOf"> {
  runId: string;
  /** See `path.ts`. */
  path: string;
  /** From 1. */
  attempt: number;
  /** Shown. */
  name: string;
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
    const { attributes, attempt, optional, kind, node, edge } = unit;
    const own = { id, kind, node, edge, attemptOf: firstAttempt(unit) };
    return StepRun.open(name, { attributes, attempt, optional, endOnExit: false }, outer, own);
  } catch (error) {
    diagnoseInternal("opening the step of a run", error);
    return INERT_STEP;
  }
}

/** How work ended, as the journal knows it. Times are milliseconds since the epoch. */
export interface Ended {
  status: EndStatus;
  /** Of what did not succeed. */
  error?: unknown;
  startedAt: number;
  endedAt: number;
}

/**
 * Says again how a unit of work ended, in the flow around: the process that did it may have died before it sent that. Said
 * twice it is the same step, as id and times are. Outside a flow it does nothing. Never throws.
 *
 * @param parent the unit that it is in
 */
export function sayUnitAgain(
  unit: UnitSeen & Ended,
  parent: Pick<UnitSeen, "path" | "attempt"> | undefined,
): void {
  const outer = scopeOf();
  if (outer === undefined) return;
  try {
    const { flow: seen } = outer;
    const name = nameText(unit.name, "run: the key of a step");
    if (name === undefined) return;
    const parentId = parent && unitStepId({ runId: unit.runId, ...parent });
    const attributes = stepAttributes(seen, unitStepId(unit), parentId);
    addPlacing(attributes, { ...unit, attemptOf: firstAttempt(unit) });
    if (unit.optional === true) attributes[ATTR.stepOptional] = true;
    addAttempt(attributes, unit.attempt);
    addUserAttributes(attributes, unit.attributes, seen.runtime.redactor);
    saySpan(seen.runtime, name, attributes, outer.parent(), unit);
  } catch (error) {
    diagnoseInternal("saying again what a step came to", error);
  }
}

/** The same of a run. @param say says what its units of work came to */
export function sayRunAgain(
  { runId, tenant, name, labels, definition, ...ended }: Omit<RunSeen, "resumed"> & Ended,
  say: () => void,
): void {
  try {
    const rt = runtimeFor("scope.exec");
    if (rt === undefined) return;
    const kept: Record<string, string> = Object.create(null);
    addLabels(kept, labels, rt.redactor);
    const identity = { id: runId, name, tenant, labels: kept, stepId: undefined };
    const seen = new FlowRun(rt, identity, ROOT_CONTEXT);
    addLabelAttributes(seen.attributes, kept);
    addDefinition(seen.attributes, definition);
    saySpan(rt, name, seen.attributes, ROOT_CONTEXT, ended);
    seen.run(say);
  } catch (error) {
    diagnoseInternal("saying again what a run came to", error);
  }
}

function saySpan(
  rt: Runtime,
  name: string,
  attributes: Attributes,
  parent: Context,
  { status, error, startedAt, endedAt }: Ended,
): void {
  const span = rt.spans.startSpan(name, { attributes, startTime: startedAt }, parent);
  endSpan(rt, span, { status, error: error === undefined ? undefined : describeError(error) }, endedAt);
}

/** A unit of work may be done many times side by side under one name: which of them was tried again has to be said. */
function firstAttempt(unit: Pick<UnitSeen, "runId" | "path" | "attempt">): string | undefined {
  return unit.attempt > 1 ? unitStepId({ ...unit, attempt: 1 }) : undefined;
}

/** The same in every process. @example unitStepId({ runId: "job-42", path: "/charge", attempt: 1 }); // 16 hex characters */
function unitStepId({ runId, path, attempt }: Pick<UnitSeen, "runId" | "path" | "attempt">): string {
  return hash("sha256", `${runId}\n${path}\n${attempt}`).slice(0, 16);
}
