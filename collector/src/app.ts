/** Puts the doors together. Never listens: that is the caller's. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { AccessStore } from "./access.ts";
import type { Attempts } from "./auth/attempts.ts";
import { Gate, type OpenWhen } from "./auth/gate.ts";
import { toWeirError } from "./errors.ts";
import type { Micros } from "./flow.ts";
import { type Answers, answersOf } from "./http/answers.ts";
import { addApi } from "./http/api.ts";
import { addDocs } from "./http/docs.ts";
import { sendError } from "./http/errors.ts";
import { addExports, type ExportOptions } from "./http/exports.ts";
import { addGate } from "./http/gate.ts";
import { addHealth } from "./http/health.ts";
import { addKeys } from "./http/keys.ts";
import { LazyLog } from "./http/lazy-log.ts";
import { addLogin, toLogin } from "./http/login.ts";
import { addMe } from "./http/me.ts";
import { addMethodChecks } from "./http/methods.ts";
import { addMetrics } from "./http/metrics.ts";
import { addCors, addOriginCheck } from "./http/origin.ts";
import { addPage } from "./http/page.ts";
import { presentChild, presentEvent, presentFlow, presentStep } from "./http/present.ts";
import { addRequests, requestId } from "./http/requests.ts";
import { addSecurity, SECURITY_HEADERS } from "./http/security.ts";
import { addServer, type Serving, type ThreadFigures } from "./http/server.ts";
import { addSettings, type FixedSettings } from "./http/settings.ts";
import { addShared } from "./http/shared.ts";
import { addShares } from "./http/shares.ts";
import { addStream } from "./http/stream.ts";
import { type Limits, NO_LIMITS } from "./limits.ts";
import { Hub, type HubOptions } from "./live/hub.ts";
import { createMetrics } from "./metrics.ts";
import { createCounters, type OtlpTraffic } from "./otlp/counters.ts";
import { addOtlpHttp, type OtlpHttpOptions } from "./otlp/http.ts";
import { createIngest, type Ingest } from "./otlp/ingest.ts";
import { createIntake, type Intake, type MessageLimits } from "./otlp/intake.ts";
import { limiterOf } from "./otlp/limits/limiter.ts";
import type { Store } from "./store.ts";
import { version } from "./version.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** What the OTLP doors share: other doors than HTTP's are given it. */
    intake: Intake;
    /**
     * Lets a sender in by another door than HTTP's.
     *
     * @returns the one tenant that he speaks for; `null`: any
     * @throws {WeirError} `unauthenticated`, `forbidden`
     */
    admitSender(authorization: string | undefined): Promise<string | null>;
  }
}

/** Who is let in. */
export interface AccessOptions {
  access: AccessStore;
  openWhen: OpenWhen;
  /** Bounds failed log-ins. */
  attempts?: Attempts;
}

