/** What becomes of a delivery that failed, and of the job around it. */
import { type CheckedRetry, checkRetry, type ErrorClass } from "../run/index.ts";

/**
 * What becomes of a delivery that failed, and of its job.
 *
 * - `STOP`: the job fails at once; what runs is told to stop, nothing more is begun.
 * - `CONTINUE`: the rest goes on. The job fails in the end, unless the routine is optional.
 * - `SKIP`: the delivery is given up as if it had not come; the job may succeed.
 * - `RETRY`: it is tried again, and after the last try comes what `otherwise` says.
 */
export const ErrorStrategy = { STOP: "stop", CONTINUE: "continue", SKIP: "skip", RETRY: "retry" } as const;
export type ErrorStrategy = (typeof ErrorStrategy)[keyof typeof ErrorStrategy];

/** Options of `ErrorHandler`. */
export interface ErrorHandlerOptions {
  strategy: ErrorStrategy;
  /** Of one delivery, with `RETRY`. Default 3. */
  maxRetries?: number | undefined;
  /** Of all deliveries of a job together that this handler decides on. Default: no limit. */
  maxRetriesPerJob?: number | undefined;
  /** Before the first retry, in milliseconds. Default 100. */
  retryDelay?: number | undefined;
  /** `fixed` delays stay, `linear` ones are 1, 2, 3 times the first, `exponential` ones 1, 2, 4 times. Default `"exponential"`. */
  backoff?: "fixed" | "linear" | "exponential" | undefined;
  /** No delay is longer, in milliseconds. Default 30,000. */
  maxDelay?: number | undefined;
  /** The part of a delay that is left to chance, from 0 to 1. Default 0. */
  jitter?: number | undefined;
  /** Which errors are tried again: classes, or a function. Default: all. An `AbortError` never is. */
  retryOn?: readonly ErrorClass[] | ((error: unknown, attempt: number) => boolean) | undefined;
  /** After the last retry, and for an error that is not tried again. Default `STOP`. */
  otherwise?: Exclude<ErrorStrategy, "retry"> | undefined;
}

const STRATEGIES: readonly string[] = Object.values(ErrorStrategy);

/**
 * Decides on deliveries that fail: how often each is tried again, and what comes then. One routine's
 * (`routine.setErrorHandler`) goes before that of its graph (`graph.setErrorHandler`). A graph without one stops.
 * Budgets are counted for each job anew.
 *
 * @throws {RangeError} a number or a word that can't be meant
 * @example
 * graph.setErrorHandler(new ErrorHandler({ strategy: ErrorStrategy.RETRY, maxRetries: 3, retryDelay: 200 }));
 */
export class ErrorHandler {
  readonly strategy: ErrorStrategy;
  readonly maxRetriesPerJob: number;
  /** What comes when nothing is tried again. */
  readonly last: Exclude<ErrorStrategy, "retry">;
  readonly retry: CheckedRetry;

  constructor(options: ErrorHandlerOptions) {
    const {
      strategy,
      maxRetries = 3,
      maxRetriesPerJob = Number.POSITIVE_INFINITY,
      retryOn,
      otherwise = ErrorStrategy.STOP,
    } = options;
    checkStrategy("strategy", strategy, STRATEGIES);
    checkStrategy(
      "otherwise",
      otherwise,
      STRATEGIES.filter((each) => each !== ErrorStrategy.RETRY),
    );
    checkRetries("maxRetries", maxRetries);
    checkRetries("maxRetriesPerJob", maxRetriesPerJob);
    this.strategy = strategy;
    this.maxRetriesPerJob = maxRetriesPerJob;
    this.last = strategy === ErrorStrategy.RETRY ? otherwise : strategy;
    this.retry = checkRetry(
      {
        maxAttempts: strategy === ErrorStrategy.RETRY ? maxRetries + 1 : 1,
        backoff: options.backoff,
        baseDelay: options.retryDelay,
        maxDelay: options.maxDelay,
        jitter: options.jitter,
        retryIf: filterFrom(retryOn),
      },
      "ErrorHandler",
    );
  }
}

export const STOPS = new ErrorHandler({ strategy: ErrorStrategy.STOP });

function filterFrom(retryOn: ErrorHandlerOptions["retryOn"]): CheckedRetry["retryIf"] | undefined {
  if (typeof retryOn === "function" || retryOn === undefined) return retryOn;
  if (!Array.isArray(retryOn) || !retryOn.every((each) => typeof each === "function"))
    throw new RangeError(
      `ErrorHandler: expected retryOn to be classes of errors or a function, got ${typeof retryOn}`,
    );
  return (error) => retryOn.some((each) => error instanceof each);
}

function checkStrategy(option: string, got: unknown, known: readonly string[]): void {
  if (typeof got === "string" && known.includes(got)) return;
  throw new RangeError(`ErrorHandler: expected ${option} to be ${known.join(", ")}, got ${String(got)}`);
}

function checkRetries(option: string, got: number): void {
  if (got === Number.POSITIVE_INFINITY || (Number.isSafeInteger(got) && got >= 0)) return;
  throw new RangeError(
    `ErrorHandler: expected ${option} to be a whole number from 0, or Infinity, got ${String(got)}`,
  );
}
