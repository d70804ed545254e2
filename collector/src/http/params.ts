/**
 * Query strings, read strictly: a parameter that no one reads, or a value that means nothing, is an error that
 * names the parameter and what it takes. A filter dropped in silence would show someone the wrong flows.
 */
import { WeirError } from "../errors.ts";
import type { Micros } from "../flow.ts";

/** A query string as Fastify parses it: a list where a parameter repeats. */
type RawQuery = Record<string, string | string[]>;

/** What a parameter takes, and how it is read. `Given`: what a program may give for it. */
export interface Param<T, Given = T> {
  /** Completes "expected …". */
  takes: string;
  /** The same as JSON Schema, for the API's description: a list where it may repeat. */
  schema: object;
  /** `undefined` when one of the values is none of what it takes. */
  read(values: string[]): T | undefined;
  /** Never there: what carries the type. */
  readonly given?: Given;
}

type Params = Record<string, Param<unknown>>;
type OneOrMore<T> = T | readonly T[];
type Values<P extends Params> = { [K in keyof P]?: Exclude<ReturnType<P[K]["read"]>, undefined> };

/** What the query string of a route takes. `Given`: what a program may give for it. */
export interface Query<T, Given = unknown> {
  schema: QuerySchema;
  readonly given?: Given;
  /** @throws {WeirError} `invalid_argument`, naming the parameter and what it takes. */
  read(query: unknown): T;
}

type Givens<P> = { [K in keyof P]?: (P[K] extends Param<unknown, infer Given> ? Given : never) | undefined };

/** What a program may give for a query. @example GivenFor<typeof flowQuery> */
export type GivenFor<Q> = Q extends Query<unknown, infer Given> ? Given : never;

export interface QuerySchema {
  type: "object";
  properties: Record<string, object>;
  /** Of `label.<key>`, where the route takes it. */
  patternProperties?: Record<string, object>;
  additionalProperties: false;
}

const LONGEST_TEXT = 1024;
/** What the names of label parameters begin with. */
export const LABEL_PREFIX = "label.";
const TEXT = { type: "string", minLength: 1, maxLength: LONGEST_TEXT };

export const texts: Param<string[], OneOrMore<string>> = {
  takes: `text of 1 to ${LONGEST_TEXT} characters`,
  schema: { type: "array", items: TEXT },
  read: (values) => (values.every(isText) ? values : undefined),
};

export const text: Param<string> = {
  takes: `one text of 1 to ${LONGEST_TEXT} characters`,
  schema: TEXT,
  read: ([value, ...more]) => (isText(value) && more.length === 0 ? value : undefined),
};

/** Like `text`; empty looks for nothing, as an empty search field does. */
export const search: Param<string> = {
  takes: `one text of at most ${LONGEST_TEXT} characters`,
  schema: { type: "string", maxLength: LONGEST_TEXT },
  read: (values) => (values.length === 1 && values[0] === "" ? "" : text.read(values)),
};

export const moment: Param<Micros, string | number | Date> = {
  takes: "one time as RFC 3339, such as 2026-11-22T10:00:00Z, or as milliseconds since 1970",
  schema: { type: "string", examples: ["2026-11-22T10:00:00Z", "1795341600000"] },
  read: ([value = "", ...more]) => (more.length === 0 ? readTime(value) : undefined),
};

export const limit = wholeNumber(1, 500);

/** @param to less than 10,000. */
export function wholeNumber(from: number, to: number): Param<number> {
  return {
    takes: `one whole number from ${from} to ${to}`,
    schema: { type: "integer", minimum: from, maximum: to },
    read: ([value = "", ...more]) => {
      const number = /^\d{1,4}$/.test(value) ? Number(value) : -1;
      return more.length === 0 && number >= from && number <= to ? number : undefined;
    },
  };
}

export const entryNumber: Param<number, string> = {
  takes: "one number that nextCursor gave",
  schema: { type: "string", pattern: "^\\d{1,15}$" },
  read: ([value = "", ...more]) =>
    more.length === 0 && /^\d{1,15}$/.test(value) ? Number(value) : undefined,
};

export function oneOf<T extends string>(choices: readonly T[]): Param<T> {
  return {
    takes: choices.length === 1 ? `${choices[0]}` : `one of ${choices.join(", ")}`,
    schema: { type: "string", enum: choices },
    read: ([value, ...more]) => (more.length === 0 ? choices.find((choice) => choice === value) : undefined),
  };
}

