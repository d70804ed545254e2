/**
 * One step as this process knows it: opened here, or the one in which another process called us.
 */
import type { Attributes, Context } from "@opentelemetry/api";
import { ATTR, type StepKind } from "./attributes.ts";
import { diagnose } from "./diagnostics.ts";
import { newStepId } from "./ids.ts";
import { Lifecycle } from "./lifecycle.ts";
import { holding } from "./light-context.ts";
import type { Runtime } from "./runtime.ts";
import type { Scope, ScopeFlow } from "./scope.ts";
import { type Ending, sendPoint } from "./spans.ts";
import { addUserAttributes } from "./text.ts";
import type { StepHandle, StepOptions } from "./types.ts";

/** What a step is of the workflow that it belongs to. */
export interface Placing {
  /** Default `step`. Any other is run by no process while it is open. */
  kind?: StepKind | undefined;
  /** The id of a node of the flow's definition. */
  node?: string | undefined;
  /** The id of an edge of the flow's definition. */
  edge?: string | undefined;
  /** The id of the first attempt, where this is a later one. */
  attemptOf?: string | undefined;
}

export class StepRun extends Lifecycle<StepHandle> implements StepHandle, Scope {
  readonly flow: ScopeFlow;
  readonly id: string;
  readonly name: string;
  #parent: Context | undefined;

  /** A step that another process opened: all that is known of it is its id. */
  constructor(flow: ScopeFlow, id: string, name = "", attributes: Attributes = {}) {
    super("openSteps", attributes);
    this.flow = flow;
    this.id = id;
    this.name = name;
  }

  /**
   * Opens a step in this process, in the scope `outer`.
   *
   * @param own an id that was chosen, so that another process can open or end the same step, and what it is of the workflow
   */
  static open(
    name: string,
    options: StepOptions | undefined,
    outer: Scope,
    own?: { id: string } & Placing,
  ): StepRun {
    const { flow } = outer;
    const id = own?.id ?? newStepId();
    const attributes = stepAttributes(flow, id, outer.step?.id);
    if (own !== undefined) addPlacing(attributes, own);
    const step = new StepRun(flow, id, name, attributes);
    // The id of its span too, unless it was chosen: drawing one takes longer than one would think.
    const spanId = own === undefined ? id : undefined;
    if (options === undefined) step.begin(outer.parent(), true, spanId);
    else {
      if (options.optional === true) attributes[ATTR.stepOptional] = true;
      if (options.attempt !== undefined) addAttempt(attributes, options.attempt);
      addUserAttributes(attributes, options.attributes, flow.runtime.redactor);
      step.begin(outer.parent(), options.endOnExit !== false, spanId);
    }
    return step;
  }

  get runtime(): Runtime {
    return this.flow.runtime;
  }

  get step(): this {
    return this;
  }

  parent(): Context {
    if (this.span === undefined) return this.flow.parent();
    // Made when first asked for: most steps have no steps below them.
    this.#parent ??= holding(this.span);
    return this.#parent;
  }

  protected sendEnd(ending: Ending): void {
    sendStepEnd(this.flow, this.id, this.parent(), ending);
  }
}

/** The attributes of every step of a flow. */
export function stepAttributes(flow: ScopeFlow, id: string, parentId: string | undefined): Attributes {
  const attributes: Attributes = {
    [ATTR.kind]: "step",
    [ATTR.flowId]: flow.id,
    [ATTR.flowName]: flow.name,
    [ATTR.tenant]: flow.tenant,
    [ATTR.stepId]: id,
  };
  if (parentId !== undefined) attributes[ATTR.stepParentId] = parentId;
  return attributes;
}

export function addPlacing(attributes: Attributes, { kind, node, edge, attemptOf }: Placing): void {
  if (kind !== undefined && kind !== "step") attributes[ATTR.stepKind] = kind;
  if (node !== undefined) attributes[ATTR.stepNode] = node;
  if (edge !== undefined) attributes[ATTR.stepEdge] = edge;
  if (attemptOf !== undefined) attributes[ATTR.stepAttemptOf] = attemptOf;
}

/** Says which attempt it is; the first needs no saying. */
export function addAttempt(attributes: Attributes, attempt: unknown): void {
  if (Number.isSafeInteger(attempt) && (attempt as number) >= 1) {
    if (attempt !== 1) attributes[ATTR.stepAttempt] = attempt as number;
    return;
  }
  diagnose("step-attempt", `step: expected \`attempt\` to be a whole number from 1, got ${typeof attempt}`);
}

/** Says that a step has ended, where its own span is not ours to end. */
export function sendStepEnd(flow: ScopeFlow, id: string, parent: Context, ending: Ending): void {
  const attributes = stepAttributes(flow, id, undefined);
  attributes[ATTR.kind] = "end";
  sendPoint(flow.runtime, "end", attributes, parent, ending);
}
