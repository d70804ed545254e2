/** Renaming on the way from an event to a slot: the keys that are named change their names, the rest passes as it is. */
import { NotCopyable } from "./errors/not-copyable.ts";

/** From the event's names to the slot's. */
export type Mapping = Readonly<Record<string, string>>;

/** What comes of a payload. */
export type Mapped<Payload, M> = keyof M extends never
  ? Payload
  : {
      [Key in keyof Payload as Key extends keyof M
        ? M[Key] extends string
          ? M[Key]
          : Key
        : Key]: Payload[Key];
    };

/** Nothing where what the mapping makes of `Payload` fits the slot; else what the compiler is to say. */
export type Fits<Payload, Wanted, M> = [Mapped<Payload, M>] extends [Wanted]
  ? unknown
  : { readonly paramMapping: "expected a mapping that makes the event's payload what the slot takes" };

/** @throws {TypeError} @param what `connection reader.output>writer.input` */
export function checkMapping(what: string, given: unknown): Mapping | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new TypeError(
      `${what}: expected paramMapping to be an object such as { row: "line" }, got ${typeof given}`,
    );
  const entries = Object.entries(given);
  const targets = new Set<string>();
  for (const [from, to] of entries) {
    if (typeof to !== "string" || to === "" || to === "__proto__")
      throw new TypeError(`${what}: expected paramMapping to give ${from} another name, got ${String(to)}`);
    if (targets.has(to))
      throw new TypeError(
        `${what}: expected paramMapping to give each key a name of its own, got ${to} twice`,
      );
    targets.add(to);
  }
  return entries.length === 0 ? undefined : Object.freeze(Object.fromEntries(entries));
}

/**
 * A payload with its new names, frozen as it was. What is renamed takes the place of what had the name before.
 *
 * @throws {NotCopyable} it has no keys
 * @example
 * mapped({ row: "a;b", at: 7 }, { row: "line" }, "event"); // { line: "a;b", at: 7 }
 */
export function mapped(payload: unknown, mapping: Mapping, what: string): unknown {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload))
    throw new NotCopyable(what, "", "its connection renames keys, and it is no object that has any");
  const renamed: Record<string, unknown> = {};
  const given = payload as Record<string, unknown>;
  for (const key of Object.keys(given)) if (!Object.hasOwn(mapping, key)) renamed[key] = given[key];
  for (const [from, to] of Object.entries(mapping)) if (Object.hasOwn(given, from)) renamed[to] = given[from];
  return Object.freeze(renamed);
}
