/**
 * The options of `setup()`, with their environment variables and defaults. A value that can't be used costs a
 * diagnostic, never the service.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { types } from "node:util";
import type { TracerProvider } from "@opentelemetry/api";
import { LIMITS } from "./attributes.ts";
import { type DiagnosticHandler, diagnose } from "./diagnostics.ts";
import { ENV } from "./environment.ts";
import type { RedactOptions } from "./redact.ts";
import type { AcceptFrom } from "./trust.ts";

/** Options of `setup()`; what is left out is taken from the environment. */
export interface SetupOptions {
  /**
   * The name of this service on the page; at most 256 characters.
   * Default: `WEIR_SERVICE_NAME`, `OTEL_SERVICE_NAME`, `service.name` in `OTEL_RESOURCE_ATTRIBUTES`, the name in
   * the nearest package.json, `unknown_service:node`.
   */
  serviceName?: string | undefined;
  /**
   * The collector: `http://host:4318`, or a whole address with its path.
   * Default: `WEIR_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `OTEL_EXPORTER_OTLP_ENDPOINT` with
   * `/v1/traces` after it, `http://127.0.0.1:4318/v1/traces`.
   */
  endpoint?: string | undefined;
  /** Sent as `Authorization: Bearer …`. Default: `WEIR_API_KEY`. */
  apiKey?: string | undefined;
  /** Headers of each request to the collector, beside those of `OTEL_EXPORTER_OTLP_HEADERS`. */
  headers?: Record<string, string> | undefined;
  /**
   * Public hosts that may receive flow identity: `"api.mycompany.com"`, `"*.mycompany.com"`. Hosts of the inside
   * always may. Default: `WEIR_PROPAGATE_TO`, separated by commas.
   */
  propagateTo?: readonly string[] | undefined;
  /**
   * From whom a request may continue a flow: `"inside"` (peers at loopback and private addresses), `"anyone"`,
   * `"nobody"`, or a function that decides for each request. Others' requests are served as ever, and begin no
   * flow's step. What comes out of a queue is always taken, as whoever writes there is inside.
   *
   * The peer is who holds the other end of the connection. Behind a proxy or a load balancer that is the proxy, so
   * everyone is inside: a service that such a proxy opens to the public sets `"nobody"`, unless the proxy takes the
   * `baggage` header off. On a Unix socket nobody has an address: who trusts all that write to it sets `"anyone"`.
   *
   * Default: `WEIR_ACCEPT_FROM`, `"inside"`.
   *
   * @example
   * setup({ acceptFrom: ({ headers }) => headers["x-gateway-key"] === process.env.GATEWAY_KEY });
   */
  acceptFrom?: AcceptFrom | undefined;
  /**
   * What is taken out of attributes, labels, event attributes, reasons, error messages and stacks before they leave
   * the process, besides passwords, tokens, keys, cookies, card numbers and the like, which are known by key and by
   * look. `false` turns all of it off. Names of flows, steps, events and errors, tenants and ids stay as they are:
   * they are what is searched for, so put no secrets in them.
   *
   * Default: `WEIR_REDACT`, more keys separated by commas, or `off`.
   *
   * @example
   * setup({ redact: { keys: ["iban", /^x-internal-/i], patterns: [/\bDE\d{20}\b/], replaceWith: "***" } });
   */
  redact?: RedactOptions | false | undefined;
  /** Milliseconds between two signs of life. Default: `WEIR_HEARTBEAT_INTERVAL`, 10,000. */
  heartbeatInterval?: number | undefined;
  /** Makes the spans instead of Weir's own provider: sampling and export are then yours. */
  tracerProvider?: TracerProvider | undefined;
  /** Hears what is wrong. Default: `process.emitWarning`. */
  onDiagnostic?: DiagnosticHandler | undefined;
}

/** The same, decided. */
export interface Config {
  serviceName: string | undefined;
  endpoint: string;
  headers: Record<string, string>;
  propagateTo: string[];
  acceptFrom: AcceptFrom;
  redact: RedactOptions | false;
  heartbeatInterval: number;
}

type Env = Readonly<Record<string, string | undefined>>;

const TRACES_PATH = "/v1/traces";
const DEFAULT_ENDPOINT = `http://127.0.0.1:4318${TRACES_PATH}`;
const DEFAULT_HEARTBEAT_MS = 10_000;
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
const MAX_REPLACEMENT = 64;

export function readOptions(options: SetupOptions, env: Env): Config {
  return {
    serviceName: serviceName(options.serviceName, env),
    endpoint: endpoint(options.endpoint, env),
    headers: headers(options, env),
    propagateTo: propagateTo(options.propagateTo, env),
    acceptFrom: acceptFrom(options.acceptFrom, env),
    redact: redact(options.redact, env),
    heartbeatInterval: heartbeatInterval(options.heartbeatInterval, env),
  };
}

/** `undefined` leaves the name to `OTEL_RESOURCE_ATTRIBUTES`, and failing that to OpenTelemetry's default. */
function serviceName(given: unknown, env: Env): string | undefined {
  if (given !== undefined && (typeof given !== "string" || given === "")) {
    unfit("serviceName", "a non-empty string", given);
  } else if (given !== undefined) return (given as string).slice(0, LIMITS.name);
  const named = env[ENV.serviceName] || env[ENV.otelServiceName];
  if (named) return named;
  return /(^|,)\s*service\.name\s*=/.test(env[ENV.otelResource] ?? "") ? undefined : packageName();
}

/** The name in the package.json nearest to the program that runs. */
function packageName(): string | undefined {
  let folder = dirname(process.argv[1] ?? "");
  for (let depth = 0; depth < 20; depth++) {
    try {
      const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name?: unknown };
      if (typeof name === "string" && name !== "") return name;
    } catch {
      // None here, or none that can be read: look further up.
    }
    const above = dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
  return undefined;
}

