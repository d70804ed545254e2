/**
 * The OpenAPI document, made from the routes themselves: what they say of who may use them, what they take and what
 * they answer is what serves them too.
 */
import type { FastifySchema } from "fastify";
import { type ErrorCode, HTTP_STATUS } from "../errors.ts";
import type { Access, RouteRule } from "./gate.ts";
import type { Json, OpenApi, Operation, Parameter, ResponseObject } from "./openapi-types.ts";
import { WORDS } from "./openapi-words.ts";
import { LABEL_PREFIX, type QuerySchema } from "./params.ts";
import * as schemas from "./schemas.ts";

declare module "fastify" {
  interface FastifySchema {
    /** In a few words what it gives or does; a route that has none is not in the API's description. */
    summary?: string;
    description?: string;
  }
}

interface DocumentedRoute extends RouteRule {
  schema: FastifySchema & { summary: string };
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** What else may go wrong wherever it is asked. */
const ALWAYS: readonly ErrorCode[] = ["overloaded", "internal", "unavailable"];

const ERROR_WORDS: Record<ErrorCode, string> = {
  invalid_argument: "A parameter or the body is not what was expected; the message names it",
  unauthenticated: "A key is needed that is neither revoked nor expired",
  forbidden: "The key may not do this",
  not_found: "There is no such thing, or it is not for this key to see",
  method_not_allowed: "This path takes other methods",
  too_large: "The body is too large",
  unsupported_media_type: "The body is not JSON",
  overloaded: "Too much is asked at once: ask again after Retry-After",
  unavailable: "The store does not answer in time: ask again after Retry-After",
  internal: "Something went wrong in the collector; its log says what",
};

const ACCESS_WORDS: Record<Exclude<Access, "page">, string> = {
  public: "Needs no key.",
  key: "Needs a key.",
  read: "Needs a key of the role `read` or `admin`; one that is bound to a customer sees that customer alone.",
  "read-all": "Needs a key of the role `read` or `admin` that is bound to no customer.",
  send: "Needs a key of the role `ingest` or `admin`.",
  "admin-all": "Needs a key of the role `admin` that is bound to no customer.",
  admin:
    "Needs a key of the role `admin`; one that is bound to a customer has to do with that customer alone.",
};

/** By identity: a schema that has a name stands in the document once. */
const NAMES = new Map<unknown, string>(Object.entries(schemas).map(([name, schema]) => [schema, name]));

/** @example documentOf(app.routeRules, "0.1.0").paths["/api/v1/flows"] */
export function documentOf(routes: readonly RouteRule[], version: string): OpenApi {
  const documented = routes.filter(isDocumented);
  const paths: OpenApi["paths"] = {};
  for (const route of documented) {
    const path = route.url.replaceAll(/:(\w+)/g, "{$1}");
    for (const method of [route.method].flat().filter((each) => METHODS.includes(each))) {
      paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(route, method) };
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Weir",
      version,
      summary: WORDS.summary,
      description: WORDS.description,
      license: WORDS.license,
    },
    servers: [{ url: "/" }],
    tags: tagsIn(paths),
    paths,
    components: {
      schemas: Object.fromEntries([...NAMES].map(([schema, name]) => [name, plain(schema, true)])),
      responses: Object.fromEntries(
        Object.entries(ERROR_WORDS).map(([code, words]) => [code, errorResponse(words)]),
      ),
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: WORDS.key },
        session: { type: "apiKey", in: "cookie", name: "weir_session", description: WORDS.session },
      },
    },
  };
}

function isDocumented(route: RouteRule): route is DocumentedRoute {
  return route.schema?.summary !== undefined && route.config?.refusesMethod !== true;
}

