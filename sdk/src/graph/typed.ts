/** Types that flow from the routines of a graph to what may be connected and sent. */
import type { Event } from "./event.ts";
import type { FunctionRoutine } from "./function-routine.ts";
import type { Fits } from "./mapping.ts";
import type { Routine } from "./routine.ts";
import type { Slot } from "./slot.ts";

/** The routines that a graph was made with, by id. */
// biome-ignore lint/suspicious/noExplicitAny: what a routine is configured with does not matter here
export type Routines = Record<string, Routine<any>>;

/** A graph whose routines are added one by one, of which the compiler knows nothing. */
export type AnyRoutines = Routines;

export type IdOf<R extends Routines> = keyof R & string;

/** The events of a routine by the names under which `connect` knows them: a class's by its properties. */
type EventsIn<T> =
  // biome-ignore lint/suspicious/noExplicitAny: any function routine
  T extends FunctionRoutine<any, infer Out>
    ? Out
    : {
        [Key in keyof T as T[Key] extends Event<unknown> ? Key : never]: T[Key] extends Event<infer P>
          ? P
          : never;
      };

type SlotsIn<T> =
  // biome-ignore lint/suspicious/noExplicitAny: any function routine
  T extends FunctionRoutine<infer In, any>
    ? { in: In }
    : {
        [Key in keyof T as T[Key] extends Slot<never> ? Key : never]: T[Key] extends Slot<infer P>
          ? P
          : never;
      };

/** Nothing is known of a routine that is only known as one. */
type IsAny<T> = Routine extends T ? true : false;

export type EventOf<T> = IsAny<T> extends true ? string : keyof EventsIn<T> & string;
export type SlotOf<T> = IsAny<T> extends true ? string : keyof SlotsIn<T> & string;

type Sent<T, E> = IsAny<T> extends true ? unknown : E extends keyof EventsIn<T> ? EventsIn<T>[E] : unknown;
export type Taken<T, S> =
  IsAny<T> extends true ? unknown : S extends keyof SlotsIn<T> ? SlotsIn<T>[S] : unknown;

/** What the compiler says of a connection by names: nothing, or which mapping is missing. */
export type ConnectionFits<S, E, T, L, M> =
  IsAny<S> extends true ? unknown : IsAny<T> extends true ? unknown : Fits<Sent<S, E>, Taken<T, L>, M>;
