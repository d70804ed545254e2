/** `/login` and `/logout`: a browser changes a key for a cookie. Plain forms: no script is needed. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Attempts } from "../auth/attempts.ts";
import { type Gate, needsKey } from "../auth/gate.ts";
import { clearCookie, sessionCookie, setCookie } from "./cookie.ts";
import { LOGIN_STYLE, loginPage, movedPage } from "./login-page.ts";
import { wantsPage } from "./page.ts";

const BODY_LIMIT = 4 * 1024;
/** The same whatever was wrong: who guesses learns nothing. */
const REFUSED =
  "This key does not open the page. It takes a key of the role admin or read that is neither revoked nor expired.";

export function addLogin(app: FastifyInstance, gate: Gate, attempts = new Attempts()): void {
  app.register(async (scope) => {
    scope.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));
    scope.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string", bodyLimit: BODY_LIMIT },
      (_request, body, done) => done(null, new URLSearchParams(String(body))),
    );

    scope.get("/login", { config: { access: "public" } }, async (request, reply) => {
      const { next } = request.query as { next?: unknown };
      const path = pathOf(next);
      const caller = await gate.callerOf({ session: sessionCookie(request.headers.cookie) });
      if (caller !== undefined) return reply.redirect(path, 303);
      return html(reply, loginPage({ next: path }));
    });

    scope.post("/login", { config: { access: "public" } }, async (request, reply) => {
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
      const next = pathOf(form.get("next"));
      const wait = attempts.waitFor(request.ip);
      if (wait > 0) {
        const problem = `Too many keys that did not work came from your address. Try again in ${wait} seconds.`;
        return html(reply.code(429).header("retry-after", wait), loginPage({ next, problem }));
      }
      attempts.begun(request.ip);
      const session = await gate.logIn(form.get("key")?.trim() ?? "");
      if (session === undefined) return html(reply.code(401), loginPage({ next, problem: REFUSED }));
      attempts.worked(request.ip);
      reply.header("set-cookie", setCookie(session.cookie, session.seconds, isSecure(request)));
      return reply.redirect(next, 303);
    });

    // For everyone: who has been logged out meanwhile gets to the log-in too.
    scope.post("/logout", { config: { access: "public" } }, async (request, reply) => {
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
      const next = pathOf(form.get("next"));
      await gate.logOut(sessionCookie(request.headers.cookie));
      reply.header("set-cookie", clearCookie(isSecure(request)));
      return reply.redirect(next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`, 303);
    });

    scope.get("/login.css", { config: { access: "public" } }, async (_request, reply) =>
      reply.header("cache-control", "no-cache").type("text/css; charset=utf-8").send(LOGIN_STYLE),
    );
  });
}

/**
 * Answers who asks for a page without a key. A browser sends no SameSite=Strict cookie where a link of another site
 * was followed, in a chat for one: so it is moved on by a page of ours first, after which it does.
 *
 * @throws {WeirError} `unauthenticated` where no page was asked for.
 */
export function toLogin(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split("?", 1)[0] ?? "/";
  if (!wantsPage(request, path)) throw needsKey();
  const login = `/login?next=${encodeURIComponent(request.url)}`;
  reply.header("cache-control", "no-store");
  const site = request.headers["sec-fetch-site"];
  if (site === "cross-site" || site === "same-site") return html(reply, movedPage(login));
  return reply.redirect(login, 303);
}

/** A path of this site: what else a link may have put there leads to the first page. */
function pathOf(next: unknown): string {
  const base = "http://weir.invalid";
  const url = typeof next === "string" && next.startsWith("/") ? URL.parse(next, base) : null;
  if (url === null || url.origin !== base || /^\/log(in|out)\b/.test(url.pathname)) return "/";
  return url.pathname.startsWith("//") ? "/" : url.pathname + url.search;
}

/** A proxy says so. Who says it without one gets a cookie that is of no use to him, and no harm to others. */
function isSecure({ headers, protocol }: FastifyRequest): boolean {
  const [first] = String(headers["x-forwarded-proto"] ?? protocol).split(",");
  return first?.trim() === "https";
}

function html(reply: FastifyReply, page: string): FastifyReply {
  return reply.type("text/html; charset=utf-8").send(page);
}