export function anyOf<T extends string>(choices: readonly T[]): Param<T[], OneOrMore<T>> {
  return {
    takes: `any of ${choices.join(", ")}`,
    schema: { type: "array", items: { type: "string", enum: choices } },
    read: (values) => (values.every((value) => choices.includes(value as T)) ? (values as T[]) : undefined),
  };
}

/**
 * What a route takes, once: it is read by this, and described by this.
 *
 * @param complete what the handler gets of what was given: where the defaults are.
 */
export function takes<P extends Params, T>(
  params: P,
  complete: (given: Values<P>) => T,
): Query<T, Givens<P>> {
  return {
    schema: schemaOf(params),
    read: (query) => complete(readParams(query as RawQuery, params, false)),
  };
}

/** As `takes`, and `label.<key>` besides. */
export function takesLabels<P extends Params, T>(
  params: P,
  complete: (given: Values<P> & { labels?: Record<string, string[]> }) => T,
): Query<T, Givens<P> & { labels?: Readonly<Record<string, OneOrMore<string>>> | undefined }> {
  const patternProperties = {
    "^label\\..": { type: "array", items: { type: "string", maxLength: LONGEST_TEXT } },
  };
  return {
    schema: { ...schemaOf(params), patternProperties },
    read(query) {
      const { labels, rest } = splitLabels(query);
      return complete({ ...readParams(rest, params, true), ...labels });
    },
  };
}

function schemaOf(params: Params): QuerySchema {
  const properties = Object.fromEntries(Object.entries(params).map(([name, { schema }]) => [name, schema]));
  return { type: "object", properties, additionalProperties: false };
}

/** @param labels whether the route takes `label.<key>` too, for the message. */
function readParams<P extends Params>(raw: RawQuery, params: P, labels: boolean): Values<P> {
  const result: Values<P> = {};
  for (const key of Object.keys(raw)) {
    const param = Object.hasOwn(params, key) ? params[key] : undefined;
    if (param === undefined) throw unknownParameter(key, Object.keys(params), labels);
    const values = valuesOf(raw, key);
    const value = param.read(values);
    if (value === undefined) throw wrongValue(key, param.takes, values);
    result[key as keyof P] = value as Values<P>[keyof P];
  }
  return result;
}

/** Takes `label.<key>` parameters apart from the others. */
function splitLabels(query: unknown): {
  labels: { labels?: Record<string, string[]> };
  rest: RawQuery;
} {
  const raw = query as RawQuery;
  // Without a prototype: a label may be named `__proto__`.
  const wanted: Record<string, string[]> = Object.create(null);
  const rest: RawQuery = Object.create(null);
  let any = false;
  for (const key of Object.keys(raw)) {
    if (!key.startsWith(LABEL_PREFIX) || key === LABEL_PREFIX) {
      rest[key] = raw[key] as string | string[];
      continue;
    }
    const values = valuesOf(raw, key);
    if (!values.every((value) => value.length <= LONGEST_TEXT)) throw wrongValue(key, texts.takes, values);
    wanted[key.slice(LABEL_PREFIX.length)] = values;
    any = true;
  }
  return { labels: any ? { labels: wanted } : {}, rest };
}

function valuesOf(raw: RawQuery, key: string): string[] {
  const value = raw[key];
  return Array.isArray(value) ? value : [value ?? ""];
}

function isText(value: string | undefined): value is string {
  return value !== undefined && value.length >= 1 && value.length <= LONGEST_TEXT;
}

// A `+` that was not escaped arrives as a space.
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[-+ ]\d\d:\d\d)$/;

function readTime(value: string): Micros | undefined {
  if (/^\d{1,14}$/.test(value)) return Number(value) * 1000;
  if (!RFC_3339.test(value)) return undefined;
  const iso = `${value.slice(0, 10)}T${value.slice(11).replace(" ", "+")}`.toUpperCase();
  const milliseconds = Date.parse(iso);
  return Number.isNaN(milliseconds) ? undefined : milliseconds * 1000;
}

function unknownParameter(key: string, known: string[], labels: boolean): WeirError {
  const takes = labels ? [...known, `${LABEL_PREFIX}<key>`] : known;
  const expected = takes.length === 0 ? "no parameters" : takes.join(", ");
  return new WeirError("invalid_argument", `unknown parameter ${shown(key)}: expected ${expected}`);
}

function wrongValue(key: string, takes: string, values: string[]): WeirError {
  const got = values.map(shown).join(", ");
  return new WeirError("invalid_argument", `${key}: expected ${takes}, got ${got}`);
}

function shown(value: string): string {
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
}
