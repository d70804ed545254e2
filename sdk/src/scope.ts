/**
 * Where the running code is: in which flow, and in which step of it. Kept in OpenTelemetry's context under a key of
 * our own: as the active span it would become the parent of the user's spans, and as OpenTelemetry baggage it
 * would leave with every request of the user's propagators.
 *
 * Who keeps the contexts is the service's to say, and we take nobody's place: what is registered with OpenTelemetry is
 * used from the moment that it is there, and until then one of ours, which is registered nowhere.
 */
import { type Context, type ContextManager, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { withValue } from "./light-context.ts";
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

/** Where all copies of OpenTelemetry's API, of any version 1, find what was registered with one of them. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
/** Where all copies of this package find the same. */
const OWN = Symbol.for("weir.context-manager.1");

const globals = globalThis as {
  [REGISTRY]?: { context?: ContextManager };
  [OWN]?: ContextManager;
};
globals[OWN] ??= new AsyncLocalStorageContextManager();
const own = globals[OWN];

/** Keys of ours in a context. */
const keys: symbol[] = [];

/** A key for what goes with a scope, and is found wherever that is. */
export function scopeKey(name: string): symbol {
  const key = createContextKey(name);
  keys.push(key);
  return key;
}

const SCOPE = scopeKey("weir.scope");

/** The context that this code runs in. */
export function activeContext(): Context {
  const theirs = registered();
  if (theirs === undefined) return own.active();
  const ctx = theirs.active();
  return ctx.getValue(SCOPE) === undefined ? withEarlier(ctx) : ctx;
}

/** Calls `fn` in `ctx`, and gives what it returns. */
export function inContext<Args extends unknown[], T>(
  ctx: Context,
  fn: (...args: Args) => T,
  ...args: Args
): T {
  return (registered() ?? own).with(ctx, fn, undefined, ...args);
}

/** The scope of a context, by default the active one; `undefined` outside any flow. */
export function scopeOf(ctx: Context = activeContext()): Scope | undefined {
  return (ctx.getValue(SCOPE) as Scope | null | undefined) ?? undefined;
}

/** The context `ctx`, in `scope`; with `undefined`, in no flow. */
export function withScope(ctx: Context, scope: Scope | undefined): Context {
  // To be in no flow is another thing than to say nothing of it.
  return withValue(ctx, SCOPE, scope ?? null);
}

/**
 * Past `context` of the API, which answers only where its own version is no newer than that of the copy that was
 * loaded first, and says nothing where it does not.
 */
function registered(): ContextManager | undefined {
  return globals[REGISTRY]?.context;
}

/** With the scope that this code was in before anyone registered: it is known to us alone. */
function withEarlier(ctx: Context): Context {
  const earlier = own.active();
  if (earlier === ROOT_CONTEXT) return ctx;
  return keys.reduce((all, key) => withValue(all, key, earlier.getValue(key)), ctx);
}
