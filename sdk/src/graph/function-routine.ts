/** A routine that is one function. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { isSchema } from "../run/index.ts";
import { checkName } from "./check-options.ts";
import type { DeliveryContext } from "./context.ts";
import type { Event, PayloadArgs } from "./event.ts";
import { Routine, type RoutineOptions } from "./routine.ts";
import type { Appended, BatchOptions, Handler, Joined, JoinOptions, Slot, SlotOptions } from "./slot.ts";

/** A type that is only written down: `custom<{ row: string }>()`. Or a schema of any library that follows Standard Schema. */
type Schema<T> = StandardSchemaV1<unknown, T> | StandardSchemaV1<T, T>;
type Events = Record<string, unknown>;
type Schemas<Out extends Events> = { readonly [Name in keyof Out]: Schema<Out[Name]> };

/** Options of `routine`: those of a routine and of its slot. */
export interface FunctionRoutineOptions<In, Out extends Events>
  extends RoutineOptions<unknown>,
    Omit<SlotOptions<In>, "schema"> {
  /** What it takes, at its slot `in`. A schema checks it. */
  in: Schema<In>;
  /** What it sends: events by name. Default: none. */
  out?: Schemas<Out> | undefined;
}

/** What a function routine gets beside its payload: the attempt, and `emit`. */
export interface EmitContext<Out extends Events> extends DeliveryContext {
  /** See `Event.emit`. */
  readonly emit: <Name extends keyof Out & string>(
    event: Name,
    ...payload: PayloadArgs<Out[Name]>
  ) => Promise<void>;
}

type Fn<Taken, Out extends Events> = (payload: Taken, ctx: EmitContext<Out>) => unknown;

/**
 * A routine of one function, with one slot, `in`; made by `routine`.
 *
 * @typeParam In what is sent to its slot `in` @typeParam Out payloads by event
 */
export class FunctionRoutine<In, Out extends Events> extends Routine {
  /** Its id in a graph, unless another is given. */
  readonly name: string;
  declare readonly slots: { readonly in: Slot<In> };
  declare readonly events: { readonly [Name in keyof Out]: Event<Out[Name]> };

  constructor(
    name: string,
    options: FunctionRoutineOptions<In, Out> & object,
    fn: (payload: never, ctx: EmitContext<Out>) => unknown,
  ) {
    super(options);
    checkName("routine", name);
    this.name = name;
    const { in: input, out = {}, ...rest } = options;
    if (!isSchema(input))
      throw new TypeError(
        `routine ${name}: expected in to be custom<Type>() or a schema, got ${typeof input}`,
      );
    if (typeof fn !== "function")
      throw new TypeError(`routine ${name}: expected a function, got ${typeof fn}`);
    for (const event of Object.keys(out)) this.defineEvent(event);
    // The context of every handler has `emit`; only this one's type says so, as it knows the events by name.
    this.defineSlot<In>("in", fn as Handler<unknown> as Handler<In>, {
      ...(rest as object),
      ...(isCustom(input) ? {} : { schema: input as StandardSchemaV1<unknown, In> }),
    });
  }
}

/** One that allows everything need not be asked. */
function isCustom(schema: StandardSchemaV1): boolean {
  return schema["~standard"].vendor === "weir";
}

/**
 * A routine without a class: `in` is its slot, `out` its events.
 *
 * @throws {TypeError | RangeError} an option that can't be meant
 * @example
 * const split = routine(
 *   "split",
 *   { in: custom<{ text: string }>(), out: { word: custom<{ word: string }>() } },
 *   ({ text }, { emit }) => {
 *     for (const word of text.split(" ")) emit("word", { word });
 *   },
 * );
 */
export function routine<In, Out extends Events = Record<never, never>>(
  name: string,
  options: FunctionRoutineOptions<In, Out> & { merge: "append" },
  fn: Fn<Appended<In>, Out>,
): FunctionRoutine<In, Out>;
export function routine<In, Kept, Out extends Events = Record<never, never>>(
  name: string,
  options: FunctionRoutineOptions<In, Out> & { merge: (kept: Kept | undefined, payload: In) => Kept },
  fn: Fn<Kept, Out>,
): FunctionRoutine<In, Out>;
export function routine<In, Out extends Events = Record<never, never>>(
  name: string,
  options: FunctionRoutineOptions<In, Out> & { join: JoinOptions<In>["need"] | JoinOptions<In> },
  fn: Fn<Joined<In>, Out>,
): FunctionRoutine<In, Out>;
export function routine<In, Out extends Events = Record<never, never>>(
  name: string,
  options: FunctionRoutineOptions<In, Out> & { batch: BatchOptions | number },
  fn: Fn<readonly In[], Out>,
): FunctionRoutine<In, Out>;
export function routine<In, Out extends Events = Record<never, never>>(
  name: string,
  options: FunctionRoutineOptions<In, Out> & { merge?: "override" },
  fn: Fn<In, Out>,
): FunctionRoutine<In, Out>;
export function routine<In, Out extends Events>(
  name: string,
  options: FunctionRoutineOptions<In, Out>,
  fn: (payload: never, ctx: EmitContext<Out>) => unknown,
): FunctionRoutine<In, Out> {
  return new FunctionRoutine(name, options, fn);
}
