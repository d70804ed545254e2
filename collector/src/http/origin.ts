/**
 * What changes something must not be begun by a page of another site: in the name of a browser that is logged in, or
 * of a machine that reaches an open collector. And which other sites may ask at all.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { WeirError } from "../errors.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const PREFLIGHT = {
  "access-control-allow-methods": "GET, POST, PATCH, DELETE",
  "access-control-allow-headers": "authorization, content-type, content-encoding, last-event-id",
  "access-control-max-age": "600",
};

/**
 * Lets pages of these origins ask, with a key and never with a cookie. Before the gate: a browser asks first whether
 * it may, and brings no key for that.
 */
export function addCors(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.addHook("onRequest", async (request, reply) => {
    const { origin } = request.headers;
    reply.header("vary", "Origin");
    if (origin === undefined || !origins.includes(origin)) return;
    reply.headers({
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "retry-after",
      "cross-origin-resource-policy": "cross-origin",
    });
    const isPreflight = request.method === "OPTIONS" && "access-control-request-method" in request.headers;
    if (isPreflight) return reply.headers(PREFLIGHT).code(204).send();
  });
}

/** After the gate: who brings a key himself was not sent by anyone. */
export function addOriginCheck(app: FastifyInstance, origins: readonly string[]): void {
  app.addHook("onRequest", (request, _reply, done) => {
    const { method, caller, headers } = request;
    if (SAFE.has(method) || caller.via === "key" || isFromUs(request, origins)) return done();
    const got = headers.origin ?? headers["sec-fetch-site"] ?? "no Origin";
    done(
      new WeirError(
        "forbidden",
        `expected a request of Weir's own page, got one from ${JSON.stringify(got)}`,
      ),
    );
  });
}

function isFromUs({ headers, caller }: FastifyRequest, origins: readonly string[]): boolean {
  const { origin, host, "sec-fetch-site": site } = headers;
  // Another site of the same domain is sent the cookie too: what it may, it may with a key.
  if (origin !== undefined && caller.via !== "session" && origins.includes(origin)) return true;
  if (site !== undefined) return site === "same-origin" || site === "none";
  // No browser leaves it out: a program, which has a cookie only where someone took it out of a browser.
  if (origin === undefined) return caller.via !== "session";
  // Of a page over plain http to another machine a browser says only this. What a proxy was asked for can't be
  // written by a page of another site either.
  const asked = [host, headers["x-forwarded-host"]];
  return asked.includes(URL.parse(origin)?.host ?? "");
}