export interface AppOptions {
  store: Store;
  /** Keys and links. Without it everyone may do everything, and there are no routes to manage them. */
  auth?: AccessOptions;
  /** Origins whose pages may ask, with a key. Default: none. */
  corsOrigins?: readonly string[];
  /** Addresses and networks of proxies whose word on a caller's address is taken. Default: none. */
  trustedProxy?: readonly string[];
  /** The clock, in microseconds since the epoch. */
  now?: () => Micros;
  /** Takes what came in. Default: decodes here, and appends to the store. */
  ingest?: Ingest;
  /** Answers what the API is asked. Default: asks the store, and writes the answer here. */
  answers?: Answers;
  /** What each tenant may use; held here where no `ingest` is given, which holds its own. Default: without limits. */
  limits?: Limits;
  /** What flags have set. Default: nothing. */
  fixedSettings?: FixedSettings;
  /** How it was started, for whoever looks after it. */
  serving?: Partial<Serving>;
  /** The threads behind the store. Default: none. */
  threads?: () => ThreadFigures[];
  /** Counts what came in, for whoever shows it. */
  counters?: OtlpTraffic;
  /** What a message may cost, and whom a sender over HTTP speaks for. */
  otlp?: MessageLimits & OtlpHttpOptions;
  /** How long an export waits for its reader. */
  exports?: ExportOptions;
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
  const { store, pageDir, ownHost, log, limits = NO_LIMITS, corsOrigins = [], trustedProxy = [] } = options;
  const { auth, now = () => Date.now() * 1000 } = options;
  const gate = new Gate({ ...auth, now });
  const { answers = answersOf(store), counters = createCounters() } = options;
  const { fixedSettings = NOTHING_FIXED, serving, threads = () => [] } = options;
  const app = Fastify({
    ...(log && {
      loggerInstance: log,
      childLoggerFactory: (parent, bindings) => new LazyLog(parent, bindings),
    }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    genReqId: requestId,
    // A body that trickles in holds memory.
    requestTimeout: 60_000,
    trustProxy: trustedProxy.length > 0 && [...trustedProxy],
    // Tenants and ids have up to 256 characters, each up to twelve once escaped.
    routerOptions: { maxParamLength: 4096 },
    frameworkErrors: (error, _request, reply) =>
      void sendError(reply.headers(SECURITY_HEADERS), toWeirError(error)),
  });
  // No route reads a body unless it says how.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  // What comes in is read by the routes themselves, more strictly than by their schemas, and refused in our own words.
  app.setValidatorCompiler(() => () => true);
  app.setErrorHandler((thrown, request, reply) => {
    const error = toWeirError(thrown);
    if (error.code === "internal") request.log.error({ err: error.cause }, "a request failed");
    return sendError(reply, error);
  });

  // In the order in which a request meets them.
  const requests = addRequests(app);
  addSecurity(app, ownHost);
  addCors(app, corsOrigins);
  addGate(app, { gate, toLogin });
  addOriginCheck(app, corsOrigins);
  addMethodChecks(app);

  const {
    ingest = createIngest({
      accept: (observations) => store.append(observations),
      limiter: limiterOf(limits, store, now),
      warn: (line) => app.log.warn(line),
    }),
  } = options;
  addHealth(app, store);
  addMe(app, gate);
  addApi(app, answers, async () => (await ingest.limits()).reached);
  addExports(app, store, gate, options.exports);
  if (auth !== undefined) {
    addKeys(app, auth.access, now);
    addShares(app, auth.access, now);
    addShared(app, auth.access, store, now);
    addSettings(app, { kept: auth.access, fixed: fixedSettings, now });
    addLogin(app, gate, auth.attempts);
  }
  const hub = new Hub({
    onChange: (...listeners) => store.onChange(...listeners),
    present: PRESENT,
    ...options.live,
  });
  addStream(app, hub, gate);
  const intake = createIntake({ ingest, traffic: counters, log: app.log, ...options.otlp });
  app.decorate("intake", intake);
  app.decorate("admitSender", async (authorization) => (await gate.admit({ authorization }, "send")).tenant);
  addOtlpHttp(app, intake, { tenantOf: ({ caller }) => caller.tenant, ...options.otlp });
  addDocs(app, version());
  addServer(app, {
    version: version(),
    store,
    serving: { ...BY_DEFAULT, limits, ...serving },
    threads,
    queue: () => ({ requests: intake.budget.claims, bytes: intake.budget.held, waitMs: intake.waitMs }),
    openStreams: () => hub.readers,
  });
  addMetrics(app, createMetrics({ store, ingest, intake, requests, openStreams: () => hub.readers }));
  addPage(app, pageDir);
  return app;
}

const NOTHING_FIXED: FixedSettings = { traceLink: null, stalledAfter: new Map() };
const BY_DEFAULT: Omit<Serving, "limits"> = {
  kind: "memory",
  durability: null,
  retention: { everyone: null, tenants: new Map() },
};

const PRESENT: HubOptions["present"] = {
  flow: presentFlow,
  step: ({ tenant, id }, step) => ({ tenant, flowId: id, step: presentStep(step) }),
  event: ({ tenant, id }, event) => ({ tenant, flowId: id, event: presentEvent(event) }),
  child: ({ tenant, id }, child) => ({ tenant, flowId: id, child: presentChild(child) }),
};
