/**
 * Flow identity on outgoing `fetch` calls.
 *
 * Identity is added below fetch, where undici hands over one request per hop: the caller's input, init, headers
 * and body stay as they are, and a redirect to another host is judged by that host. (Headers set above would
 * follow a redirect anywhere: fetch takes off `authorization` there, and leaves `baggage`.)
 */
import { channel } from "node:diagnostics_channel";
import { type Context, context } from "@opentelemetry/api";
import { allowed, inject } from "../propagation.ts";
import { scopeOf } from "../scope.ts";

type Fetch = typeof globalThis.fetch;

/** Ends what `withFetch()` began. */
export type Undo = () => void;

/**
 * Makes `fetch` take the current flow along, to hosts that may know it: loopback, private addresses and names,
 * and those in `propagateTo`. Outside a flow, and to every other host, requests stay as they are.
 *
 * Without an argument it patches `globalThis.fetch`, once however often it is called. With one, for example the
 * `fetch` of the undici package, it returns a fetch that carries identity and leaves the one given alone. That
 * fetch must be undici's, or take its `dispatcher` option: any other goes through without identity.
 *
 * A `Request` that was built with a `dispatcher` of its own loses that; give the dispatcher to `fetch` instead.
 *
 * @returns without an argument a function that takes the patch back, else the wrapped fetch.
 * @example
 * withFetch();
 * await flow.start({ name: "order", tenant: "acme-corp" }, () => fetch("http://billing:3000/charge"));
 */
export function withFetch(): Undo;
export function withFetch(fetch: Fetch): Fetch;
export function withFetch(fetch?: Fetch): Undo | Fetch {
  if (fetch !== undefined) return carrying(fetch, () => true);
  undoPatch ??= patchGlobal();
  return undoPatch;
}

let undoPatch: Undo | undefined;

function patchGlobal(): Undo {
  const original = globalThis.fetch;
  let active = true;
  const patched = carrying(original, () => active);
  globalThis.fetch = patched;
  return function undo() {
    if (!active) return;
    active = false;
    undoPatch = undefined;
    // Where someone patched over us, their fetch still calls ours, which now only passes on.
    if (globalThis.fetch === patched) globalThis.fetch = original;
  };
}

function carrying(original: Fetch, active: () => boolean): Fetch {
  return function fetch(this: unknown, ...args: Parameters<Fetch>) {
    const ctx = context.active();
    if (!active() || scopeOf(ctx) === undefined) return Reflect.apply(original, this, args);
    const [input, init, ...rest] = args as [Parameters<Fetch>[0], Init?, ...unknown[]];
    const dispatcher = new CarryingDispatcher(ctx, init?.dispatcher);
    return Reflect.apply(original, this, [input, withDispatcher(init, dispatcher), ...rest]);
  };
}

/** What we use of undici's dispatchers: every request, and every hop of a redirect, goes through `dispatch`. */
interface Dispatcher {
  dispatch(options: DispatchOptions, handler: object): boolean;
  readonly isMockActive?: boolean;
}

interface DispatchOptions {
  origin?: string | URL;
  headers?: unknown;
}

type Init = Omit<RequestInit, "dispatcher"> & { dispatcher?: Dispatcher | undefined };

class CarryingDispatcher implements Dispatcher {
  readonly #ctx: Context;
  readonly #own: Dispatcher | undefined;

  constructor(ctx: Context, own: Dispatcher | undefined) {
    this.#ctx = ctx;
    this.#own = own;
  }

  /** Undici asks a mock agent this, to match requests by path. */
  get isMockActive(): boolean {
    return (this.#own ?? globalDispatcher())?.isMockActive ?? false;
  }

  dispatch(options: DispatchOptions, handler: object): boolean {
    const inner = this.#own ?? globalDispatcher(handler);
    if (inner === undefined)
      throw new TypeError("withFetch: this fetch has no dispatcher; call withFetch() instead");
    return inner.dispatch(withIdentity(options, this.#ctx), handler);
  }
}

/** Undici 8 keeps a second one, which takes handlers of its new kind. */
function globalDispatcher(handler: object = {}): Dispatcher | undefined {
  const registry = globalThis as unknown as Record<symbol, Dispatcher | undefined>;
  const [older, newer] = [1, 2].map((version) => registry[Symbol.for(`undici.globalDispatcher.${version}`)]);
  return "onRequestStart" in handler ? (newer ?? older) : (older ?? newer);
}

function withIdentity(options: DispatchOptions, ctx: Context): DispatchOptions {
  const { origin, headers = {} } = options;
  if (origin === undefined || !isRecord(headers) || !allowed(new URL(origin).host)) return options;
  const carried: Record<string, string> = {};
  for (const key of ["baggage", "traceparent"]) {
    const given = Object.keys(headers).find((name) => name.toLowerCase() === key);
    if (given !== undefined) carried[key] = String(headers[given]);
  }
  const had = Object.keys(carried);
  inject(carried, ctx);
  // Who listens here traces the requests, and adds this header itself: two of them would be read as none.
  if (!had.includes("traceparent") && channel("undici:request:create").hasSubscribers)
    delete carried["traceparent"];
  const others = Object.entries(headers).filter(([name]) => !had.includes(name.toLowerCase()));
  return { ...options, headers: { ...Object.fromEntries(others), ...carried } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(Symbol.iterator in value);
}

/** Leaves `init` itself alone. One with a prototype, such as a Request, can't be copied by its own members. */
function withDispatcher(init: Init | undefined, dispatcher: Dispatcher): Init {
  const prototype = init === undefined || init === null ? null : Object.getPrototypeOf(init);
  if (prototype === null || prototype === Object.prototype) return { ...init, dispatcher };
  return new Proxy(init as Init, {
    get: (target, key) => (key === "dispatcher" ? dispatcher : Reflect.get(target, key)),
  });
}
