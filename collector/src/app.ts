/** Puts the doors together. Never listens: that is the caller's. */
import Fastify, { type FastifyInstance } from "fastify";
import { detailOf, toWeirError } from "./errors.ts";
import { addApi } from "./http/api.ts";
import { sendError } from "./http/errors.ts";
import { addHealth } from "./http/health.ts";
import { addMethodChecks } from "./http/methods.ts";
import { addPage } from "./http/page.ts";
import { presentFlow, presentStep } from "./http/present.ts";
import { addSecurity } from "./http/security.ts";
import { addStream } from "./http/stream.ts";
import { Hub, type HubOptions } from "./live/hub.ts";
import { createCounters, type OtlpCounters } from "./otlp/counters.ts";
import { addOtlpHttp, type OtlpHttpOptions } from "./otlp/http.ts";
import { createIntake, type Intake, type Limits } from "./otlp/intake.ts";
import type { Accept } from "./otlp/receive.ts";
import type { Store } from "./store.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** What the OTLP doors share: other doors than HTTP's are given it. */
    intake: Intake;
  }
}

export interface AppOptions {
  store: Store;
  /** Takes what came in. Default: the store's `append`. */
  accept?: Accept;
  /** Counts what came in, for whoever shows it. */
  counters?: OtlpCounters;
  /** What a message may cost, and who may say what over HTTP. */
  otlp?: Limits & OtlpHttpOptions;
  /** Bounds and times of the live stream. */
  live?: Partial<HubOptions>;
  /** The built page. Without it a plain page says how to build one. */
  pageDir?: string;
  /** The loopback host the server is bound to: requests that name another host are refused. */
  ownHost?: string;
  /** Hears, in one line, what an operator should know. Default: nobody. */
  warn?: (line: string) => void;
}

/**
 * The collector as a Fastify application: OTLP in, REST and the live stream out, the page.
 *
 * @example await createApp({ store }).listen({ port: 4318 });
 */
export function createApp(options: AppOptions): FastifyInstance {
  const { store, pageDir, ownHost, warn = () => {} } = options;
  const { accept = (observations) => store.append(observations), counters = createCounters() } = options;
  const app = Fastify({
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
    if (error.code === "internal") warn(`${request.method} ${request.url}: ${detailOf(error.cause)}`);
    return sendError(reply, error);
  });

  addSecurity(app, ownHost);
  addMethodChecks(app);
  addHealth(app, store);
  addApi(app, store);
  addStream(
    app,
    new Hub({ onChange: (listener) => store.onChange(listener), present: PRESENT, ...options.live }),
  );
  const intake = createIntake({ accept, counters, warn, ...options.otlp });
  app.decorate("intake", intake);
  addOtlpHttp(app, intake, options.otlp);
  addPage(app, pageDir);
  return app;
}

const PRESENT: HubOptions["present"] = {
  flow: presentFlow,
  step: ({ tenant, id }, step) => ({ tenant, flowId: id, step: presentStep(step) }),
};
