/** The page: a built single-page application. Any path that is no file is the page itself, which reads the URL. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { WeirError } from "../errors.ts";
import { sendError } from "./errors.ts";
import type { Access } from "./gate.ts";

/** Files in here carry a hash of their content in their name. */
const HASHED = "/assets/";

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Weir</title>
<h1>The page is not built</h1>
<p>The collector runs: it takes spans at <code>/v1/traces</code> and answers at <code>/api/v1</code>.</p>
<p>To build the page: <code>pnpm --filter @weir/ui build</code>, then reload. <code>npm start</code> does it too.</p>
`;

/** Serves `dir` for everything that no other route takes, and says 404 where a page would mislead. */
export function addPage(app: FastifyInstance, dir: string | undefined): void {
  if (dir !== undefined) {
    app.addHook("onRoute", (route) => {
      if (route.url === "/*") route.config = { ...route.config, access: accessTo };
    });
    app.register(fastifyStatic, {
      root: dir,
      cacheControl: false,
      // The build puts a `.gz` beside each larger file.
      preCompressed: true,
      setHeaders: (reply, path) => {
        const immutable = path.includes(HASHED);
        reply.header("cache-control", immutable ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  }

  // The page of a link: the same files, which find in the URL what to show.
  const show = (reply: FastifyReply) => sendPage(reply.header("cache-control", "no-cache"), dir);
  for (const path of ["/s/:token", "/s/:token/flows/:id"]) {
    app.get(path, { config: { access: "public" } }, async (_request, reply) =>
      show(reply.header("x-robots-tag", "noindex")),
    );
  }

  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "/";
    if (!wantsPage(request, path)) return sendError(reply, notFound(request.method, path));
    return show(reply);
  });
}

/** The page's own files are the same everywhere, and the page of a link needs them too. */
function accessTo({ url }: FastifyRequest): Access {
  return /^\/(assets\/[^?]*|[\w-]+\.(svg|js))(\?|$)/.test(url) ? "public" : "page";
}

/** Whether a browser asks for a page here, and not a program for data. */
export function wantsPage({ method }: Pick<FastifyRequest, "method">, path: string): boolean {
  const ours = /^\/(api|v1)(\/|$)/.test(path) || path.startsWith(HASHED);
  return (method === "GET" || method === "HEAD") && !ours;
}

function sendPage(reply: FastifyReply, dir: string | undefined): FastifyReply {
  // Looked for each time: the page may be built while the collector runs.
  if (dir !== undefined && existsSync(join(dir, "index.html"))) return reply.code(200).sendFile("index.html");
  return reply.code(200).type("text/html; charset=utf-8").send(NOT_BUILT);
}

function notFound(method: string, path: string): WeirError {
  const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  return new WeirError("not_found", `there is nothing at ${method} ${shown}`);
}
