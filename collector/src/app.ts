/** Puts the doors together. Never listens: that is the caller's. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { toWeirError } from "./errors.ts";
import { addApi } from "./http/api.ts";
import { sendError } from "./http/errors.ts";
import { addHealth } from "./http/health.ts";
import { addMethodChecks } from "./http/methods.ts";
import { addMetrics } from "./http/metrics.ts";
import { addPage } from "./http/page.ts";
import { presentFlow, presentStep } from "./http/present.ts";
import { addRequests, requestId } from "./http/requests.ts";
import { addSecurity } from "./http/security.ts";
import { addStream } from "./http/stream.ts";
import { type Limits, NO_LIMITS } from "./limits.ts";
import { Hub, type HubOptions } from "./live/hub.ts";
import { createMetrics } from "./metrics.ts";
import { createCounters, type OtlpTraffic } from "./otlp/counters.ts";
import { addOtlp, type OtlpOptions } from "./otlp/door.ts";
import { Gate, type GateOptions } from "./otlp/gate.ts";
import { Limiter } from "./otlp/limits/limiter.ts";
import { LimitsReached } from "./otlp/limits/reached.ts";
import type { Accept } from "./otlp/receive.ts";
import type { Store } from "./store.ts";

export interface AppOptions {
  store: Store;
  /** Takes what came in. Default: the store's `append`. */
  accept?: Accept;
  /** Counts what came in, for whoever shows it. */
  counters?: OtlpTraffic;
  /** What each tenant may use. Default: without limits. */
  limits?: Limits;
  /** How much may be in hand at once. */
  gate?: GateOptions;
  /** Sizes that a body may have, and who may say what. */
  otlp?: Pick<OtlpOptions, "bodyLimit" | "inflatedLimit" | "admit">;
  /** Bounds and times of the live stream. */
  live?: Partial<HubOptions>;
  /** The built page. Without it a plain page says how to build one. */
  pageDir?: string;
  /** The loopback host the server is bound to: requests that name another host are refused. */
  ownHost?: string;
  /** Default: none. */
  log?: FastifyBaseLogger;
}

/**
 * The collector as a Fastify application: OTLP in, REST and the live stream out, the page.
 *
 * @example await createApp({ store }).listen({ port: 4318 });
 */
export function createApp(options: AppOptions): FastifyInstance {
  const { store, pageDir, ownHost, log, limits = NO_LIMITS } = options;
  const { accept = (observations) => store.append(observations), counters = createCounters() } = options;
  const gate = new Gate(options.gate);
  const reached = new LimitsReached(() => Date.now() * 1000);
  const limited = Object.values(limits).some((limit) => limit > 0);
  const app = Fastify({
    ...(log && { loggerInstance: log }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    genReqId: requestId,
    // A body that trickles in holds memory.
    requestTimeout: 60_000,
    // Tenants and ids have up to 256 characters, each up to twelve once escaped.
    routerOptions: { maxParamLength: 4096 },
    frameworkErrors: (error, _request, reply) => void sendError(reply, toWeirError(error)),
  });
  // No route reads a body unless it says how.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  app.setErrorHandler((thrown, request, reply) => {
    const error = toWeirError(thrown);
    if (error.code === "internal") request.log.error({ err: error.cause }, "a request failed");
    return sendError(reply, error);
  });

  const requests = addRequests(app);
  addSecurity(app, ownHost);
  addMethodChecks(app);
  addHealth(app, store);
  addApi(app, store, () => reached.list());
  const hub = new Hub({
    onChange: (listener) => store.onChange(listener),
    present: PRESENT,
    ...options.live,
  });
  addStream(app, hub);
  addOtlp(app, {
    accept,
    counters,
    gate,
    limiter: limited ? new Limiter({ limits, store, reached }) : undefined,
    ...options.otlp,
  });
  addMetrics(
    app,
    createMetrics({
      store,
      traffic: counters,
      gate,
      limited: () => reached.counts(),
      requests,
      openStreams: () => hub.readers,
    }),
  );
  addPage(app, pageDir);
  return app;
}

const PRESENT: HubOptions["present"] = {
  flow: presentFlow,
  step: ({ tenant, id }, step) => ({ tenant, flowId: id, step: presentStep(step) }),
};
