/**
 * Flow identity on outgoing requests of `node:http` and `node:https`, and of all that stands on them: axios, got,
 * follow-redirects.
 *
 * Identity is added to the one request that Node has just made, and never to the caller's options: clients that follow
 * redirects make the next request from those, and each is judged by the host that it goes to.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { errorMonitor } from "node:events";
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";
import { urlToHttpOptions } from "node:url";
import type { Context } from "@opentelemetry/api";
import { diagnoseInternal } from "../diagnostics.ts";
import { allowed, inject } from "../propagation.ts";
import { named } from "../wrapping.ts";
import { CallStep, type ClientOptions, flowContext, pairsOf, split, type Undo } from "./outgoing.ts";

export type { ClientCall, Undo } from "./outgoing.ts";

/** Options of `withHttp`. */
export type HttpOptions = ClientOptions;

/**
 * Makes requests of `node:http` and `node:https` take the current flow along, to hosts that may know it: loopback,
 * private addresses and names, and those in `propagateTo`. Outside a flow, and to every other host, requests stay as
 * they are. Headers of the caller's own are kept: `baggage` is added to, `traceparent` stays.
 *
 * Patches both modules once, however often it is called; the options of the first call count. Code that has already
 * taken `request` out of the module with `require` keeps the one it has: call this first.
 *
 * @returns a function that takes the patch back
 * @example
 * withHttp();
 * await flow.start({ name: "order", tenant: "acme-corp" }, () => axios.post("http://billing:3000/charge"));
 */
export function withHttp(options: HttpOptions = {}): Undo {
  undoPatch ??= patch(options);
  return undoPatch;
}

let undoPatch: Undo | undefined;

type Request = typeof http.request;
type Arguments = [first?: unknown, second?: unknown, ...rest: unknown[]];

function patch(options: HttpOptions): Undo {
  let active = true;
  const restore = [http, https].map((module) => patchModule(module, options, () => active));
  subscribe(ANSWERED, noteAnswer);
  syncBuiltinESMExports();
  return function undo() {
    if (!active) return;
    active = false;
    undoPatch = undefined;
    for (const one of restore) one();
    unsubscribe(ANSWERED, noteAnswer);
    syncBuiltinESMExports();
  };
}

function patchModule(module: typeof http | typeof https, options: HttpOptions, active: () => boolean): Undo {
  const { request, get } = module;
  const carryingRequest = carrying(request as Request, options, active);
  // Node's own ends the request before anyone can add to it.
  const carryingGet = named(get, function get(this: unknown, ...args: Arguments): ClientRequest {
    const made = Reflect.apply(carryingRequest, this, args);
    made.end();
    return made;
  });
  Object.assign(module, { request: carryingRequest, get: carryingGet });
  return () => {
    // Where someone patched over us, their function still calls ours, which now only passes on.
    if (module.request === carryingRequest) Object.assign(module, { request });
    if (module.get === carryingGet) Object.assign(module, { get });
  };
}

function carrying(original: Request, options: HttpOptions, active: () => boolean): Request {
  return named(original, function request(this: unknown, ...args: Arguments): ClientRequest {
    const ctx = active() ? flowContext() : undefined;
    if (ctx === undefined) return Reflect.apply(original, this, args);
    const made: ClientRequest = Reflect.apply(original, this, withStoredHeaders(args, ctx));
    try {
      if (!made.headersSent && mayKnow(made)) addIdentity(made, ctx);
      if (options.steps) addStep(made, options);
    } catch (error) {
      diagnoseInternal("withHttp", error);
    }
    return made;
  } as Request);
}

interface Target {
  host?: unknown;
  path?: unknown;
  method?: unknown;
}

/** Judged by the host alone; of a request to a proxy, by the host that the proxy is asked for. */
function mayKnow({ host, path, method }: Target): boolean {
  // The path names the host behind the tunnel, and what is said here stays with the proxy.
  if (typeof host !== "string" || method === "CONNECT") return false;
  return allowed(typeof path === "string" && isAbsolute(path) ? new URL(path).host : host);
}

