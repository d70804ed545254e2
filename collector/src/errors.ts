/** The collector's errors, and the one table from their codes to HTTP status. */

export type ErrorCode =
  | "invalid_argument"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "too_large"
  | "unsupported_media_type"
  | "overloaded"
  | "unavailable"
  | "internal";

export const HTTP_STATUS: Record<ErrorCode, number> = {
  invalid_argument: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  too_large: 413,
  unsupported_media_type: 415,
  overloaded: 429,
  unavailable: 503,
  internal: 500,
};

/** Codes of `google.rpc.Code`, for the `rpc.Status` bodies that OTLP asks for. */
export const RPC_CODE: Record<ErrorCode, number> = {
  invalid_argument: 3,
  unauthenticated: 16,
  forbidden: 7,
  not_found: 5,
  method_not_allowed: 12,
  too_large: 8,
  unsupported_media_type: 3,
  overloaded: 8,
  unavailable: 14,
  internal: 13,
};

/** An error whose message is meant for the caller: what was expected, what was got, how to mend it. */
export class WeirError extends Error {
  override readonly name = "WeirError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * What went wrong, in the codes above. An error of a library that knows its HTTP status keeps its message; one that
 * nobody foresaw keeps it to itself, as the cause.
 */
export function toWeirError(error: unknown): WeirError {
  if (error instanceof WeirError) return error;
  const { statusCode = 500, message = "bad request" } = error as { statusCode?: number; message?: string };
  if (statusCode < 400 || statusCode >= 500) {
    return new WeirError("internal", "something went wrong in the collector; its log says what", {
      cause: error,
    });
  }
  const codes = Object.keys(HTTP_STATUS) as ErrorCode[];
  const code = codes.find((known) => HTTP_STATUS[known] === statusCode) ?? "invalid_argument";
  return new WeirError(code, message, { cause: error });
}

/** A short wait: an OTLP exporter gives up when told to wait beyond its deadline. */
export const RETRY_AFTER_SECONDS = 1;

/** Whether the same request may go well a little later. */
export function shallRetry({ code }: WeirError): boolean {
  return code === "unavailable" || code === "overloaded";
}

/** Headers that go with an error. */
export function errorHeaders(error: WeirError): Record<string, string> {
  if (error.code === "unauthenticated") return { "www-authenticate": 'Bearer realm="weir"' };
  return shallRetry(error) ? { "retry-after": String(RETRY_AFTER_SECONDS) } : {};
}

/** The whole of an error, for the log. */
export function detailOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
