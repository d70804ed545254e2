/**
 * Wires the SDK together, once per process. The only file that knows OpenTelemetry's SDK, but for the class of the
 * context manager in scope.ts.
 *
 * Weir has a tracer provider, a queue and an exporter of its own, registered nowhere: so no flow is lost to another's
 * sampler or exporter, and nobody else's export changes.
 */
import { randomUUID } from "node:crypto";
import type { TracerProvider } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { collectorAgent } from "./agent.ts";
import { ATTR, RESOURCE } from "./attributes.ts";
import { certificatesFrom } from "./certificates.ts";
import { type Clock, createClock } from "./clock.ts";
import { diagnose, diagnoseInternal, onDiagnostic } from "./diagnostics.ts";
import { ENV } from "./environment.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { type Config, LONGEST_TIMER_MS, readOptions, type SetupOptions } from "./options.ts";
import { Pending } from "./pending.ts";
import { ownPipeline, type Pipeline, usersPipeline } from "./pipeline.ts";
import { createRedactor } from "./redact.ts";
import { type Counts, type Runtime, setRuntime } from "./runtime.ts";
import { noteOfRequest, type SpanQueueOptions } from "./span-queue.ts";
import { takeOverRetries } from "./transport.ts";

/** How the SDK fares. Counts begin with `setup()`. */
export interface Health {
  /** Spans that the collector has taken. */
  exported: number;
  /** Spans that wait or are on their way. */
  queued: number;
  /** Spans that are lost: the queue was full, the collector refused them, or they were left at `shutdown()`. */
  dropped: number;
  /** The last failure of an export, also when later ones succeeded; `at` is RFC 3339. */
  lastError: { message: string; at: string } | null;
  /** Steps that ran outside any flow, and so were not recorded. */
  stepsOutsideFlow: number;
  /** Flows and steps whose span is open in this process. */
  openFlows: number;
  openSteps: number;
  /** Where spans are sent; `null` before `setup()` and with a tracer provider of the user's own. */
  endpoint: string | null;
}

/** For tests: the parts that `setup()` otherwise makes by itself. Not part of the public interface. */
export interface SetupParts {
  exporter?: SpanExporter;
  clock?: Clock;
  queue?: SpanQueueOptions;
  pendingDelayMs?: number;
  env?: Readonly<Record<string, string | undefined>>;
}

interface Weir {
  counts: Counts;
  pending: Pending;
  queue: Pipeline["queue"];
  endpoint: string | null;
  flush(timeoutMs: number, patient: boolean): Promise<void>;
  stop(): void;
}

/** Open spans are announced after this long, and finished ones sent after this long: a start is seen within 250 ms. */
const PENDING_DELAY_MS = 100;
const DEFAULT_TIMEOUT_MS = 5000;

let weir: Weir | undefined;
let active = false;

/**
 * Sets Weir up, once per process, before the first flow. Every option has an environment variable. Never throws:
 * what can't be used is said on the diagnostics channel, and the default is taken. With `OTEL_SDK_DISABLED=true` it
 * does nothing.
 *
 * @example
 * setup({ serviceName: "import-api", endpoint: "http://weir.internal:4318" });
 */
export function setup(options: SetupOptions = {}): void {
  setupWith(options, {});
}

/** `setup()`, with some parts handed in. */
export function setupWith(options: SetupOptions, parts: SetupParts): void {
  try {
    if (active) {
      diagnose("set-up-twice", "setup() was called again: the first call stays in force");
      return;
    }
    const given = typeof options === "object" && options !== null ? options : {};
    onDiagnostic(typeof given.onDiagnostic === "function" ? given.onDiagnostic : undefined);
    const env = parts.env ?? process.env;
    if (env[ENV.otelDisabled]?.trim().toLowerCase() === "true") {
      setRuntime(undefined);
      return;
    }
    weir = build(given, parts, readOptions(given, env));
    active = true;
  } catch (error) {
    diagnoseInternal("setup()", error);
    setRuntime(undefined);
  }
}

/**
 * Sends what is queued, and announces what is open. Resolves when it is done or the time is over; never rejects.
 *
 * @param timeoutMs milliseconds, default 5,000
 * @example
 * await flush();
 */