function endpoint(given: unknown, env: Env): string {
  return (
    withTracesPath("endpoint", given, "when bare") ??
    withTracesPath(ENV.endpoint, env[ENV.endpoint], "when bare") ??
    withTracesPath(ENV.otelTracesEndpoint, env[ENV.otelTracesEndpoint], "never") ??
    withTracesPath(ENV.otelEndpoint, env[ENV.otelEndpoint], "always") ??
    DEFAULT_ENDPOINT
  );
}

/** The address with `/v1/traces` where that is wanted; `undefined` where none is given or it is no address. */
function withTracesPath(
  option: string,
  given: unknown,
  wanted: "when bare" | "always" | "never",
): string | undefined {
  if (given === undefined || given === "") return undefined;
  const url = typeof given === "string" ? URL.parse(given) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    unfit(option, "an address such as http://collector:4318", given);
    return undefined;
  }
  const bare = url.pathname === "/" || url.pathname === "";
  if (wanted === "always" || (wanted === "when bare" && bare)) {
    url.pathname = url.pathname.replace(/\/$/, "") + TRACES_PATH;
  }
  return url.href;
}

function headers(options: SetupOptions, env: Env): Record<string, string> {
  const merged: Record<string, string> = {};
  const given: unknown = options.headers ?? {};
  const fits = typeof given === "object" && given !== null;
  if (!fits) unfit("headers", 'an object such as { "x-team": "data" }', given);
  for (const [key, value] of Object.entries(fits ? given : {})) {
    if (typeof value === "string") merged[key] = value;
    else unfit(`headers[${JSON.stringify(key)}]`, "a string", value);
  }
  const apiKey = options.apiKey ?? env[ENV.apiKey];
  if (typeof apiKey === "string" && apiKey !== "") merged["authorization"] = `Bearer ${apiKey.trim()}`;
  return merged;
}

function propagateTo(given: unknown, env: Env): string[] {
  const list = given ?? (env[ENV.propagateTo] ?? "").split(",");
  if (!Array.isArray(list)) {
    unfit("propagateTo", 'an array such as ["*.mycompany.com"]', list);
    return [];
  }
  return list.flatMap((item: unknown) => {
    const pattern = typeof item === "string" ? item.trim() : item;
    if (pattern === "") return [];
    if (typeof pattern === "string" && /^(\*\.)?[^*/@\s]+$|^\*$/.test(pattern)) return [pattern];
    unfit("propagateTo", 'host names such as "api.mycompany.com" or "*.mycompany.com"', item);
    return [];
  });
}

function acceptFrom(given: unknown, env: Env): AcceptFrom {
  const value = given ?? (env[ENV.acceptFrom]?.trim() || "inside");
  if (typeof value === "function") return value as AcceptFrom;
  if (value === "inside" || value === "anyone" || value === "nobody") return value;
  unfit("acceptFrom", '"inside", "anyone", "nobody" or a function', value, '"nobody" is taken');
  return "nobody";
}

function redact(given: unknown, env: Env): RedactOptions | false {
  const named = env[ENV.redact]?.trim() ?? "";
  if (given === false || (given === undefined && named.toLowerCase() === "off")) return false;
  const fromEnv = named.toLowerCase() === "off" ? [] : named.split(",");
  if (given !== undefined && (typeof given !== "object" || given === null)) {
    unfit("redact", "false or an object such as { keys, patterns, replaceWith }", given);
    return { keys: words(fromEnv) };
  }
  const { keys, patterns, replaceWith } = (given ?? {}) as Record<string, unknown>;
  const fits = typeof replaceWith === "string" && replaceWith.length <= MAX_REPLACEMENT;
  if (replaceWith !== undefined && !fits) {
    unfit("redact.replaceWith", `a string of at most ${MAX_REPLACEMENT} characters`, replaceWith);
  }
  return {
    keys: [
      ...words(fromEnv),
      ...listOf(
        "redact.keys",
        "strings or RegExps",
        keys,
        (key) => typeof key === "string" || types.isRegExp(key),
      ),
    ] as (string | RegExp)[],
    patterns: listOf("redact.patterns", "RegExps", patterns, types.isRegExp) as RegExp[],
    replaceWith: fits ? replaceWith : undefined,
  };
}

/** Those of a list that fit; the others are said. */
function listOf(
  option: string,
  expected: string,
  given: unknown,
  fits: (item: unknown) => boolean,
): unknown[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    unfit(option, `an array of ${expected}`, given);
    return [];
  }
  return given.filter((item: unknown) => {
    if (!fits(item)) unfit(option, `an array of ${expected}`, item);
    return fits(item);
  });
}

function words(list: string[]): string[] {
  return list.map((word) => word.trim()).filter((word) => word !== "");
}

function heartbeatInterval(given: unknown, env: Env): number {
  const value = given ?? (env[ENV.heartbeatInterval] || undefined);
  if (value === undefined) return DEFAULT_HEARTBEAT_MS;
  const ms = typeof value === "string" ? Number(value) : value;
  if (typeof ms === "number" && ms >= 1 && ms <= LONGEST_TIMER_MS) return ms;
  unfit("heartbeatInterval", "milliseconds, from 1 up", value);
  return DEFAULT_HEARTBEAT_MS;
}

function unfit(option: string, expected: string, got: unknown, instead = "the default is used"): void {
  let shown: string;
  try {
    shown = JSON.stringify(got)?.slice(0, 80) ?? typeof got;
  } catch {
    shown = typeof got;
  }
  diagnose("bad-option", `setup: expected ${option} to be ${expected}, got ${shown}: ${instead}`, option);
}