function operationOf({ url, schema, config }: DocumentedRoute, method: string): Operation {
  const access = config?.access as Exclude<Access, "page">;
  const parameters = [
    ...pathParameters(schema.params),
    ...headerParameters(schema.headers),
    ...queryParameters(schema),
  ];
  return {
    operationId: operationId(url, method),
    summary: schema.summary,
    description: [schema.description, ACCESS_WORDS[access]].filter(Boolean).join("\n\n"),
    tags: [tagOf(url)],
    security: access === "public" ? [] : [{ key: [] }, { session: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(schema.body !== undefined && {
      requestBody: { required: true, content: { "application/json": { schema: plain(schema.body) } } },
    }),
    responses: { ...responsesOf(schema.response), ...errorsOf({ url, schema, access }) },
  };
}

function responsesOf(response: unknown): Record<string, ResponseObject> {
  const responses: Record<string, ResponseObject> = {};
  for (const [status, schema] of Object.entries(response as Record<string, Json>)) {
    const { description = WORDS.done, content } = schema as {
      description?: string;
      content?: Record<string, Json>;
    };
    if (content !== undefined) {
      const described = Object.entries(content).map(([type, each]) => [
        type,
        { schema: plain(schemaIn(each)) },
      ]);
      responses[status] = { description, content: Object.fromEntries(described) };
    } else if (status === "204") responses[status] = { description };
    else responses[status] = { description, content: { "application/json": { schema: plain(schema) } } };
  }
  return responses;
}

function schemaIn(content: Json): Json {
  return (content as { schema: Json }).schema;
}

function errorsOf({ url, schema, access }: { url: string; schema: FastifySchema; access: Access }) {
  const codes: ErrorCode[] = [...ALWAYS];
  if (url.startsWith("/api/")) codes.push("invalid_argument");
  if (access !== "public") codes.push("unauthenticated");
  // Also of a host that is not this one's, and of a page of another site.
  codes.push("forbidden");
  if (schema.params !== undefined || "tenant" in propertiesOf(schema.querystring)) codes.push("not_found");
  if (schema.body !== undefined) codes.push("too_large", "unsupported_media_type");
  const byStatus = codes.sort((a, b) => HTTP_STATUS[a] - HTTP_STATUS[b]);
  return Object.fromEntries(
    byStatus.map((code) => [HTTP_STATUS[code], { $ref: `#/components/responses/${code}` }]),
  );
}

function errorResponse(description: string): ResponseObject {
  return { description, content: { "application/json": { schema: plain(schemas.ErrorBody) } } };
}

function pathParameters(params: unknown): Parameter[] {
  return Object.entries(propertiesOf(params)).map(([name, schema]) => ({
    name,
    in: "path",
    required: true,
    description: wordsFor(name),
    schema: plain(schema),
  }));
}

function headerParameters(headers: unknown): Parameter[] {
  return Object.entries(propertiesOf(headers)).map(([name, schema]) => ({
    name,
    in: "header",
    description: wordsFor(name),
    schema: plain(schema),
  }));
}

function queryParameters({ querystring }: FastifySchema): Parameter[] {
  const parameters: Parameter[] = Object.entries(propertiesOf(querystring)).map(([name, schema]) => ({
    name,
    in: "query",
    description: wordsFor(name),
    schema: plain(schema),
  }));
  const labels = (querystring as QuerySchema | undefined)?.patternProperties;
  if (labels === undefined) return parameters;
  // A form that is exploded puts each property beside the others: `label.env=production`.
  const schema = {
    type: "object",
    patternProperties: labels,
    additionalProperties: false,
    examples: [WORDS.labels],
  };
  parameters.push({
    name: "labels",
    in: "query",
    style: "form",
    explode: true,
    description: wordsFor(`${LABEL_PREFIX}<key>`),
    schema: plain(schema),
  });
  return parameters;
}

function wordsFor(parameter: string): string {
  const words = WORDS.parameters[parameter];
  if (words === undefined)
    throw new Error(`the parameter ${parameter} is described nowhere: expected it in openapi-words.ts`);
  return words;
}

function propertiesOf(schema: unknown): Record<string, Json> {
  return (schema as { properties?: Record<string, Json> } | undefined)?.properties ?? {};
}

/** `GET /api/v1/tenants/:tenant/flows` → `getTenantsTenantFlows`. */
function operationId(url: string, method: string): string {
  const words = url
    .replace(/^\/api\/v1/, "")
    .split(/\W+/)
    .filter(Boolean);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

/** What comes first in its path. */
function tagOf(url: string): string {
  const [, first = ""] = /^(?:\/api\/v1)\/(?:tenants\/:tenant\/)?(\w+)/.exec(url) ?? [];
  return first === "" ? "operation" : (WORDS.tags[first] ?? first);
}

/** In the order of the words for them. */
function tagsIn(paths: OpenApi["paths"]): { name: string }[] {
  const used = new Set(
    Object.values(paths).flatMap((path) => Object.values(path).flatMap(({ tags }) => tags)),
  );
  return [...new Set([...Object.values(WORDS.tags), ...used])]
    .filter((name) => used.has(name))
    .map((name) => ({ name }));
}

/** A copy without what is not JSON, in which named schemas are referred to; `own`: but for the outermost. */
function plain(schema: unknown, own = false): Json {
  if (Array.isArray(schema)) return schema.map((each) => plain(each));
  if (typeof schema !== "object" || schema === null) return schema as Json;
  const name = NAMES.get(schema);
  if (name !== undefined && !own) return { $ref: `#/components/schemas/${name}` };
  const choices = constantsOf(schema as { anyOf?: unknown });
  if (choices !== undefined) return { type: "string", enum: choices, ...descriptionOf(schema) };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, plain(value)]));
}

function descriptionOf({ description }: { description?: string }): { description?: string } {
  return description === undefined ? {} : { description };
}

function constantsOf({ anyOf }: { anyOf?: unknown }): string[] | undefined {
  if (!Array.isArray(anyOf)) return undefined;
  const values = anyOf.map((each: { const?: unknown }) => each.const);
  return values.every((value) => typeof value === "string") ? values : undefined;
}
