/** What a routine takes in. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { checkCount, checkNumber, oneOf } from "./check-options.ts";
import type { DeliveryContext } from "./context.ts";
import type { Routine } from "./routine.ts";

declare const TYPE: unique symbol;

/** Options of a slot: what it takes, how often and how many at once. */
export interface SlotOptions<T> {
  /** Checks each payload before the handler gets it, by any library that follows Standard Schema. What it makes is what the handler gets. */
  schema?: StandardSchemaV1<unknown, T> | undefined;
  /** Milliseconds for one attempt; then its signal is aborted, and it has failed, whether it heeds that or not. Default: none. */
  timeout?: number | undefined;
  /** How many deliveries of a job it handles at once at most. Default: as many as the job does; 1 with `merge`. */
  concurrency?: number | undefined;
}

/** Each key with all the values that came for it, in their order. */
export type Appended<T> = { readonly [Key in keyof T]: readonly T[Key][] };

/** What came over several connections and belongs together. */
export interface Joined<T> {
  /** In the order in which they came. */
  readonly parts: readonly { readonly source: string; readonly event: string; readonly payload: T }[];
  /** The connections that had not delivered: `reader.output`. Empty unless the join went on without them. */
  readonly missing: readonly string[];
}

/** How a slot waits for what belongs together. */
export interface JoinOptions<T> {
  /** From how many of the connections: `"all"`, `"any"`, or so many. Default `"all"`. */
  need?: "all" | "any" | number | undefined;
  /** What belongs together. Default: the first of each connection, then the second of each, and so on. */
  by?: ((payload: T) => string | number) | undefined;
  /** Milliseconds from the first part on. Default: none. */
  timeout?: number | undefined;
  /** When its time is over, or nothing more can come: `"fail"` the delivery, or `"deliver"` what there is. Default `"fail"`. */
  incomplete?: "fail" | "deliver" | undefined;
}

/** How a slot puts deliveries together into one. */
export interface BatchOptions {
  /** At most so many in one. */
  size: number;
  /** Milliseconds from the first on; then it is delivered as it is. Default: until it is full, or nothing more can come. */
  wait?: number | undefined;
}

export type Merge<Kept, T> = "override" | "append" | ((kept: Kept | undefined, payload: T) => Kept);

/** What comes to a slot's handler differs from what is sent to it. One of these, or none. */
export interface Gathering<T> {
  merge?: Merge<unknown, T> | undefined;
  join?: JoinOptions<T>["need"] | JoinOptions<T> | undefined;
  batch?: BatchOptions | number | undefined;
}

export type Handler<Taken> = (payload: Taken, ctx: DeliveryContext) => unknown;

/**
 * What a routine takes at: a handler, and how what comes is merged, joined or batched for it.
 *
 * @typeParam T what is sent to it, before it is merged, joined or batched
 */
export class Slot<T> {
  /** Carries the type; there is no such property. */
  declare readonly [TYPE]?: (payload: T) => void;
  readonly name: string;
  readonly routine: Routine;
  readonly parts: SlotParts;

  constructor(routine: Routine, name: string, parts: SlotParts) {
    this.routine = routine;
    this.name = name;
    this.parts = parts;
  }
}

/** A slot's options, checked, with their defaults. */
export interface SlotParts {
  readonly handler: Handler<unknown>;
  readonly schema: StandardSchemaV1 | undefined;
  readonly timeout: number | undefined;
  readonly concurrency: number;
  readonly merge: "append" | ((kept: unknown, payload: unknown) => unknown) | undefined;
  readonly join: CheckedJoin | undefined;
  readonly batch: BatchOptions | undefined;
}

export interface CheckedJoin {
  readonly need: "all" | number;
  readonly by: ((payload: unknown) => string | number) | undefined;
  readonly timeout: number | undefined;
  readonly incomplete: "fail" | "deliver";
}

export type AnySlotOptions = SlotOptions<unknown> & Gathering<unknown>;

/** @throws {TypeError | RangeError} that names the slot and the option */
export function checkSlot(name: string, handler: unknown, options: AnySlotOptions): SlotParts {
  const what = `slot ${name}`;
  if (typeof handler !== "function")
    throw new TypeError(`${what}: expected its handler to be a function, got ${typeof handler}`);
  const { schema, timeout, merge, join, batch, concurrency } = options;
  const given = Object.entries({ merge, join, batch }).filter(([, value]) => value !== undefined);
  if (given.length > 1)
    throw new TypeError(
      `${what}: expected at most one of merge, join and batch, got ${given.map(([key]) => key).join(" and ")}`,
    );
  if (timeout !== undefined) checkNumber(what, "timeout", timeout, "milliseconds above 0", timeout > 0);
  if (concurrency !== undefined) checkCount(what, "concurrency", concurrency);
  if (merge !== undefined && typeof merge !== "function") oneOf(what, "merge", merge, ["override", "append"]);
  return {
    handler: handler as Handler<unknown>,
    schema,
    timeout,
    concurrency:
      typeof merge === "function" || merge === "append" ? 1 : (concurrency ?? Number.POSITIVE_INFINITY),
    merge: merge === "override" ? undefined : merge,
    join: join === undefined ? undefined : checkJoin(what, join),
    batch: batch === undefined ? undefined : checkBatch(what, batch),
  };
}

function checkJoin(what: string, given: NonNullable<Gathering<unknown>["join"]>): CheckedJoin {
  const options = typeof given === "object" ? given : { need: given };
  const { need = "all", by, timeout, incomplete = "fail" } = options;
  if (typeof need === "number") checkCount(what, "join", need, 'a whole number from 1, "all" or "any"');
  else oneOf(what, "join", need, ["all", "any"]);
  if (by !== undefined && typeof by !== "function")
    throw new TypeError(`${what}: expected join.by to be a function, got ${typeof by}`);
  if (timeout !== undefined) checkNumber(what, "join.timeout", timeout, "milliseconds above 0", timeout > 0);
  oneOf(what, "join.incomplete", incomplete, ["fail", "deliver"]);
  return { need: need === "any" ? 1 : need, by, timeout, incomplete };
}

function checkBatch(what: string, given: BatchOptions | number): BatchOptions {
  const { size, wait } = typeof given === "object" ? given : { size: given, wait: undefined };
  checkCount(what, "batch.size", size);
  if (wait !== undefined) checkNumber(what, "batch.wait", wait, "milliseconds above 0", wait > 0);
  return { size, wait };
}
