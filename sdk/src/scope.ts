/**
 * Where the running code is: in which flow, and in which step of it. Kept in OpenTelemetry's context under a key of
 * our own: as the active span it would become the parent of the user's spans, and as OpenTelemetry baggage it
 * would leave with every request of the user's propagators.
 */
import { type Context, context, createContextKey } from "@opentelemetry/api";
import type { Runtime } from "./runtime.ts";
import type { FlowHandle, StepHandle } from "./types.ts";

export interface Scope {
  readonly flow: ScopeFlow;
  /** The innermost step; `undefined` directly in the flow. */
  readonly step: StepHandle | undefined;
  /** A context that holds the span of the step or flow and nothing else: the parent of spans opened here. */
  parent(): Context;
}

/** A flow, with what its steps need of it. */
export interface ScopeFlow extends FlowHandle {
  readonly runtime: Runtime;
  parent(): Context;
}

const SCOPE = createContextKey("weir.scope");

/** The scope of a context, by default the active one; `undefined` outside any flow. */
export function scopeOf(ctx: Context = context.active()): Scope | undefined {
  return ctx.getValue(SCOPE) as Scope | undefined;
}

/** The context `ctx`, in `scope`; with `undefined`, in no flow. */
export function withScope(ctx: Context, scope: Scope | undefined): Context {
  return ctx.setValue(SCOPE, scope);
}
