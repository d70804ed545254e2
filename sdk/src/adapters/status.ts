/** A failure that an HTTP status alone tells of. */
import { STATUS_CODES } from "node:http";

/** @example statusError(503).message; // "the response was 503 Service Unavailable" */
export function statusError(status: number): Error {
  const error = new Error(`the response was ${status} ${STATUS_CODES[status] ?? ""}`.trimEnd());
  error.name = "HttpError";
  // Ours would lead nowhere.
  error.stack = "";
  return error;
}
