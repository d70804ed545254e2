/** Every request has an id, is counted, and is written to the log when it is answered. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";

/** How many requests were answered, by method, route and status. */
export interface RequestCount {
  method: string;
  /** The route's pattern; `other` where there is none. */
  route: string;
  code: number;
  count: number;
}

/** What senders and machines ask all the time: of interest only where it went wrong. */
const ROUTINE = new Set(["/v1/traces", "/v1/logs", "/v1/metrics", "/healthz", "/readyz", "/metrics"]);

const boot = randomBytes(4).toString("hex");
let requests = 0;

/** The sender's `x-request-id` where it is a sensible one, so that its log and ours can be joined; else one of ours. */
export function requestId({ headers }: IncomingMessage): string {
  const given = headers["x-request-id"];
  if (typeof given === "string" && /^[\w.:/+=-]{1,128}$/.test(given)) return given;
  requests += 1;
  return `${boot}-${requests.toString(36)}`;
}

/** @returns the counts so far. */
export function addRequests(app: FastifyInstance): () => RequestCount[] {
  const counts = new Map<string, RequestCount>();

  app.addHook("onRequest", (request, reply, done) => {
    reply.header("x-request-id", request.id);
    done();
  });

  app.addHook("onResponse", (request, reply, done) => {
    const { method } = request;
    const route = routeOf(request);
    const code = reply.statusCode;
    const key = `${method} ${code} ${route}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { method, route, code, count: 1 });
    else known.count += 1;
    const level = levelOf(route, code);
    if (request.log.level === "debug" || level !== "debug") {
      request.log[level]({ method, route, code, ms: Math.round(reply.elapsedTime) }, "answered");
    }
    done();
  });

  return () => [...counts.values()];
}

function routeOf({ routeOptions }: FastifyRequest): string {
  return routeOptions.url ?? "other";
}

/** What failed has been said where it failed, and what was sent back is summed up: both would be said twice here. */
function levelOf(route: string, code: number): "debug" | "info" {
  return ROUTINE.has(route) && (code < 400 || code === 429 || code === 503) ? "debug" : "info";
}
