/**
 * One flow as this process knows it: opened here, or continued from another process.
 */
import { type Attributes, type Context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { ATTR, type Kind, LABEL_PREFIX } from "./attributes.ts";
import { addDefinition } from "./definition.ts";
import { diagnoseInternal } from "./diagnostics.ts";
import type { FlowIdentity } from "./identity.ts";
import { Lifecycle } from "./lifecycle.ts";
import { holding } from "./light-context.ts";
import type { Runtime } from "./runtime.ts";
import { activeContext, type Scope } from "./scope.ts";
import { type Ending, sendPoint } from "./spans.ts";
import { addLabel, addLabelAttributes, addUserAttributes, nameText } from "./text.ts";
import type { FlowHandle, LabelValue, UserAttributes } from "./types.ts";

export class FlowRun extends Lifecycle<FlowHandle> implements FlowHandle, Scope {
  readonly runtime: Runtime;
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly labels: Record<string, string>;
  readonly step = undefined;
  #parent: Context;

  /** A flow that another process opened. `parent` holds a span there, where one is known. */
  constructor(rt: Runtime, identity: FlowIdentity, parent: Context) {
    super("openFlows", saying("flow", identity));
    this.runtime = rt;
    this.id = identity.id;
    this.name = identity.name;
    this.tenant = identity.tenant;
    this.labels = identity.labels;
    this.#parent = parent;
  }

  /**
   * Opens a flow in this process, in the scope `outer`: as the child of the flow there, if any.
   *
   * @param definition see `definition.ts`
   */
  static open(
    rt: Runtime,
    identity: FlowIdentity,
    endOnExit: boolean,
    outer: Scope | undefined,
    definition: object | undefined,
  ): FlowRun {
    const flow = new FlowRun(rt, identity, outer?.parent() ?? activeSpanOnly());
    addDefinition(flow.attributes, definition);
    addLabelAttributes(flow.attributes, flow.labels);
    if (outer !== undefined) {
      flow.attributes[ATTR.parentFlowId] = outer.flow.id;
      flow.attributes[ATTR.parentFlowTenant] = outer.flow.tenant;
    }
    flow.#parent = holding(flow.begin(flow.#parent, endOnExit));
    return flow;
  }

  get flow(): this {
    return this;
  }

  parent(): Context {
    return this.#parent;
  }

  event(name: string, attributes?: UserAttributes): void {
    try {
      const text = nameText(name, "flow.event: name");
      if (text === undefined) return;
      const says = saying("event", this);
      addUserAttributes(says, attributes, this.runtime.redactor);
      sendPoint(this.runtime, text, says, this.#parent);
    } catch (error) {
      diagnoseInternal("flow.event", error);
    }
  }

  setLabel(key: string, value: LabelValue): void {
    try {
      const kept = addLabel(this.labels, key, value, this.runtime.redactor);
      if (kept === undefined) return;
      const says = saying("label", this);
      says[LABEL_PREFIX + kept] = this.labels[kept] as string;
      sendPoint(this.runtime, "label", says, this.#parent);
    } catch (error) {
      diagnoseInternal("flow.setLabel", error);
    }
  }

  /** Says that it stands still from now on, until it or a step of it is opened again. */
  pause(reason: string | undefined): void {
    try {
      this.sendEnd({ status: "paused", reason });
    } catch (error) {
      diagnoseInternal("pausing a flow", error);
    }
  }

  protected sendEnd(ending: Ending): void {
    sendPoint(this.runtime, "end", saying("end", this), this.#parent, ending);
  }
}

function saying(kind: Kind, flow: { id: string; name: string; tenant: string }): Attributes {
  return {
    [ATTR.kind]: kind,
    [ATTR.flowId]: flow.id,
    [ATTR.flowName]: flow.name,
    [ATTR.tenant]: flow.tenant,
  };
}

/** Joins the user's trace, and takes nothing else of the user's context along: suppressed tracing must not lose a flow. */
function activeSpanOnly(): Context {
  const span = trace.getSpan(activeContext());
  return span === undefined ? ROOT_CONTEXT : holding(span);
}
