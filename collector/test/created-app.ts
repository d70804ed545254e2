/**
 * The application as every test uses it: what it answers is held against its own OpenAPI document. An answer that the
 * document does not foresee becomes a 500 that says in which way.
 */

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type AppOptions, createApp as create } from "../src/app.ts";
import { WeirError } from "../src/errors.ts";
import { documentOf } from "../src/http/openapi.ts";
import type { Json, OpenApi, Operation, ResponseObject } from "../src/http/openapi-types.ts";

export type { AppOptions } from "../src/app.ts";

export function createApp(options: AppOptions): FastifyInstance {
  const app = create(options);
  let checker: Checker | undefined;
  app.addHook("onSend", async (request, reply, payload) => {
    if (request.routeOptions.config.refusesMethod) return payload;
    checker ??= checkerOf(documentOf(app.routeRules, "0"));
    checker.check(request, reply, payload);
    return payload;
  });
  return app;
}

/** Most applications have the same document, and to compile it takes longer than most tests. */
const checkers = new Map<string, Checker>();

function checkerOf(document: OpenApi): Checker {
  const text = JSON.stringify(document);
  const checker = checkers.get(text) ?? new Checker(document);
  checkers.set(text, checker);
  return checker;
}

class Checker {
  readonly #document: OpenApi;
  readonly #ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: OpenApi) {
    this.#document = closed(document as unknown as Json) as unknown as OpenApi;
    this.#ajv.addSchema({ $id: "weir", ...this.#document });
  }

  check(request: FastifyRequest, reply: FastifyReply, payload: unknown): void {
    const path = request.routeOptions.url?.replaceAll(/:(\w+)/g, "{$1}") ?? "";
    const method = request.method === "HEAD" ? "get" : request.method.toLowerCase();
    const operation = this.#document.paths[path]?.[method];
    if (operation === undefined) return;
    const answer = `${request.method} ${request.url} → ${reply.statusCode}`;
    const { described, at } = this.#responseOf(
      operation,
      `/paths/${pointer(path)}/${method}`,
      reply.statusCode,
    );
    if (described === undefined) throw no(`${answer}: the document knows no such answer`);
    if (reply.statusCode < 300) checkParameters(operation, request);
    if (described.content === undefined || request.method === "HEAD") return;

    const type = String(reply.getHeader("content-type")).split(";")[0] ?? "";
    if (described.content[type] === undefined) throw no(`${answer}: the document knows no ${type} of it`);
    if (type !== "application/json") return;
    const validate = this.#validator(`weir#${at}/content/${pointer(type)}/schema`);
    const text = typeof payload === "string" || Buffer.isBuffer(payload) ? payload.toString() : "null";
    if (validate(JSON.parse(text))) return;
    throw no(
      `${answer}: not as in the document: ${this.#ajv.errorsText(validate.errors)} in ${text.slice(0, 2000)}`,
    );
  }

  #responseOf(operation: Operation, at: string, status: number): { described?: ResponseObject; at: string } {
    const response = operation.responses[status];
    if (response === undefined) return { at };
    if (!("$ref" in response)) return { described: response, at: `${at}/responses/${status}` };
    const [, name = ""] = /^#\/components\/responses\/(\w+)$/.exec(response.$ref) ?? [];
    const described = this.#document.components.responses[name];
    return { ...(described && { described }), at: `/components/responses/${name}` };
  }

  #validator(ref: string): ValidateFunction {
    const known = this.#validators.get(ref) ?? this.#ajv.compile({ $ref: ref });
    this.#validators.set(ref, known);
    return known;
  }
}

/** Told to whoever asked: else a test would only see a 500. */
function no(message: string): WeirError {
  return new WeirError("internal", message);
}

/** What was taken must be described. */
function checkParameters({ parameters = [], operationId }: Operation, { query }: FastifyRequest): void {
  const known = new Set(parameters.filter(({ in: place }) => place === "query").map(({ name }) => name));
  for (const name of Object.keys(query as object)) {
    const described = name.startsWith("label.") ? known.has("labels") : known.has(name);
    if (!described) throw no(`${operationId}: took ${name}, of which the document says nothing`);
  }
}

/** With what is not described forbidden: an answer must not have more than the document says. */
function closed(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const within = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isObject = schema.type === "object" && schema.properties !== undefined;
  return isObject ? { additionalProperties: false, ...within } : within;
}

function pointer(part: string): string {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}
