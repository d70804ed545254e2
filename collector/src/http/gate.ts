/**
 * Every route says who may use it, in `config.access`; one that does not say keeps the server from starting. Asked
 * before a body is read.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { type Caller, type Gate, may, needsKey, type Right, refuse, refuseBound } from "../auth/gate.ts";
import { sessionCookie } from "./cookie.ts";

/**
 * Who may use a route. A right: who has it. `read-all`, `admin-all`: who may read, or manage, and of all
 * tenants. `key`: whoever has a key that works. `page`: who may read, in a browser;
 * others are sent to log in. `public`: everyone, as what it gives is nobody's secret or has a secret in its path.
 */
export type Access = Right | "read-all" | "admin-all" | "key" | "page" | "public";

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access | ((request: FastifyRequest) => Access);
  }
  interface FastifyInstance {
    /** Every route, as it says who may use it. */
    routeRules: readonly RouteRule[];
  }
  interface FastifyRequest {
    /** Who asks. On a `public` route nobody is asked who he is. */
    caller: Caller;
  }
}

export type RouteRule = Pick<RouteOptions, "method" | "url" | "config" | "schema">;

export interface GateOptions {
  gate: Gate;
  /** Answers, or throws what answers, a `page` that was asked for without a key. */
  toLogin: (request: FastifyRequest, reply: FastifyReply) => FastifyReply;
}

/** What one must have the right to do; `null`: any key will do. */
const RIGHTS: Record<Exclude<Access, "public">, Right | null> = {
  send: "send",
  read: "read",
  page: "read",
  "read-all": "read",
  admin: "admin",
  "admin-all": "admin",
  key: null,
};

/** Someone on a `public` route: bound to a tenant that nobody is. */
const ANYONE: Caller = {
  role: "read",
  tenant: "",
  via: "open",
  keyId: null,
  keyName: null,
  session: null,
};

/** Holds for the routes that are added after it, in all scopes. */
export function addGate(app: FastifyInstance, { gate, toLogin }: GateOptions): void {
  const rules: RouteRule[] = [];
  app.decorate("routeRules", rules);
  app.addHook("onRoute", (route) => void rules.push(route));
  app.addHook("onReady", async () => {
    for (const { method, url, config } of rules) {
      if (config?.access !== undefined) continue;
      throw new Error(`${method} ${url} does not say who may use it: expected config: { access: … }`);
    }
  });

  app.decorateRequest("caller", null as unknown as Caller);
  app.addHook("onRequest", async (request, reply) => {
    request.caller = ANYONE;
    const access = accessOf(request);
    if (access === "public") return;
    const { authorization, cookie } = request.headers;
    const caller = await gate.callerOf({ authorization, session: sessionCookie(cookie) });
    if (caller === undefined) {
      if (access === "page") return toLogin(request, reply);
      throw needsKey();
    }
    const right = RIGHTS[access];
    if (right !== null && !may(caller, right)) throw refuse(caller, right);
    if (access.endsWith("-all") && caller.tenant !== null) throw refuseBound(caller.tenant);
    request.caller = caller;
  });
  app.addHook("preClose", () => gate.close());
}

/** What no route takes is the page's, or nothing: the page's door tells the two apart. */
function accessOf(request: FastifyRequest): Access {
  const { access = request.is404 ? "page" : "admin" } = request.routeOptions.config;
  return typeof access === "function" ? access(request) : access;
}
