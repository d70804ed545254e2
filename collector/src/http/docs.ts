/** `/api/v1/openapi.json`, and `/docs` for people: both made once, when they are first asked for. */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { DOCS_STYLE, docsPage } from "./docs-page.ts";
import { documentOf } from "./openapi.ts";
import type { OpenApi } from "./openapi-types.ts";
import { noQuery } from "./query.ts";

const SCHEMA = {
  summary: "This description, as OpenAPI 3.1",
  querystring: noQuery.schema,
  response: { 200: Type.Unsafe<OpenApi>({ type: "object", additionalProperties: true }) },
};

export function addDocs(app: FastifyInstance, version: string): void {
  let made: OpenApi | undefined;
  const document = (): OpenApi => {
    made ??= documentOf(app.routeRules, version);
    return made;
  };
  let page: string | undefined;

  app.get("/api/v1/openapi.json", { config: { access: "key" }, schema: SCHEMA }, async ({ query }) => {
    noQuery.read(query);
    return document();
  });

  app.get("/docs", { config: { access: "page" } }, async (_request, reply) => {
    page ??= docsPage(document());
    return reply.header("cache-control", "no-cache").type("text/html; charset=utf-8").send(page);
  });

  app.get("/docs.css", { config: { access: "public" } }, async (_request, reply) =>
    reply.header("cache-control", "no-cache").type("text/css; charset=utf-8").send(DOCS_STYLE),
  );
}
