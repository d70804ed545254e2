/** Values checked by a schema of any library that follows Standard Schema. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ValueInvalid } from "./errors/value-invalid.ts";

/**
 * A schema that allows everything: for a type that is only written down.
 *
 * @example
 * const requestId = accessor("requestId", custom<string>());
 */
export function custom<T>(): StandardSchemaV1<T, T> {
  return {
    "~standard": { version: 1, vendor: "weir", validate: (value) => ({ value: value as T }) },
  };
}

/** Libraries make their schemas objects or functions. */
export function isSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as Partial<StandardSchemaV1>)["~standard"];
  return typeof standard?.validate === "function";
}

/**
 * What the schema makes of the value, also where it has to wait. Without a schema, the value.
 *
 * @param what for the message: `input of flow order`
 * @throws {ValueInvalid} where it does not allow it
 */
export async function check(
  schema: StandardSchemaV1 | undefined,
  value: unknown,
  what: string,
): Promise<unknown> {
  if (schema === undefined) return value;
  const result = await schema["~standard"].validate(value);
  if (result.issues !== undefined) throw new ValueInvalid(what, result.issues);
  return result.value;
}

/**
 * What the schema makes of the value, at once.
 *
 * @param what for the message: `set of requestId`
 * @throws {ValueInvalid} where it does not allow it
 * @throws {TypeError} where the schema needs to wait
 */
export function checkNow<Out>(schema: StandardSchemaV1<unknown, Out>, value: unknown, what: string): Out {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new TypeError(
      `${what}: expected a schema that answers at once, got one that answers with a promise`,
    );
  }
  if (result.issues !== undefined) throw new ValueInvalid(what, result.issues);
  return result.value;
}