/** Adds identity as headers, and stays with them: a later `setHeader("baggage")` is added to as well. */
function addIdentity(request: ClientRequest, ctx: Context): void {
  const carried: Record<string, string> = {};
  for (const key of ["baggage", "traceparent"]) {
    const given = request.getHeader(key);
    if (given !== undefined) carried[key] = String(given);
  }
  const { setHeader } = request;
  for (const [key, value] of Object.entries(inject(carried, ctx))) setHeader.call(request, key, value);
  Object.defineProperty(request, "setHeader", {
    configurable: true,
    writable: true,
    value: function withIdentity(
      this: ClientRequest,
      name: string,
      value: number | string | readonly string[],
    ) {
      const isBaggage = typeof name === "string" && name.toLowerCase() === "baggage" && value !== undefined;
      const kept = isBaggage ? (inject({ baggage: String(value) }, ctx)["baggage"] as string) : value;
      return setHeader.call(this, name, kept);
    },
  });
}

/**
 * Headers given as an array, or with `Expect`, are written the moment the request is made: they must have identity
 * before. What is returned is for Node alone; the caller's options stay as they are.
 */
function withStoredHeaders(args: Arguments, ctx: Context): Arguments {
  try {
    const [first, second] = args;
    const url = typeof first === "string" ? new URL(first) : isUrl(first) ? first : undefined;
    const given = (url === undefined ? first : second) as (Target & { headers?: unknown }) | null | undefined;
    if (typeof given !== "object" || given === null || !isStored(given.headers)) return args;
    const merged = { ...(url && urlToHttpOptions(url)), ...given } as Target & { hostname?: unknown };
    if (!mayKnow({ ...merged, host: merged.hostname || merged.host || "localhost" })) return args;
    const options = { ...given, headers: addedTo(given.headers, ctx) };
    return url === undefined ? [options, ...args.slice(1)] : [first, options, ...args.slice(2)];
  } catch {
    // Not an address: Node will say so.
    return args;
  }
}

type StoredHeaders = string[] | [string, string | string[]][] | Record<string, unknown>;

function isStored(headers: unknown): headers is StoredHeaders {
  if (typeof headers !== "object" || headers === null) return false;
  return Array.isArray(headers) || Object.keys(headers).some((name) => name.toLowerCase() === "expect");
}

function addedTo(headers: StoredHeaders, ctx: Context): StoredHeaders {
  if (!Array.isArray(headers)) {
    const [carried, others] = split(Object.entries(headers));
    return { ...Object.fromEntries(others), ...inject(carried, ctx) };
  }
  const inPairs = Array.isArray(headers[0]);
  const [carried, others] = split(inPairs ? (headers as [string, unknown][]) : pairsOf(headers));
  const all = [...others, ...Object.entries(inject(carried, ctx))];
  return (inPairs ? all : all.flat()) as StoredHeaders;
}

/** As Node tells: an address of another realm is one too. */
function isUrl(value: unknown): value is URL {
  const { href, protocol, auth, path } = (value ?? {}) as Record<string, unknown>;
  return Boolean(href && protocol) && auth === undefined && path === undefined;
}

const ANSWERED = "http.client.response.finish";

/** The step of a call, on its request: what an old `WeakMap` holds outlives the collections of young garbage. */
const stepOf = Symbol("weir.step");

interface CallRequest extends ClientRequest {
  [stepOf]?: CallStep;
  res?: IncomingMessage | null;
}

/** Nobody listens to the request itself: Node throws away a response, and throws an error, for which nobody does. */
function noteAnswer(message: unknown): void {
  const { request, response } = message as { request: CallRequest; response: IncomingMessage };
  request[stepOf]?.answered(response.statusCode ?? 0);
}

function addStep(request: CallRequest, options: HttpOptions): void {
  // A tunnel is not the request; that comes through it.
  if (typeof request.host !== "string" || request.method === "CONNECT") return;
  const call = CallStep.open(options, { method: request.method, url: urlOf(request) });
  if (call === undefined) return;
  request[stepOf] = call;
  request.once(errorMonitor, (error: unknown) => call.failed(error));
  request.once("close", () => {
    // After an upgrade there is an answer, of which Node told only those who waited for it.
    if (request.res) call.answered(request.res.statusCode ?? 0);
    else call.abandoned();
  });
}

function urlOf(request: ClientRequest): URL {
  const { protocol, host, path } = request;
  if (isAbsolute(path)) return new URL(path);
  // With its port, which a request doesn't tell.
  const named = request.getHeader("host");
  return new URL(
    `${protocol}//${typeof named === "string" ? named : bracketed(host)}${path.startsWith("/") ? path : "/"}`,
  );
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** A request to a proxy names the whole address. */
function isAbsolute(path: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
}
