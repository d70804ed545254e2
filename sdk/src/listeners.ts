/**
 * Emitters whose listeners run in a context, whatever context their events come from. OpenTelemetry's managers can do
 * it too, with a dozen functions made for each emitter: of all that a request with a flow cost, that was a tenth. Here
 * all emitters share their methods.
 */
import type { EventEmitter } from "node:events";
import type { Context } from "@opentelemetry/api";
import { inContext } from "./scope.ts";

type Listener = (...args: unknown[]) => unknown;
type Bound = EventEmitter & { [CONTEXT]?: Context };
type Adding = "on" | "prependListener";

const CONTEXT = Symbol("weir.context");

/** Listeners that are added to the emitters from now on run in `ctx`. Who has bound one before stays. */
export function bindListeners(ctx: Context, ...emitters: EventEmitter[]): void {
  for (const emitter of emitters as Bound[]) {
    if (Object.hasOwn(emitter, "on")) continue;
    emitter[CONTEXT] = ctx;
    emitter.on = on;
    emitter.addListener = on;
    emitter.once = once;
    emitter.prependListener = prependListener;
    emitter.prependOnceListener = prependOnceListener;
  }
}

function on(this: Bound, event: string | symbol, listener: Listener): Bound {
  return add(this, "on", event, listener);
}

function prependListener(this: Bound, event: string | symbol, listener: Listener): Bound {
  return add(this, "prependListener", event, listener);
}

function once(this: Bound, event: string | symbol, listener: Listener): Bound {
  return addOnce(this, "on", event, listener);
}

function prependOnceListener(this: Bound, event: string | symbol, listener: Listener): Bound {
  return addOnce(this, "prependListener", event, listener);
}

function add(emitter: Bound, method: Adding, event: string | symbol, listener: Listener): Bound {
  const ctx = emitter[CONTEXT] as Context;
  function inItsContext(this: unknown, ...args: unknown[]): unknown {
    return inContext(ctx, () => listener.apply(this, args));
  }
  return original(emitter, method).call(emitter, event, standingFor(inItsContext, listener));
}

/** Node's own adds what it makes by `on`, which would be bound again, and not be found when it is taken away. */
function addOnce(emitter: Bound, method: Adding, event: string | symbol, listener: Listener): Bound {
  const ctx = emitter[CONTEXT] as Context;
  let over = false;
  function onceInItsContext(this: unknown, ...args: unknown[]): unknown {
    if (over) return undefined;
    over = true;
    emitter.removeListener(event, onceInItsContext);
    return inContext(ctx, () => listener.apply(this, args));
  }
  return original(emitter, method).call(emitter, event, standingFor(onceInItsContext, listener));
}

/** Node finds a listener by the function that it stands for too, and names that one to those who ask. */
function standingFor(bound: Listener & { listener?: Listener }, listener: Listener): Listener {
  // What is no function is Node's to refuse.
  if (typeof listener !== "function") return listener;
  bound.listener = listener;
  return bound;
}

function original(emitter: Bound, method: Adding): EventEmitter["on"] {
  return (Object.getPrototypeOf(emitter) as EventEmitter)[method] as EventEmitter["on"];
}
