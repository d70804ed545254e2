/** What work tells the tree: `ok`, `retry`, `error` and, for an item of `each`, `skip`. */

const OUTCOME = Symbol("weir.outcome");

/** It is done, and the state stays. */
export interface Done {
  readonly [OUTCOME]: "ok";
  readonly next: undefined;
}

/** It is done, and this is the state. */
export interface DoneWith<S> {
  readonly [OUTCOME]: "ok";
  readonly next: S;
}

/** It is done, and this makes the state from the one that there is then. */
export interface DoneBy<S> {
  readonly [OUTCOME]: "ok";
  readonly next: (state: S) => S;
}

/** It is to be tried again, with this state where one is given. */
export interface Retry<S> {
  readonly [OUTCOME]: "retry";
  readonly next: S | undefined;
}

/** It failed, and is tried again as often as it may be, with the state that it began with. */
export interface Failure {
  readonly [OUTCOME]: "error";
  readonly reason: unknown;
}

/** An item that is passed over. */
export interface Skip {
  readonly [OUTCOME]: "skip";
  readonly reason: unknown;
}

/** What a `run` may return; `ok` alone is `ok()`. */
export type RunOutcome<S> = Done | DoneWith<S> | DoneBy<S> | Retry<S> | Failure | typeof ok;

/** What an item of `each` may return. */
export type ItemOutcome<S> = Done | DoneWith<S> | DoneBy<S> | Failure | Skip | typeof ok;

/** What an item may return where several are under way: a whole state would undo what the others did. */
export type ConcurrentItemOutcome<S> = Done | DoneBy<S> | Failure | Skip | typeof ok;

/**
 * The work is done, and the tree goes on: with the state as it is, with a new one, or with what a function makes of it.
 * Signals that came during the work are put on top of a new state; a function gets the state with them in it.
 *
 * @example
 * return ok({ ...state, dirty: false });
 * return ok((state) => ({ ...state, pushed: state.pushed + 1 }));
 */
export function ok(): Done;
export function ok<S>(next: (state: S) => S): DoneBy<S>;
export function ok<S>(next: S): DoneWith<S>;
export function ok(next?: unknown): unknown {
  return { [OUTCOME]: "ok", next };
}

/** To be tried again, as `retries` allows. @example return retry({ ...state, page: state.page + 1 }); */
export function retry(): Retry<never>;
export function retry<S>(next: S): Retry<S>;
export function retry(next?: unknown): Retry<unknown> {
  return { [OUTCOME]: "retry", next };
}

/** It failed. @param reason an error, or anything that says why @example return error("the shop is closed"); */
export function error(reason: unknown): Failure {
  return { [OUTCOME]: "error", reason };
}

/** The item is passed over, and the next one is taken. @example return skip("no such book"); */
export function skip(reason?: unknown): Skip {
  return { [OUTCOME]: "skip", reason };
}

type Kind = "ok" | "retry" | "error" | "skip";

/** What came back, in one form. */
export interface Told {
  readonly kind: Kind;
  /** The new state, of `ok` and `retry`. */
  readonly next: unknown;
  /** Of `error` and `skip`. */
  readonly reason: unknown;
}

export function isOutcome(value: unknown): boolean {
  return value === ok || (typeof value === "object" && value !== null && OUTCOME in value);
}

/**
 * @param allowed the helpers that may be used here
 * @throws {TypeError} it is none of them
 */
export function read(returned: unknown, allowed: readonly Kind[]): Told {
  const given = returned === ok ? ok() : returned;
  const kind =
    typeof given === "object" && given !== null ? (given as { [OUTCOME]?: Kind })[OUTCOME] : undefined;
  if (kind !== undefined && allowed.includes(kind)) {
    const { next, reason } = given as { next?: unknown; reason?: unknown };
    return { kind, next, reason };
  }
  const helpers = allowed.map((each) => `${each}()`).join(", ");
  throw new TypeError(
    `expected one of ${helpers} to be returned, got ${kind === undefined ? shown(given) : `${kind}()`}`,
  );
}

function shown(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value;
}
