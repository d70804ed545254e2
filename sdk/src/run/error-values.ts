/** Errors as plain data, and back: class, message, stack, causes, the errors of an AggregateError, and fields of their own. */

/** A class of errors; its constructor is not called when one comes back. */
export type ErrorClass = abstract new (...args: never[]) => Error;

interface PlainError {
  /** Of the nearest class that is known. */
  class: string;
  /** What `error.name` gave. */
  name: string;
  message: string;
  stack: string | undefined;
  /** `[cause]`, as a cause may be `undefined`. */
  cause: [unknown] | undefined;
  errors: unknown[] | undefined;
  fields: Record<string, unknown>;
}

export interface ErrorKeeper {
  /** `undefined` for what is no error. */
  reduce(value: unknown): PlainError | undefined;
  revive(plain: PlainError): Error;
  /** Between two values: an error may have changed. */
  forget(): void;
}

const STANDARD: readonly ErrorClass[] = [
  Error,
  AggregateError,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
];

const OWN = new Set(["name", "message", "stack", "cause", "errors"]);

/**
 * @param classes known besides the standard ones
 * @param tryToKeep throws for what can't be kept. A field that can't is left out: an error may hold a socket, and what went
 *   wrong must be kept all the same
 */
export function errorKeeper(
  classes: readonly ErrorClass[],
  tryToKeep: (value: unknown) => void,
): ErrorKeeper {
  const classesByName = new Map([...STANDARD, ...classes].map((each) => [each.name, each]));
  const names = new Map([...classesByName].map(([name, each]) => [each.prototype as object, name]));
  /** Those that are being read: one that is found in itself can't be made anew. */
  const inHand = new Set<Error>();
  /** Of the value in hand: without it a chain of causes would be read anew for each of its links. */
  const done = new Map<Error, PlainError>();

  function reduce(value: unknown): PlainError | undefined {
    if (!(value instanceof Error)) return undefined;
    const before = done.get(value);
    if (before !== undefined) return before;
    if (inHand.has(value)) throw new TypeError("an error that contains itself");
    inHand.add(value);
    try {
      const plain = plainFrom(value);
      done.set(value, plain);
      return plain;
    } finally {
      inHand.delete(value);
    }
  }

  function plainFrom(error: Error): PlainError {
    const fields: Record<string, unknown> = {};
    for (const key of Object.keys(error)) {
      if (OWN.has(key) || key === "__proto__") continue;
      const value = read(error, key);
      if (canBeKept(value)) fields[key] = value;
    }
    const { errors } = error as Partial<AggregateError>;
    const known = classOf(error);
    return {
      class: known,
      name: nameOf(error, known),
      message: String(read(error, "message") ?? ""),
      stack: typeof error.stack === "string" ? error.stack : undefined,
      cause: Object.hasOwn(error, "cause") && canBeKept(error.cause) ? [error.cause] : undefined,
      errors: Array.isArray(errors) ? errors.filter(canBeKept) : undefined,
      fields,
    };
  }

  function canBeKept(value: unknown): boolean {
    if (
      value === null ||
      (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol")
    )
      return true;
    try {
      tryToKeep(value);
      return true;
    } catch {
      return false;
    }
  }

  function classOf(error: Error): string {
    if (error instanceof DOMException) return "DOMException";
    for (let at: object | null = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
      const name = names.get(at);
      if (name !== undefined) return name;
    }
    return "Error";
  }

  function revive(plain: PlainError): Error {
    if (plain.class === "DOMException") return dressed(new DOMException(plain.message, plain.name), plain);
    const { prototype } = classesByName.get(plain.class) ?? Error;
    // Made as an error, so that `Error.isError`, inspectors and stacks take it for one.
    const error = Object.setPrototypeOf(new Error(plain.message), prototype as object) as Error;
    if (error.name !== plain.name) define(error, "name", plain.name);
    if (plain.errors !== undefined) define(error, "errors", plain.errors);
    return dressed(error, plain);
  }

  return { reduce, revive, forget: () => done.clear() };
}

function dressed(error: Error, { stack, cause, fields }: PlainError): Error {
  define(error, "stack", stack);
  if (cause !== undefined) define(error, "cause", cause[0]);
  for (const [key, value] of Object.entries(fields)) define(error, key, value, true);
  return error;
}

function define(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
}

/** `class BadRow extends RangeError {}` keeps the name "RangeError"; its class says more. */
function nameOf(error: Error, known: string): string {
  const name = read(error, "name");
  if (typeof name === "string" && name !== known) return name;
  const className = error.constructor?.name;
  return typeof className === "string" && className !== "" ? className : known;
}

/** `undefined` where a getter throws. */
function read(error: Error, key: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
