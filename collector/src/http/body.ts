/** JSON bodies, read as strictly as query strings: what is not known, or means nothing, is an error that names it. */
import type { FastifyInstance } from "fastify";
import { WeirError } from "../errors.ts";

export interface Field<T> {
  /** Completes "expected …". */
  takes: string;
  /** The same as JSON Schema, for the API's description. */
  schema: object;
  /** What it is where the body does not say; none: the body must. */
  fallback?: T;
  /** `undefined` when the value is none of what it takes. */
  read(value: unknown): T | undefined;
}

type Fields = Record<string, Field<unknown>>;
type Values<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

const BODY_LIMIT = 16 * 1024;

/** Bodies of this scope are JSON. */
export function takeJson(scope: FastifyInstance): void {
  const parse = scope.getDefaultJsonParser("error", "error");
  scope.addContentTypeParser("application/json", { parseAs: "string", bodyLimit: BODY_LIMIT }, parse);
}

/** The same fields, for the API's description. */
export function bodySchema(fields: Fields): object {
  const entries = Object.entries(fields);
  return {
    type: "object",
    required: entries.filter(([, { fallback }]) => fallback === undefined).map(([name]) => name),
    properties: Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
    additionalProperties: false,
  };
}

/** @throws {WeirError} `invalid_argument` that names the field, `unsupported_media_type` where it is no JSON. */
export function readBody<F extends Fields>(body: unknown, fields: F): Values<F> {
  const given = objectBody(body);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(fields, name)) throw wrong("the body", `only ${Object.keys(fields).join(", ")}`, name);
  }
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const isGiven = Object.hasOwn(given, name) && given[name] !== null;
    const value = isGiven ? field.read(given[name]) : field.fallback;
    if (value === undefined) throw wrong(name, field.takes, given[name]);
    values[name] = value;
  }
  return values as Values<F>;
}

/** @throws {WeirError} where it is none. */
export function objectBody(body: unknown): Record<string, unknown> {
  if (body === null || body === undefined) {
    throw new WeirError(
      "unsupported_media_type",
      "Content-Type: expected application/json, with a JSON object",
    );
  }
  if (typeof body !== "object" || Array.isArray(body)) throw wrong("the body", "a JSON object", body);
  return body as Record<string, unknown>;
}

/** Text of 1 to `longest` characters, or nothing. */
export function textOrNull(longest: number): Field<string | null> {
  return {
    takes: `text of 1 to ${longest} characters`,
    schema: { type: ["string", "null"], minLength: 1, maxLength: longest },
    fallback: null,
    read: (value) => (isText(value, longest) ? value : undefined),
  };
}

export function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= longest;
}

export function wrong(name: string, takes: string, value: unknown): WeirError {
  const got = value === undefined ? "nothing" : JSON.stringify(value).slice(0, 100);
  return new WeirError("invalid_argument", `${name}: expected ${takes}, got ${got}`);
}
