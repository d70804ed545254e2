import type { ErrorBody } from "@weir/collector/schemas";
import { noteServerTime } from "./clock.ts";

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
  const response = await answer(`${apiRoot}${path}${query ? `?${query}` : ""}`, signal);
  noteServerTime(response.headers.get("date"));
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

async function answer(url: string, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { headers: { accept: "application/json" }, ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The collector cannot be reached.");
  }
}

function serverError(response: Response, body: unknown): ApiError {
  const error = (body as Partial<ErrorBody> | undefined)?.error;
  return typeof error?.message === "string"
    ? new ApiError(response.status, error.code, error.message)
    : new ApiError(
        response.status,
        "unknown",
        `The collector answered ${response.status} ${response.statusText}.`,
      );
}
