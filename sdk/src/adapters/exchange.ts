/**
 * A flow around one HTTP request and its response: what the server adapters have in common. It lives as long as
 * both the handler and the response do, and ends as they ended.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { diagnose } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import { flow } from "../flow.ts";
import { bindListeners } from "../listeners.ts";
import { extract } from "../propagation.ts";
import { activeContext, inContext, type Scope, scopeOf, withScope } from "../scope.ts";
import type { FlowHandle, FlowOptions } from "../types.ts";
import { statusError } from "./status.ts";

type OfRequest<Request, Value> = Value | ((request: Request) => Value);

/** Options of a flow that is opened for a request: each value as it is, or made from the request. */
export interface RequestFlowOptions<Request> {
  /** The kind of workflow, such as `"data_import"`. */
  name: OfRequest<Request, string>;
  /** The customer whose flow it is. */
  tenant: OfRequest<Request, string>;
  /** Your own id, such as an order number, unique per tenant. Default: a UUIDv7. */
  id?: OfRequest<Request, FlowOptions["id"]>;
  /** Searchable keys and values. */
  labels?: OfRequest<Request, FlowOptions["labels"]>;
  /** `false` leaves the flow open when the response is done, for a worker to end. Default `true`. */
  endOnExit?: boolean | undefined;
}

/** Tells the flow of a request what its handler can't: an error that was passed on instead of thrown. */
export interface Exchange {
  fail(error: unknown): void;
}

/** The flow that a request came with. */
const arrived = Symbol("weir.arrived");
/** The flow that was opened for a request, and the exchange: the innermost ones. */
const opened = Symbol("weir.opened");
const exchanged = Symbol("weir.exchanged");

/**
 * A request, with what is known of it: on itself, as what an old `WeakMap` holds, and with it the request, outlives the
 * collections of young garbage.
 */
interface Request extends IncomingMessage {
  [arrived]?: Scope | undefined;
  [opened]?: FlowHandle;
  [exchanged]?: Exchange;
}

/** The flow of a request, for code that has lost its context: opened for it, or come with it. */
export function flowOf(request: Request): FlowHandle | undefined {
  return request[opened] ?? request[arrived]?.flow;
}

/** The exchange around a request, where one was opened. */
export function exchangeOf(request: Request): Exchange | undefined {
  return request[exchanged];
}

/**
 * Runs `next` in the flow that the request's headers name, or in none: the server may have been started in a flow.
 * Body parsers and other listeners on request and response run in it too, whatever context their events come from.
 */
export function continueFlow(request: Request, response: ServerResponse, next: () => void): void {
  const active = activeContext();
  // Further in, the user may have opened a flow since, or lost the one that arrived.
  if (arrived in request) {
    regainFlow(request, next);
    return;
  }
  const outer = scopeOf(active);
  const outside = outer === undefined ? active : withScope(active, undefined);
  const { baggage } = request.headers;
  // The address is asked of the system: not for requests that name no flow.
  const ctx =
    baggage === undefined ? outside : extract(request.headers, outside, request.socket?.remoteAddress);
  const scope = scopeOf(ctx);
  request[arrived] = scope;
  if (scope !== undefined) bindListeners(ctx, request, response);
  if (scope === outer) next();
  else inContext(ctx, next);
}

/** Runs `fn` in the request's flow again, where something on the way called back from outside it. */
export function regainFlow<T>(request: Request, fn: () => T): T {
  const scope = scopeOf() === undefined ? request[arrived] : undefined;
  return scope === undefined ? fn() : inContext(withScope(activeContext(), scope), fn);
}

/**
 * Opens a flow, runs `handler` in it and ends the flow when the handler has settled and the response is done:
 * as failed where the handler threw or the response is a 5xx, as cancelled where the client went away first.
 *
 * @returns what the handler returned
 */
export function flowAround<T>(
  request: Request,
  response: ServerResponse,
  options: FlowOptions,
  handler: (exchange: Exchange) => T,
): T {
  const handle = regainFlow(request, () => flow.open(options));
  if (handle.id === "") return handler({ fail: () => {} });
  request[opened] = handle;

  let open = 2;
  let wentAway = false;
  const exchange: Exchange = {
    fail(error) {
      if (!(wentAway && isConnectionError(error))) handle.fail(error);
    },
  };
  request[exchanged] = exchange;
  const close = () => {
    open -= 1;
    if (open > 0) return;
    // Only the first end counts: after a failure these change nothing.
    if (wentAway && response.errored) exchange.fail(response.errored);
    if (wentAway) handle.cancel("the connection was closed before the response was finished");
    else if (response.statusCode >= 500) handle.fail(statusError(response.statusCode));
    handle[Symbol.dispose]();
  };
  whenDone(response, (finished) => {
    wentAway = !finished;
    close();
  });

  try {
    const result = handle.run(() => {
      bindListeners(activeContext(), request, response);
      return handler(exchange);
    });
    if (isThenable(result)) return settle(result, exchange, close) as T;
    close();
    return result;
  } catch (error) {
    exchange.fail(error);
    close();
    throw error;
  }
}

/** The promise returned is the only one that rejects, so that an error nobody handles stays unhandled. */
async function settle<T>(result: PromiseLike<T>, exchange: Exchange, close: () => void): Promise<T> {
  try {
    return await result;
  } catch (error) {
    exchange.fail(error);
    throw error;
  } finally {
    close();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}

/** Tells once that a response is over, and whether all of it was sent. */
function whenDone(response: ServerResponse, fn: (finished: boolean) => void): void {
  if (response.writableFinished || response.destroyed) {
    fn(response.writableFinished);
    return;
  }
  let done = false;
  const tell = (finished: boolean) => {
    if (!done) fn(finished);
    done = true;
  };
  // A response that a test injected may never close, one whose client is gone never finishes.
  response.on("finish", () => tell(true));
  response.on("close", () => tell(false));
}

/** What reading from a client that is gone throws, in Node and in body parsers. */
function isConnectionError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return code === "ECONNRESET" || code === "ECONNABORTED" || code === "ERR_STREAM_PREMATURE_CLOSE";
}

/** A flow's options, made from a request. A function that throws counts as no value, and is diagnosed. */
export function optionsFor<Request>(
  options: RequestFlowOptions<Request>,
  request: Request,
  where: string,
): FlowOptions {
  const { name, tenant, id, labels, endOnExit } = options;
  const read = <T>(key: string, value: OfRequest<Request, T>): T => {
    if (typeof value !== "function") return value;
    try {
      return (value as (request: Request) => T)(request);
    } catch (error) {
      const { type, message } = describeError(error);
      diagnose(
        "flow-options",
        `${where}: expected ${key}(request) to return a value, it threw ${type}: ${message}`,
        key,
      );
      return undefined as T;
    }
  };
  return {
    name: read("name", name),
    tenant: read("tenant", tenant),
    id: read("id", id),
    labels: read("labels", labels),
    endOnExit,
  };
}
