/**
 * Turns anything that can be thrown into text, without ever throwing itself.
 */

export interface ErrorText {
  /** The class or name of the error, or the type of the value: `"TypeError"`, `"string"`. */
  type: string;
  /** At most 4 KB. */
  message: string;
  /** The stack, then its causes as `caused by: …`; at most 16 KB. Empty for what is no error. */
  stack: string;
}

const MAX_MESSAGE = 4 * 1024;
const MAX_STACK = 16 * 1024;
const MAX_CAUSES = 8;

/**
 * @example
 * describeError(new TypeError("bad row 7")); // { type: "TypeError", message: "bad row 7", stack: "TypeError: bad row 7\n    at …" }
 * describeError("boom"); // { type: "string", message: "boom", stack: "" }
 */
export function describeError(thrown: unknown): ErrorText {
  return {
    type: cut(typeOf(thrown), 256),
    message: cut(messageOf(thrown), MAX_MESSAGE),
    stack: cut(stackOf(thrown, new Set()), MAX_STACK),
  };
}

/** Whether someone asked for the work to stop: an error named `AbortError`. */
export function isAbort(thrown: unknown): boolean {
  return read(thrown, "name") === "AbortError";
}

function typeOf(thrown: unknown): string {
  if (!isObject(thrown)) return thrown === null ? "null" : typeof thrown;
  const name = read(thrown, "name");
  // `class BadRow extends Error {}` keeps the name "Error"; its class says more.
  if (typeof name === "string" && name !== "" && name !== "Error") return name;
  const className = read(read(thrown, "constructor"), "name");
  return typeof className === "string" && className !== "" ? className : "Error";
}

function messageOf(thrown: unknown): string {
  const message = read(thrown, "message");
  if (typeof message === "string") return message;
  try {
    return isObject(thrown) ? (JSON.stringify(thrown) ?? String(thrown)) : String(thrown);
  } catch {
    return "(unprintable)";
  }
}

function stackOf(thrown: unknown, seen: Set<unknown>): string {
  if (!isObject(thrown) || seen.has(thrown) || seen.size > MAX_CAUSES) return "";
  seen.add(thrown);
  const own = read(thrown, "stack");
  let text = typeof own === "string" ? own.slice(0, MAX_STACK) : "";
  const cause = read(thrown, "cause");
  if (cause !== undefined) text += inner("caused by", cause, seen);
  const errors = read(thrown, "errors");
  if (isArray(errors)) {
    for (let i = 0; i < MAX_CAUSES; i++) {
      const error = read(errors, String(i));
      if (error !== undefined) text += inner("one of", error, seen);
    }
  }
  return text;
}

function inner(relation: string, thrown: unknown, seen: Set<unknown>): string {
  if (seen.has(thrown)) return "";
  return `\n${relation}: ${stackOf(thrown, seen) || `${typeOf(thrown)}: ${messageOf(thrown)}`}`;
}

/** A property of anything; `undefined` where there is none or its getter throws. */
function read(value: unknown, key: string): unknown {
  if (!isObject(value)) return undefined;
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** `Array.isArray` throws for a proxy that was revoked. */
function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function isObject(value: unknown): boolean {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function cut(text: string, max: number): string {
  return (text.length > max ? text.slice(0, max) : text).toWellFormed();
}
