/**
 * Flow identity on outgoing `fetch` calls.
 *
 * Identity is added below fetch, where undici hands over one request per hop: the caller's input, init, headers
 * and body stay as they are, and a redirect to another host is judged by that host. (Headers set above would
 * follow a redirect anywhere: fetch takes off `authorization` there, and leaves `baggage`.)
 */
import { channel } from "node:diagnostics_channel";
import type { Context } from "@opentelemetry/api";
import { allowed, inject } from "../propagation.ts";
import { CallStep, type ClientOptions, flowContext, pairsOf, split, type Undo } from "./outgoing.ts";

export type { ClientCall, Undo } from "./outgoing.ts";

type Fetch = typeof globalThis.fetch;

/** Options of `withFetch`. */
export type FetchOptions = ClientOptions;

/**
 * Makes `fetch` take the current flow along, to hosts that may know it: loopback, private addresses and names,
 * and those in `propagateTo`. Outside a flow, and to every other host, requests stay as they are.
 *
 * Without a fetch it patches `globalThis.fetch`, once however often it is called; the options of the first call count.
 * With one, for example the `fetch` of the undici package, it returns a fetch that carries identity and leaves the one
 * given alone. That fetch must be undici's, or take its `dispatcher` option: any other goes through without identity.
 * For undici's `request`, `stream` and the like there is `flowInterceptor`.
 *
 * A dispatcher that follows redirects by itself, by undici's `redirect()`, would take identity along to any host: put
 * `flowInterceptor` below that, and give it to the fetch that you have.
 *
 * A `Request` that was built with a `dispatcher` of its own loses that; give the dispatcher to `fetch` instead.
 *
 * @returns without a fetch a function that takes the patch back, else the wrapped fetch.
 * @example
 * withFetch();
 * await flow.start({ name: "order", tenant: "acme-corp" }, () => fetch("http://billing:3000/charge"));
 */
export function withFetch(options?: FetchOptions): Undo;
export function withFetch(fetch: Fetch, options?: FetchOptions): Fetch;
export function withFetch(first: Fetch | FetchOptions = {}, options: FetchOptions = {}): Undo | Fetch {
  if (typeof first === "function") return carrying(first, options, () => true);
  undoPatch ??= patchGlobal(first);
  return undoPatch;
}

/**
 * Takes the current flow along in all that an undici dispatcher sends, to hosts that may know it. Put it before other
 * interceptors: `redirect()` and `retry()` then make requests that are judged by the host they go to.
 *
 * @example
 * setGlobalDispatcher(new Agent().compose(flowInterceptor, interceptors.redirect({ maxRedirections: 3 })));
 * await request("http://billing:3000/charge");
 */
export function flowInterceptor<Options extends object, Handler>(
  dispatch: (options: Options, handler: Handler) => boolean,
): (options: Options, handler: Handler) => boolean {
  return function dispatchInFlow(options, handler) {
    const ctx = flowContext();
    return dispatch(ctx === undefined ? options : (withIdentity(options, ctx) as Options), handler);
  };
}

let undoPatch: Undo | undefined;

function patchGlobal(options: FetchOptions): Undo {
  const original = globalThis.fetch;
  let active = true;
  const patched = carrying(original, options, () => active);
  globalThis.fetch = patched;
  return function undo() {
    if (!active) return;
    active = false;
    undoPatch = undefined;
    // Where someone patched over us, their fetch still calls ours, which now only passes on.
    if (globalThis.fetch === patched) globalThis.fetch = original;
  };
}

function carrying(original: Fetch, options: FetchOptions, active: () => boolean): Fetch {
  return function fetch(this: unknown, ...args: Parameters<Fetch>) {
    const ctx = active() ? flowContext() : undefined;
    if (ctx === undefined) return Reflect.apply(original, this, args);
    const [input, init, ...rest] = args as [Parameters<Fetch>[0], Init?, ...unknown[]];
    const dispatcher = new CarryingDispatcher(ctx, init?.dispatcher);
    const call = options.steps ? openCall(options, input, init) : undefined;
    const answer = Reflect.apply(original, this, [input, withDispatcher(init, dispatcher), ...rest]);
    return call === undefined ? answer : followed(call, answer);
  };
}

function openCall(options: FetchOptions, input: Parameters<Fetch>[0], init: Init | undefined) {
  try {
    const request = typeof input === "object" && "url" in input ? input : undefined;
    const url = new URL(request?.url ?? String(input));
    return CallStep.open(options, { method: (init?.method ?? request?.method ?? "GET").toUpperCase(), url });
  } catch {
    // Not an address: fetch will say so.
    return undefined;
  }
}

async function followed(call: CallStep, answer: Promise<Response>): Promise<Response> {
  try {
    const response = await answer;
    call.answered(response.status);
    return response;
  } catch (error) {
    call.failed(error);
    throw error;
  }
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
  const { origin } = options;
  const entries = entriesOf(options.headers);
  if (origin === undefined || entries === undefined || !allowed(new URL(origin).host)) return options;
  const [carried, others] = split(entries);
  const traced = "traceparent" in carried;
  inject(carried, ctx);
  // Who listens here traces the requests, and adds this header itself: two of them would be read as none.
  if (!traced && channel("undici:request:create").hasSubscribers) delete carried["traceparent"];
  const all = [...others, ...Object.entries(carried)];
  return { ...options, headers: Array.isArray(options.headers) ? all.flat() : Object.fromEntries(all) };
}

/** Undici takes headers as an object, as names and values in turn, and as anything that yields pairs. */
function entriesOf(headers: unknown): [name: string, value: unknown][] | undefined {
  if (headers === undefined || headers === null) return [];
  if (typeof headers !== "object") return undefined;
  if (Array.isArray(headers) && !Array.isArray(headers[0])) return pairsOf(headers);
  return Symbol.iterator in headers ? [...(headers as Iterable<[string, unknown]>)] : Object.entries(headers);
}

/** Leaves `init` itself alone. One with a prototype, such as a Request, can't be copied by its own members. */
function withDispatcher(init: Init | undefined, dispatcher: Dispatcher): Init {
  const prototype = init === undefined || init === null ? null : Object.getPrototypeOf(init);
  if (prototype === null || prototype === Object.prototype) return { ...init, dispatcher };
  return new Proxy(init as Init, {
    get: (target, key) => (key === "dispatcher" ? dispatcher : Reflect.get(target, key)),
  });
}
