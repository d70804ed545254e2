import type { ErrorBody } from "@weir/collector/schemas";
import { takeAsked } from "./asked.ts";
import { noteServerTime } from "./clock.ts";
import { whenIdle } from "./idle.ts";
import { linesOf } from "./lines.ts";
import { goToLogin } from "./login.ts";

export const apiRoot = "/api/v1";

/** What went wrong with a request. `message` is the server's own where it sent one. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** One GET of the REST API, below `/api/v1`. Path segments must be encoded already: see `segment`. */
export async function get<T>(path: string, params?: URLSearchParams, signal?: AbortSignal): Promise<T> {
  const query = params?.toString();
  return read<T>(await answer(`${apiRoot}${path}${query ? `?${query}` : ""}`, signal && { signal }), signal);
}

/**
 * What is answered in two lines of JSON: the first as soon as it is there. The second, where it is asked for, may be so
 * large that it would keep the first from being drawn.
 */
export async function getStages<First, Second>(
  path: string,
  signal: AbortSignal,
): Promise<{ first: First; second: () => Promise<Second> }> {
  const response = await answer(`${apiRoot}${path}`, { signal });
  if (!response.ok || response.body === null) return read(response, signal);
  noteServerTime(response.headers.get("date"));
  const lines = linesOf(response.body);
  const next = async (ready?: () => Promise<void>) => {
    try {
      const { value = "" } = await lines.next();
      await ready?.();
      return JSON.parse(value);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ApiError(response.status, "no_json", "The collector's answer was not JSON, or broke off.");
    }
  };
  return { first: await next(), second: () => next(whenIdle) };
}

/** One request that changes something. `T` is `void` where nothing is answered. */
export async function send<T>(method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
  const json = body !== undefined && {
    headers: { accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  return read<T>(await answer(`${apiRoot}${path}`, { method, ...json }));
}

async function read<T>(response: Response, signal?: AbortSignal): Promise<T> {
  noteServerTime(response.headers.get("date"));
  if (response.status === 204) return undefined as T;
  const body: unknown = await response.json().catch((error: unknown) => {
    if (signal?.aborted) throw error;
    return undefined;
  });
  if (!response.ok) throw serverError(response, body);
  if (body === undefined)
    throw new ApiError(response.status, "no_json", "The collector's answer was not JSON.");
  return body as T;
}

/** A value as one segment of a path. */
export function segment(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

async function answer(url: string, init?: RequestInit): Promise<Response> {
  try {
    const asked = init?.method === undefined ? takeAsked(url, init?.signal) : undefined;
    return await (asked ?? fetch(url, { headers: { accept: "application/json" }, ...init }));
  } catch (error) {
    if (init?.signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The collector cannot be reached.");
  }
}

function serverError(response: Response, body: unknown): ApiError {
  if (response.status === 401) goToLogin();
  const error = (body as Partial<ErrorBody> | undefined)?.error;
  return typeof error?.message === "string"
    ? new ApiError(response.status, error.code, error.message)
    : new ApiError(
        response.status,
        "unknown",
        `The collector answered ${response.status} ${response.statusText}.`,
      );
}
