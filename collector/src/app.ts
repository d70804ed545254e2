/** Puts the doors together. Never listens: that is the caller's. */
import Fastify, { type FastifyInstance } from "fastify";
import { detailOf, toWeirError } from "./errors.ts";
import { addApi } from "./http/api.ts";
import { type DetailBytes, detailBytesOf } from "./http/detail.ts";
import { sendError } from "./http/errors.ts";
import { addHealth } from "./http/health.ts";
import { addMethodChecks } from "./http/methods.ts";
import { addPage } from "./http/page.ts";
import { presentFlow, presentStep } from "./http/present.ts";
import { addSecurity } from "./http/security.ts";
import { addStream } from "./http/stream.ts";
import { Hub, type HubOptions } from "./live/hub.ts";
import { createCounters, type OtlpCounters } from "./otlp/counters.ts";
import { addOtlp, type OtlpOptions } from "./otlp/door.ts";
import { createIntake, type Intake } from "./otlp/intake.ts";
import type { Store } from "./store.ts";

export interface AppOptions {
  store: Store;
  /** Takes what came in. Default: decodes here, and appends to the store. */
  intake?: Intake;
  /** Answers with a flow in detail. Default: asks the store, and writes the answer here. */
  detailBytes?: DetailBytes;
  /** Counts what came in, for whoever shows it. */
  counters?: OtlpCounters;
  /** Sizes that a body may have, and whom a sender speaks for. */
  otlp?: Pick<OtlpOptions, "bodyLimit" | "inflatedLimit" | "tenantOf">;
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
  const {
    intake = createIntake({ accept: (observations) => store.append(observations), warn }),
    detailBytes = detailBytesOf(store),
    counters = createCounters(),
  } = options;
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
  addApi(app, store, detailBytes);
  addStream(
    app,
    new Hub({ onChange: (...listeners) => store.onChange(...listeners), present: PRESENT, ...options.live }),
  );
  addOtlp(app, { intake, counters, warn, ...options.otlp });
  addPage(app, pageDir);
  return app;
}

const PRESENT: HubOptions["present"] = {
  flow: presentFlow,
  step: ({ tenant, id }, step) => ({ tenant, flowId: id, step: presentStep(step) }),
};
