/** One request, and what became of it. */
import type { ErrorBody } from "../http/schemas.ts";
import { WeirApiError } from "./api-error.ts";
import { pause } from "./pause.ts";

export interface Connection {
  /** Of the collector, without a slash at its end. */
  url: string;
  headers: Readonly<Record<string, string>>;
  fetch: typeof fetch;
  /** How often a question is asked again that may go well later. */
  retries: number;
}

export interface Asked {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below `/api/v1`. */
  path: string;
  query?: URLSearchParams;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

const FIRST_WAIT_MS = 250;

/** @throws {WeirApiError} */
export async function ask<T>(connection: Connection, asked: Asked): Promise<T> {
  // What changes something may have been done although no answer came.
  const retries = asked.method === undefined ? connection.retries : 0;
  for (let tries = 0; ; tries += 1) {
    try {
      const response = await answer(connection, asked);
      return response.status === 204 ? (undefined as T) : await read<T>(response, asked.signal);
    } catch (error) {
      if (!(error instanceof WeirApiError) || !error.passes || tries === retries) throw error;
      await pause(error.retryAfterMs ?? FIRST_WAIT_MS * 2 ** tries, asked.signal);
    }
  }
}

/** @throws {WeirApiError} for every answer that is not good. */
export async function answer({ url, headers, fetch }: Connection, asked: Asked): Promise<Response> {
  const { method = "GET", path, query, body, signal } = asked;
  const search = query === undefined || query.size === 0 ? "" : `?${query}`;
  const json = body === undefined ? {} : { "content-type": "application/json" };
  let response: Response;
  try {
    response = await fetch(`${url}/api/v1${path}${search}`, {
      method,
      headers: { accept: "application/json", ...headers, ...json, ...asked.headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    const where = url === "" ? "the collector" : url;
    throw new WeirApiError(
      `expected a collector, ${where} does not answer`,
      { status: 0, code: "unreachable" },
      { cause },
    );
  }
  if (response.ok) return response;
  throw await errorOf(response);
}

/** @throws {WeirApiError} where it breaks off, and where it is no JSON: then someone else has answered. */
async function read<T>(response: Response, signal: AbortSignal | undefined): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (cause) {
    if (signal?.aborted) throw cause;
    const { status, headers } = response;
    const about =
      cause instanceof SyntaxError
        ? { status, code: "no_collector" }
        : ({ status: 0, code: "unreachable" } as const);
    const got = about.status === 0 ? "one that broke off" : `${status} ${headers.get("content-type") ?? ""}`;
    throw new WeirApiError(`expected an answer of a collector, got ${got.trimEnd()}`, about, { cause });
  }
}

async function errorOf(response: Response): Promise<WeirApiError> {
  const { status } = response;
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null;
  // What stands between may answer in its own way.
  const body = (await response.json().catch(() => undefined)) as Partial<ErrorBody> | undefined;
  const { code = "no_collector", message = `expected an answer of a collector, got ${status}` } =
    body?.error ?? {};
  return new WeirApiError(message, { status, code, retryAfterMs });
}

type Value = string | number | boolean | Date;
type Given = Readonly<
  Record<string, Value | readonly Value[] | Readonly<Record<string, unknown>> | undefined>
>;

/**
 * What was given as a query string: `labels: { env: "production" }` becomes `label.env=production`.
 *
 * @example queryOf({ tenant: ["acme-corp", "globex"], from: new Date(0) })
 */
export function queryOf(given: object): URLSearchParams {
  const params = new URLSearchParams();
  const add = (name: string, value: Value | readonly Value[] | undefined) => {
    for (const each of [value ?? []].flat() as Value[]) params.append(name, textOf(each));
  };
  for (const [name, value] of Object.entries(given as Given)) {
    if (name !== "labels") add(name, value as Value | readonly Value[] | undefined);
    else for (const [key, each] of Object.entries(value ?? {})) add(`label.${key}`, each as Value);
  }
  return params;
}

function textOf(value: Value): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
