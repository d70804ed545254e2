/** Checks of data that anyone may have written: each looks at one value, and says where it is wrong. */
import { JobFileInvalid } from "./errors/job-file-invalid.ts";

/** @throws {JobFileInvalid} */
export type Shape = (value: unknown, at: string) => void;

export const text: Shape = is("text", (value) => typeof value === "string");
export const number: Shape = is("a number", (value) => typeof value === "number" && Number.isFinite(value));
export const whole: Shape = is(
  "a whole number from 0",
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);
export const truth: Shape = is("true or false", (value) => typeof value === "boolean");
export const anything: Shape = () => {};

export function oneOf(known: readonly string[]): Shape {
  return is(known.join(", "), (value) => typeof value === "string" && known.includes(value));
}

export function optional(shape: Shape): Shape {
  return (value, at) => {
    if (value !== undefined) shape(value, at);
  };
}

/** A plain object with at least these keys. */
export function record(keys: Readonly<Record<string, Shape>>): Shape {
  const shapes = Object.entries(keys);
  return (value, at) => {
    object(value, at);
    for (const [key, shape] of shapes) {
      const inside = Object.hasOwn(value as object, key)
        ? (value as Record<string, unknown>)[key]
        : undefined;
      shape(inside, `${at}.${key}`);
    }
  };
}

/** A plain object with any keys. */
export function recordOf(shape: Shape): Shape {
  return (value, at) => {
    object(value, at);
    for (const [key, inside] of Object.entries(value as object)) shape(inside, `${at}.${key}`);
  };
}

export function list(shape: Shape): Shape {
  return (value, at) => {
    array(value, at);
    // By index, so that the first hole of a list that claims to be huge ends it.
    for (let index = 0; index < (value as unknown[]).length; index += 1)
      shape((value as unknown[])[index], `${at}[${index}]`);
  };
}

export function tuple(...shapes: readonly Shape[]): Shape {
  return (value, at) => {
    array(value, at);
    if ((value as unknown[]).length !== shapes.length)
      throw new JobFileInvalid(at, `expected ${shapes.length} values, got ${(value as unknown[]).length}`);
    for (const [index, shape] of shapes.entries()) shape((value as unknown[])[index], `${at}[${index}]`);
  };
}

const object = is(
  "an object",
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);
const array = is("a list", Array.isArray);

function is(expected: string, test: (value: unknown) => boolean): Shape {
  return (value, at) => {
    if (!test(value)) throw new JobFileInvalid(at, `expected ${expected}, got ${described(value)}`);
  };
}

function described(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 64));
  if (typeof value === "number") return String(value);
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value;
}
