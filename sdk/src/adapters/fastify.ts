/** Flows in Fastify 4 and 5. */
import { errorMonitor } from "node:events";
import { Readable } from "node:stream";
import type { FastifyPluginCallback, FastifyRequest, RouteHandlerMethod } from "fastify";
import plugin from "fastify-plugin";
import type { FlowHandle } from "../types.ts";
import {
  continueFlow,
  exchangeOf,
  flowAround,
  flowOf,
  optionsFor,
  type RequestFlowOptions,
  regainFlow,
} from "./exchange.ts";

// biome-ignore lint/suspicious/noExplicitAny: a route's config stands beside its schema, where those types don't reach
type Any = any;

/** The request that a route's flow options are made from. Its parts are what the route's schema says they are. */
export type FlowRequest = Omit<FastifyRequest, "params" | "query" | "body"> & {
  params: Any;
  query: Any;
  body: Any;
};

declare module "fastify" {
  interface FastifyContextConfig {
    /** Opens a flow around this route's handler and response; `withFastify` must be registered before. */
    flow?: RequestFlowOptions<FlowRequest>;
  }
  interface FastifyRequest {
    /**
     * The flow of this request: the one that its route opened, or the one that it came with. For code that has lost
     * its context, as in callbacks of a pool: `request.flow?.run(() => step.start(…))`.
     */
    readonly flow?: FlowHandle | undefined;
  }
}

const inFlow = new WeakSet<RouteHandlerMethod>();

const addFlows: FastifyPluginCallback = function addFlows(app, _options, done) {
  // A `flow` that someone else has put there stays.
  if (!app.hasRequestDecorator("flow")) {
    app.decorateRequest("flow", {
      getter(this: FastifyRequest) {
        return flowOf(this.raw);
      },
    });
  }
  app.addHook("onRequest", function continueWeirFlow(request, reply, next) {
    continueFlow(request.raw, reply.raw, next);
  });
  // A hook in between may have called back from outside the flow.
  app.addHook("preHandler", function regainWeirFlow(request, _reply, next) {
    regainFlow(request.raw, next);
  });
  // An error handler may turn an error into any answer; this is the error as it was.
  app.addHook("onError", function failWeirFlow(request, _reply, error, next) {
    exchangeOf(request.raw)?.fail(error);
    next();
  });
  // One that breaks when headers are sent has no answer but the connection's end, as a client's leaving has.
  app.addHook("onSend", function watchStream(request, _reply, payload, next) {
    const exchange = payload instanceof Readable ? exchangeOf(request.raw) : undefined;
    if (exchange !== undefined) (payload as Readable).once(errorMonitor, (error) => exchange.fail(error));
    next();
  });
  app.addHook("onRoute", function openWeirFlow(route) {
    const options = route.config?.flow;
    // Fastify shows a route again as the HEAD route of a GET.
    if (options === undefined || inFlow.has(route.handler)) return;
    route.handler = withFlow(options, route.handler);
  });
  done();
};

function withFlow(options: RequestFlowOptions<FlowRequest>, handler: RouteHandlerMethod): RouteHandlerMethod {
  const handlerInFlow: RouteHandlerMethod = function handlerInFlow(request, reply) {
    const resolved = optionsFor(options, request as FlowRequest, "config.flow");
    return flowAround(request.raw, reply.raw, resolved, () => handler.call(this, request, reply));
  };
  inFlow.add(handlerInFlow);
  return handlerInFlow;
}

/**
 * Continues a flow that arrives with a request, and opens one around each route that has `config.flow`. That flow
 * ends when the handler has settled and the response is done: as failed where the handler threw, rejected, sent an
 * error or answered with a 5xx, as cancelled where the client went away before the end. `endOnExit: false` leaves
 * it open when all went well, for a worker to end.
 *
 * Register it, and wait for it, before the routes.
 *
 * @example
 * await app.register(withFastify);
 * app.post(
 *   "/import/:customer",
 *   { config: { flow: { name: "data_import", tenant: (req) => req.params.customer } } },
 *   async (req) => step.start("validate", () => validate(req.body)),
 * );
 */
export const withFastify: FastifyPluginCallback = plugin(addFlows, {
  name: "@weir/sdk/fastify",
  fastify: ">=4",
});
