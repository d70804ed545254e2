/** Typed keys of the data context. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { checkNow, isSchema } from "../run/index.ts";

/**
 * A key with the type of what is kept under it. `In` is what may be set, `Out` what is read: they differ where the
 * schema transforms.
 */
export interface Accessor<Out, In = Out> {
  readonly key: string | symbol;
  readonly schema: StandardSchemaV1<In, Out>;
  /** What is read where nothing was set; checked when the accessor was made. */
  readonly fallback: { readonly value: Out } | undefined;
}

/** An accessor that always has a value to read. */
export interface AccessorWithDefault<Out, In = Out> extends Accessor<Out, In> {
  readonly fallback: { readonly value: Out };
}

/**
 * Makes a typed key. Two accessors with one string as their key share what is kept; a symbol is shared by nobody.
 *
 * @param schema of any library that follows Standard Schema, or `custom<T>()`. It must answer at once
 * @param fallback read where nothing was set, `undefined` included. All who read it get the same object: replace it,
 *   don't change it
 * @throws {ValueInvalid} where the schema does not allow the default
 * @example
 * const requestId = accessor("requestId", custom<string>());
 * const retries = accessor("retries", z.number().int(), 3);
 */
export function accessor<Out, In>(key: string | symbol, schema: StandardSchemaV1<In, Out>): Accessor<Out, In>;
export function accessor<Out, In>(
  key: string | symbol,
  schema: StandardSchemaV1<In, Out>,
  fallback: NoInfer<In>,
): AccessorWithDefault<Out, In>;
export function accessor<Out, In>(
  key: string | symbol,
  schema: StandardSchemaV1<In, Out>,
  ...fallback: [In?]
): Accessor<Out, In> {
  if (typeof key !== "symbol" && (typeof key !== "string" || key === "")) {
    throw new TypeError(
      `accessor: expected the key to be a symbol or a string that is not empty, got ${typeof key}`,
    );
  }
  if (!isSchema(schema)) {
    throw new TypeError(
      `accessor ${String(key)}: expected a schema that follows Standard Schema, or custom<T>(), got ${typeof schema}`,
    );
  }
  if (fallback.length === 0) return { key, schema, fallback: undefined };
  const value = checkNow(schema, fallback[0], `default of ${String(key)}`);
  return { key, schema, fallback: { value } };
}

/** An accessor with a value for it. */
export type ContextEntry<A extends Accessor<unknown, unknown>> = readonly [
  A,
  A extends Accessor<unknown, infer In> ? In : never,
];

/** Accessors, each with a value of its own type: `[[requestId, "req-1"], [retries, 5]]`. */
export type InitialContext<As extends readonly Accessor<unknown, unknown>[]> = {
  readonly [I in keyof As]: ContextEntry<As[I]>;
};
