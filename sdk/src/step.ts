/**
 * Steps: the logical operations of a flow. What each call promises is written in types.ts.
 */
import type { Attributes, Context } from "@opentelemetry/api";
import { ATTR, type EndStatus } from "./attributes.ts";
import { callIn } from "./call.ts";
import { diagnose, diagnoseInternal } from "./diagnostics.ts";
import { describeError } from "./errors.ts";
import { INERT_STEP } from "./inert.ts";
import { runtimeFor } from "./runtime.ts";
import { activeContext, type Scope, scopeOf, withScope } from "./scope.ts";
import { sendPoint } from "./spans.ts";
import { addAttempt, StepRun, sendStepEnd, stepAttributes } from "./step-run.ts";
import { addUserAttributes, nameText } from "./text.ts";
import type { StepApi, StepHandle, StepOptions, UserAttributes } from "./types.ts";
import { isFunction, named } from "./wrapping.ts";

/** Opens and ends steps of the current flow. */
export const step: StepApi = { start, open, wrap, end, fail, current };

type Work<T> = (step: StepHandle) => T;

function start<T>(name: string, options: StepOptions | undefined | Work<T>, work?: Work<T>): T {
  const [fn, given] = split("step.start", options, work);
  if (fn === undefined) return undefined as T;
  const ctx = activeContext();
  const run = opened("step.start", name, given, scopeOf(ctx));
  if (run === undefined) return fn(INERT_STEP);
  return callIn(withScope(ctx, run), run, run as StepHandle, fn);
}

function open(name: string, options?: StepOptions): StepHandle {
  return opened("step.open", name, options, scopeOf()) ?? INERT_STEP;
}

function wrap<This, Args extends unknown[], T>(
  name: string,
  options: StepOptions | undefined | ((this: This, ...args: Args) => T),
  work?: (this: This, ...args: Args) => T,
): (this: This, ...args: Args) => T {
  const [fn, given] = split("step.wrap", options, work);
  return named(fn, function inStep(this: This, ...args: Args): T {
    if (fn === undefined) return undefined as T;
    return start<T>(name, given, () => fn.apply(this, args));
  });
}

/** Options may be left out, so the function is the first of the two that is one. */
function split<F extends (...args: never[]) => unknown>(
  call: string,
  options: StepOptions | undefined | F,
  work: F | undefined,
): [F | undefined, StepOptions | undefined] {
  if (typeof options === "function") return [options, undefined];
  return isFunction(call, work) ? [work, options] : [undefined, undefined];
}

function end(): void {
  here("step.end")?.end();
}

function fail(error?: unknown): void {
  here("step.fail")?.fail(error);
}

function current(): StepHandle | undefined {
  return scopeOf()?.step;
}

function here(call: string): StepHandle | undefined {
  const found = current();
  if (found === undefined && runtimeFor(call) !== undefined) {
    diagnose("outside-step", `${call} was called outside any step: nothing is recorded`, call);
  }
  return found;
}

function opened(
  call: string,
  name: string,
  options: StepOptions | undefined,
  outer: Scope | undefined,
): StepRun | undefined {
  if (outer === undefined) {
    outsideFlow(call, name);
    return undefined;
  }
  try {
    const text = nameText(name, `${call}: name`);
    return text === undefined ? undefined : StepRun.open(text, optionsFrom(call, options), outer);
  } catch (error) {
    diagnoseInternal(call, error);
    return undefined;
  }
}

function optionsFrom(call: string, given: unknown): StepOptions | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given === "object") return given as StepOptions;
  diagnose("step-options", `${call}: expected options such as { attributes }, got ${typeof given}`);
  return undefined;
}

function outsideFlow(call: string, name: unknown): void {
  const rt = runtimeFor(call);
  if (rt === undefined) return;
  rt.counts.stepsOutsideFlow++;
  const shown = typeof name === "string" ? JSON.stringify(name.slice(0, 64)) : typeof name;
  diagnose(
    "step-outside-flow",
    `${call}(${shown}) was called outside any flow: its function runs, no step is recorded`,
  );
}

export interface QueueStep {
  name: string;
  /** Chosen by the caller, who hands it to the worker with the job. */
  stepId: string;
  attempt?: number | undefined;
  /** Since when it waits, in milliseconds since the epoch. Default: now. */
  openedAt?: number | undefined;
  /** Default: the step that `ctx` is in. */
  parentStepId?: string | undefined;
  attributes?: UserAttributes | undefined;
}

/**
 * For queue adapters: says that a piece of work waits in a queue. Ended by `endStepById` in the process
 * that picks it up. Does nothing outside a flow.
 *
 * @example
 * openQueueStep({ name: "imports", stepId: jobId });
 */
export function openQueueStep(queued: QueueStep, ctx: Context = activeContext()): void {
  const scope = scopeOf(ctx);
  if (scope === undefined) return;
  try {
    const name = nameText(queued.name, "openQueueStep: name");
    if (name === undefined) return;
    const attributes: Attributes = stepAttributes(
      scope.flow,
      queued.stepId,
      queued.parentStepId ?? scope.step?.id,
    );
    attributes[ATTR.stepKind] = "queue";
    attributes[ATTR.open] = true;
    if (queued.attempt !== undefined) addAttempt(attributes, queued.attempt);
    addUserAttributes(attributes, queued.attributes, scope.flow.runtime.redactor);
    sendPoint(scope.flow.runtime, name, attributes, scope.parent(), undefined, queued.openedAt);
  } catch (error) {
    diagnoseInternal("openQueueStep", error);
  }
}

/**
 * For queue adapters: ends a step of the flow that `ctx` is in, known by its id alone. Does nothing outside a flow.
 *
 * @param ending default: succeeded. `error` is any thrown value, and makes it failed
 * @example
 * endStepById(jobId);
 */
export function endStepById(
  stepId: string,
  ending: { status?: EndStatus | undefined; error?: unknown } = {},
  ctx: Context = activeContext(),
): void {
  const scope = scopeOf(ctx);
  if (scope === undefined) return;
  try {
    const error = ending.error === undefined ? undefined : describeError(ending.error);
    const status = ending.status ?? (error === undefined ? "succeeded" : "failed");
    sendStepEnd(scope.flow, stepId, scope.parent(), { status, error });
  } catch (error) {
    diagnoseInternal("endStepById", error);
  }
}
