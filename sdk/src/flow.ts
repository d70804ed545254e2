/**
 * Flows: one run of a workflow for one customer. What each call promises is written in types.ts.
 */
import { callIn } from "./call.ts";
import { diagnose, diagnoseInternal } from "./diagnostics.ts";
import { FlowRun } from "./flow-run.ts";
import type { FlowIdentity } from "./identity.ts";
import { newFlowId } from "./ids.ts";
import { INERT_FLOW } from "./inert.ts";
import { type Runtime, runtimeFor } from "./runtime.ts";
import { activeContext, inContext, type Scope, scopeOf, withScope } from "./scope.ts";
import { addLabels, nameText } from "./text.ts";
import type { FlowApi, FlowHandle, FlowOptions, LabelValue, UserAttributes } from "./types.ts";
import { isFunction, named } from "./wrapping.ts";

/** Opens, ends and annotates flows. */
export const flow: FlowApi = { start, open, wrap, end, fail, cancel, event, setLabel, current };

function start<T>(options: FlowOptions, fn: (flow: FlowHandle) => T): T {
  if (!isFunction("flow.start", fn)) return undefined as T;
  const rt = runtimeFor("flow.start");
  if (rt === undefined) return fn(INERT_FLOW);
  const ctx = activeContext();
  const run = opened("flow.start", options, scopeOf(ctx));
  // Without its own flow the work must not show in the one around it, which may be another customer's.
  if (run === undefined) return inContext(withScope(ctx, undefined), () => fn(INERT_FLOW));
  return callIn(withScope(ctx, run), run, run as FlowHandle, fn);
}

function open(options: FlowOptions): FlowHandle {
  return openDefined(options, undefined);
}

/**
 * `flow.open` for a workflow whose shape is known before it runs.
 *
 * @param definition see `definition.ts`
 */
export function openDefined(options: FlowOptions, definition: object | undefined): FlowHandle {
  return opened("flow.open", options, scopeOf(), definition) ?? INERT_FLOW;
}

function wrap<This, Args extends unknown[], T>(
  options: FlowOptions | ((...args: Args) => FlowOptions),
  fn: (this: This, ...args: Args) => T,
): (this: This, ...args: Args) => T {
  isFunction("flow.wrap", fn);
  return named(fn, function inFlow(this: This, ...args: Args): T {
    if (typeof fn !== "function") return undefined as T;
    return start(optionsFor(options, args), () => fn.apply(this, args));
  });
}

function end(): void {
  here("flow.end")?.end();
}

function fail(error?: unknown): void {
  here("flow.fail")?.fail(error);
}

function cancel(reason?: string): void {
  here("flow.cancel")?.cancel(reason);
}

function event(name: string, attributes?: UserAttributes): void {
  here("flow.event")?.event(name, attributes);
}

function setLabel(key: string, value: LabelValue): void {
  here("flow.setLabel")?.setLabel(key, value);
}

function current(): FlowHandle | undefined {
  return scopeOf()?.flow;
}

/** The current flow; says so where there is none, as the caller expected one. */
function here(call: string): FlowHandle | undefined {
  const found = current();
  if (found === undefined && runtimeFor(call) !== undefined) {
    diagnose("outside-flow", `${call} was called outside any flow: nothing is recorded`, call);
  }
  return found;
}

function opened(
  call: string,
  options: FlowOptions,
  outer: Scope | undefined,
  definition?: object | undefined,
): FlowRun | undefined {
  const rt = runtimeFor(call);
  if (rt === undefined) return undefined;
  try {
    const identity = identityFrom(call, options, rt);
    return identity && FlowRun.open(rt, identity, options.endOnExit !== false, outer, definition);
  } catch (error) {
    diagnoseInternal(call, error);
    return undefined;
  }
}

function identityFrom(call: string, options: FlowOptions, rt: Runtime): FlowIdentity | undefined {
  if (typeof options !== "object" || options === null) {
    diagnose("flow-options", `${call}: expected options such as { name, tenant }, got ${typeof options}`);
    return undefined;
  }
  const name = nameText(options.name, `${call}: name`);
  const tenant = nameText(options.tenant, `${call}: tenant`);
  if (name === undefined || tenant === undefined) return undefined;
  // An id that can't be used is no reason to lose the flow: it gets one of ours.
  const given = options.id === undefined ? undefined : nameText(options.id, `${call}: id`);
  // Without a prototype, a label named `__proto__` is a label like any other.
  const labels: Record<string, string> = Object.create(null);
  addLabels(labels, options.labels, rt.redactor);
  return { id: given ?? newFlowId(), name, tenant, labels, stepId: undefined };
}

/** The options of a wrapped call. A function of the user's that throws costs the flow, not the call. */
function optionsFor<Args extends unknown[]>(
  options: FlowOptions | ((...args: Args) => FlowOptions),
  args: Args,
): FlowOptions {
  if (typeof options !== "function") return options;
  try {
    return options(...args);
  } catch (error) {
    diagnoseInternal("flow.wrap: the function that makes the options", error);
    return undefined as unknown as FlowOptions;
  }
}
