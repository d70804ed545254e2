/** What crosses between a thread and the one that started it: plain data only. */
import { detailOf, type ErrorCode, toWeirError, WeirError } from "../errors.ts";

/**
 * What a thread can be asked: each a function of one argument, and of bytes where there are many of them. Bytes are
 * handed over, not copied: whoever gives them away can't read them afterwards.
 */
export type Calls<C> = { [N in keyof C]: (argument: never, bytes: Uint8Array) => Promise<unknown> };

export interface Call {
  id: number;
  name: string;
  argument: unknown;
  bytes: Uint8Array | undefined;
}

/** An error as plain data: its class would not survive the way. */
export interface Failure {
  code: ErrorCode;
  message: string;
  /** The whole of what was behind it, for the log. */
  detail: string | undefined;
}

/** Flat lists, because to copy an object for each answer costs more than many an answer: an id, then its value. */
export interface Answers {
  values: unknown[];
  /** An id, then its failure. */
  failures: (number | Failure)[];
}

export type ToThread = Call[] | "close";

export type FromThread =
  | { kind: "ready" }
  | ({ kind: "answers" } & Answers)
  /** A line for the log. */
  | { kind: "warning"; line: string }
  /** It could not start, or not close as it should. */
  | { kind: "failed"; failure: Failure }
  | { kind: "closed" };

export function toFailure(error: unknown): Failure {
  const { code, message, cause } = toWeirError(error);
  return { code, message, detail: cause === undefined ? undefined : detailOf(cause) };
}

export function fromFailure({ code, message, detail }: Failure): WeirError {
  if (detail === undefined) return new WeirError(code, message);
  // An error again, as that is what a log knows how to write.
  const cause = new Error(detail.split("\n", 1)[0]);
  cause.stack = detail;
  return new WeirError(code, message, { cause });
}
