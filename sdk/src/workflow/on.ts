/** `on`: a declared signal that says itself what it does to the state. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { isSchema } from "../run/index.ts";
import { checkFunction } from "./checks.ts";

/** Schemas have methods of many names. */
export const APPLY = Symbol("weir.signal.apply");

/** A schema, and what its payload does. */
export type SignalOn<Schema extends StandardSchemaV1, S> = Schema & {
  [APPLY](state: S, payload: StandardSchemaV1.InferOutput<Schema>): S;
};

/**
 * A signal that changes the state as a function says, in the place of being put under its name.
 *
 * @param apply pure, as it is called again where work is under way
 * @example
 * workflow("book", { initialState, signals: { rename: on(z.string(), (book: Book, title) => ({ ...book, title })) } }, run("push", push));
 */
export function on<Schema extends StandardSchemaV1, S>(
  schema: Schema,
  apply: (state: S, payload: StandardSchemaV1.InferOutput<Schema>) => S,
): SignalOn<Schema, S> {
  if (!isSchema(schema))
    throw new TypeError(`on: expected a schema that follows Standard Schema, got ${typeof schema}`);
  checkFunction("on", apply);
  return { "~standard": schema["~standard"], [APPLY]: apply } as SignalOn<Schema, S>;
}
