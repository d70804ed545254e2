/**
 * Payloads at the boundary: who emits one and each of those who get it have nothing in common that one could change under
 * the other. Objects and arrays are copied once and frozen, and then shared; what can't be frozen (Date, Map, Set, typed
 * arrays and the like) is copied anew for each delivery. What a journal could not keep is refused here, where it is emitted.
 */
import { NotCopyable } from "./errors/not-copyable.ts";

export interface Copy {
  readonly value: unknown;
  /** There is something in it that can't be frozen: it is to be copied for each who gets it. */
  readonly live: boolean;
}

const NOTHING: Copy = { value: undefined, live: false };

/**
 * @param what whose value it is, for messages: `event "reader.output"`
 * @throws {NotCopyable} that says where in the value it is
 * @example
 * copyOf({ row: "a;b", at: new Date() }, 'event "reader.output"'); // { value: { row, at }, live: true }
 */
export function copyOf(value: unknown, what: string): Copy {
  if (value === undefined) return NOTHING;
  if (typeof value !== "object" || value === null) return { value: primitive(value, what, ""), live: false };
  const copier = new Copier(what);
  try {
    return { value: copier.copy(value, ""), live: copier.live };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new NotCopyable(what, "", "it is nested too deeply");
  }
}

class Copier {
  live = false;
  readonly #what: string;
  /** Made when there is something inside: most payloads are flat. */
  #seen: Map<object, object> | undefined;
  #root: object | undefined;
  #rootCopy: object | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  copy(value: unknown, at: string): unknown {
    if (typeof value !== "object" || value === null) return primitive(value, this.#what, at);
    const before = this.#before(value);
    if (before !== undefined) return before;
    if (Array.isArray(value)) return this.#array(value, at);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.#record(value, prototype, at);
    if (value instanceof Error) return this.#error(value, at);
    this.live = true;
    return this.#liveOne(value, at);
  }

  #before(value: object): object | undefined {
    if (this.#root === undefined) return undefined;
    return value === this.#root ? this.#rootCopy : this.#seen?.get(value);
  }

  #know(value: object, copy: object): void {
    if (this.#root === undefined) {
      this.#root = value;
      this.#rootCopy = copy;
    } else {
      this.#seen ??= new Map();
      this.#seen.set(value, copy);
    }
  }

  #array(value: readonly unknown[], at: string): unknown[] {
    const copy: unknown[] = new Array(value.length);
    this.#know(value, copy);
    // Holes stay holes.
    value.forEach((each, index) => {
      copy[index] = this.copy(each, `${at}[${index}]`);
    });
    return Object.freeze(copy) as unknown[];
  }

  #record(value: object, prototype: object | null, at: string): object {
    const copy: Record<string, unknown> = prototype === null ? Object.create(null) : {};
    this.#know(value, copy);
    for (const key of Object.keys(value)) {
      if (key === "__proto__") throw new NotCopyable(this.#what, at, "it has a key named __proto__");
      const inside = (value as Record<string, unknown>)[key];
      copy[key] =
        typeof inside === "string" || typeof inside === "number" || typeof inside === "boolean"
          ? inside
          : this.copy(inside, `${at}.${key}`);
    }
    return Object.freeze(copy);
  }

  #error(value: Error, at: string): Error {
    const copy = Object.setPrototypeOf(new Error(value.message), Object.getPrototypeOf(value)) as Error;
    this.#know(value, copy);
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === "symbol" || key === "__proto__") continue;
      const inside: unknown = Reflect.get(value, key);
      const enumerable = Object.prototype.propertyIsEnumerable.call(value, key);
      Object.defineProperty(copy, key, {
        value: this.copy(inside, `${at}.${key}`),
        enumerable,
        configurable: true,
        writable: true,
      });
    }
    return Object.freeze(copy);
  }

  #liveOne(value: object, at: string): object {
    const copy = this.#shallow(value, at);
    this.#know(value, copy);
    if (value instanceof Map && copy instanceof Map) {
      for (const [key, inside] of value)
        copy.set(this.copy(key, `${at}.keys`), this.copy(inside, `${at}.values`));
    } else if (value instanceof Set && copy instanceof Set) {
      for (const inside of value) copy.add(this.copy(inside, `${at}.values`));
    }
    return copy;
  }

  #shallow(value: object, at: string): object {
    const prototype: unknown = Object.getPrototypeOf(value);
    switch (prototype) {
      case Date.prototype:
        return new Date((value as Date).getTime());
      case Map.prototype:
        return new Map();
      case Set.prototype:
        return new Set();
      case RegExp.prototype:
        return new RegExp(value as RegExp);
      case URL.prototype:
        return new URL((value as URL).href);
      case ArrayBuffer.prototype:
        return (value as ArrayBuffer).slice(0);
    }
    if (Buffer.isBuffer(value)) return Buffer.from(value);
    if (value instanceof DataView) {
      const { buffer, byteOffset, byteLength } = value;
      return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
    }
    if (ArrayBuffer.isView(value) && !(value.buffer instanceof SharedArrayBuffer))
      return (value as unknown as { slice(): object }).slice();
    throw new NotCopyable(this.#what, at, `it is ${described(value)}`);
  }
}

function primitive(value: unknown, what: string, at: string): unknown {
  if (typeof value === "function" || typeof value === "symbol")
    throw new NotCopyable(what, at, `it is ${described(value)}`);
  return value;
}

function described(value: unknown): string {
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  if (typeof (value as { then?: unknown }).then === "function") return "a promise that was not awaited";
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? `an object of the class ${name}` : "an object of a class";
}