export async function flush(timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<void> {
  try {
    if (active) await weir?.flush(timeout("flush", timeoutMs), true);
  } catch (error) {
    diagnoseInternal("flush()", error);
  }
}

/**
 * Sends what is queued, then stops: later flows and steps run unseen. What could not be sent in time is counted as
 * dropped. Never rejects.
 *
 * @param timeoutMs milliseconds, default 5,000
 * @example
 * process.on("SIGTERM", () => server.close(async () => { await shutdown(); process.exit(); }));
 */
export async function shutdown(timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<void> {
  if (!active) return;
  await flush(timeoutMs);
  // A second call that waited beside this one finds the work done.
  if (!active) return;
  active = false;
  setRuntime(undefined);
  try {
    weir?.stop();
  } catch (error) {
    diagnoseInternal("shutdown()", error);
  }
}

/** A timer takes any other value for one millisecond: then nothing would be sent. */
function timeout(call: string, given: unknown): number {
  if (typeof given === "number" && given >= 0) return Math.min(given, LONGEST_TIMER_MS);
  diagnose(
    "bad-timeout",
    `${call}(): expected milliseconds, from 0 up, got ${typeof given}: 5,000 are taken`,
  );
  return DEFAULT_TIMEOUT_MS;
}

/**
 * How the SDK fares: what was sent, what waits, what was lost.
 *
 * @example
 * app.get("/healthz", (_req, res) => res.json({ weir: health() }));
 */
export function health(): Health {
  const queue = weir?.queue?.counts();
  const error = queue?.lastError;
  return {
    exported: queue?.exported ?? 0,
    queued: queue?.queued ?? 0,
    dropped: queue?.dropped ?? 0,
    lastError: error === undefined ? null : { message: error.message, at: new Date(error.at).toISOString() },
    stepsOutsideFlow: weir?.counts.stepsOutsideFlow ?? 0,
    openFlows: weir?.counts.openFlows ?? 0,
    openSteps: weir?.counts.openSteps ?? 0,
    endpoint: weir?.endpoint ?? null,
  };
}

function build(options: SetupOptions, parts: SetupParts, config: Config): Weir {
  const users = options.tracerProvider;
  const exporter = users === undefined ? (parts.exporter ?? otlpExporter(config)) : undefined;
  const { spans, announce, queue } =
    exporter === undefined
      ? usersPipeline(users as TracerProvider)
      : ownPipeline(exporter, resource(config), config.endpoint, parts.queue);
  const pending = new Pending(announce, parts.pendingDelayMs ?? PENDING_DELAY_MS, () => queue?.hurry());
  const counts: Counts = { openFlows: 0, openSteps: 0, stepsOutsideFlow: 0 };
  const now = parts.clock ?? createClock();
  const { propagateTo, acceptFrom } = config;
  const redactor = config.redact === false ? undefined : createRedactor(config.redact);
  const rt: Runtime = {
    spans,
    now,
    pending,
    propagateTo,
    acceptFrom,
    redactor,
    counts,
  };
  setRuntime(rt);

  const stopHeartbeat = startHeartbeat(rt, config.heartbeatInterval);
  const flushAll = async (timeoutMs: number, patient: boolean): Promise<void> => {
    pending.announce();
    if (queue !== undefined) await queue.drain(timeoutMs, patient);
    else await flushUsers(users as TracerProvider, timeoutMs);
  };
  const atExit = (): void => void flushAll(DEFAULT_TIMEOUT_MS, false).catch(() => {});
  process.once("beforeExit", atExit);

  return {
    counts,
    pending,
    queue,
    endpoint: queue === undefined ? null : config.endpoint,
    flush: flushAll,
    stop() {
      process.off("beforeExit", atExit);
      stopHeartbeat();
      pending.stop();
      queue?.close();
      // Not awaited: it waits for requests on their way, which have had their time.
      exporter?.shutdown().catch(() => {});
    },
  };
}

function resource(config: Config): Resource {
  // One per process, also where the environment names one for a whole pod: heartbeats speak for a process.
  const ours: Record<string, string | number> = {
    [RESOURCE.serviceInstance]: randomUUID(),
    // A promise of the process: each of its spans says when to worry, also where it is gone before its first heartbeat.
    [ATTR.heartbeatInterval]: config.heartbeatInterval,
  };
  if (config.serviceName !== undefined) ours[RESOURCE.serviceName] = config.serviceName;
  return defaultResource()
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes(ours));
}

function otlpExporter(config: Config): SpanExporter {
  const certificates = certificatesFrom(process.env);
  const exporter = new OTLPTraceExporter({
    url: config.endpoint,
    headers: config.headers,
    httpAgentOptions: (protocol) => collectorAgent(protocol, certificates),
  });
  takeOverRetries(exporter, noteOfRequest);
  return exporter;
}

async function flushUsers(provider: TracerProvider, timeoutMs: number): Promise<void> {
  const { forceFlush } = provider as { forceFlush?: () => Promise<void> };
  if (typeof forceFlush !== "function") return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([forceFlush.call(provider), late]).finally(() => clearTimeout(timer));
}
