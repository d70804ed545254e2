/** What every answer and every request is held to, whatever the route. */
import type { FastifyInstance } from "fastify";
import { WeirError } from "../errors.ts";
import { isOwnHost } from "../host.ts";

/** For answers that are given before any route was looked for, too. */
export const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  // Not `no-referrer`: a browser would then hide from us that our own form was sent by our own page.
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** `ownHost`: the loopback host the server is bound to; with it, requests under another name are refused. */
export function addSecurity(app: FastifyInstance, ownHost: string | undefined): void {
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(SECURITY_HEADERS);
    if (ownHost === undefined || isOwnHost(request.headers.host, ownHost)) return done();
    const got = JSON.stringify(request.headers.host);
    done(new WeirError("forbidden", `expected localhost, an IP address or ${ownHost} as Host, got ${got}`));
  });
}
