/** Flows in Express 4 and 5. */
import type { Request, RequestHandler } from "express";
import type { FlowHandle } from "../types.ts";
import { continueFlow, flowAround, flowOf, optionsFor, type RequestFlowOptions } from "./exchange.ts";

declare global {
  // The types of Express 4 and of Express 5 both take what is here.
  namespace Express {
    interface Request {
      /**
       * The flow of this request: the one that `flowHandler` opened for it, or the one that it came with. For code that
       * has lost its context, as in callbacks of a pool: `req.flow?.run(() => step.start(…))`.
       */
      readonly flow?: FlowHandle | undefined;
    }
  }
}

// What Express's own types say of bodies and locals. The types of a route's parameters don't reach through a call, so
// they are the same, unless the caller names them.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Any = any;

/** Options of `flowHandler`: each value as it is, or made from the request. */
export type FlowHandlerOptions<Req = Request> = RequestFlowOptions<Req>;

/**
 * Continues a flow that arrives with a request: steps opened in any handler below belong to it. Call it before
 * the routes and other middleware are added; it works on an application and on a router. Call it on a router again
 * where middleware before that calls back from elsewhere and loses the flow.
 *
 * @returns the application it was given
 * @example
 * const app = withExpress(express());
 */
export function withExpress<App extends { use(handler: RequestHandler): unknown }>(app: App): App {
  // What an application's requests inherit from. A router has none.
  const { request } = app as { request?: Request };
  if (request !== undefined) showFlow(request);
  app.use(function weir(req, res, next) {
    showFlow(req);
    continueFlow(req, res, next);
  });
  return app;
}

/** A `flow` that someone else has put there stays. */
function showFlow(req: Request): void {
  if ("flow" in req) return;
  Object.defineProperty(req, "flow", SHOWN);
}

/** One for all: a getter of its own would make each request's shape another, which V8 keeps for long, and the request with it. */
const SHOWN: PropertyDescriptor & ThisType<Request> = {
  configurable: true,
  get() {
    return flowOf(this);
  },
  /** As if it had not been there: other middleware may have a `flow` of its own. */
  set(value: unknown) {
    Object.defineProperty(this, "flow", { value, writable: true, enumerable: true, configurable: true });
  },
};

/**
 * A handler with a flow around it and its response, be it synchronous, asynchronous, with callbacks or streaming.
 * The flow ends when the handler has settled and the response is done: as failed where the handler threw,
 * rejected, passed an error to `next` or answered with a 5xx, as cancelled where the client went away before the
 * end. `endOnExit: false` leaves it open when all went well, for a worker to end.
 *
 * To have the parameters checked, name them: `flowHandler<{ customer: string }>(…)`.
 *
 * @example
 * app.post(
 *   "/import/:customer",
 *   flowHandler({ name: "data_import", tenant: (req) => req.params.customer }, async (req, res) => {
 *     await step.start("validate", () => validate(req.body));
 *     res.sendStatus(202);
 *   }),
 * );
 */
export function flowHandler<
  P = Any,
  ResBody = Any,
  ReqBody = Any,
  ReqQuery = Request["query"],
  Locals extends Record<string, Any> = Record<string, Any>,
>(
  options: FlowHandlerOptions<Request<P, ResBody, ReqBody, ReqQuery, Locals>>,
  handler: RequestHandler<P, ResBody, ReqBody, ReqQuery, Locals>,
): RequestHandler<P, ResBody, ReqBody, ReqQuery, Locals> {
  return function flowHandler(req, res, next) {
    showFlow(req as Request);
    return flowAround(req, res, optionsFor(options, req, "flowHandler"), (exchange) =>
      handler(req, res, (...args: [deferToNext?: unknown]) => {
        const [reason] = args;
        if (reason && reason !== "route" && reason !== "router") exchange.fail(reason);
        (next as (...args: unknown[]) => void)(...args);
      }),
    );
  };
}
