/**
 * Queued deliveries as JSON, and back: a job may have a hundred thousand. Names and payloads that several share are written once;
 * a payload that JSON would change is written by the codec of journals.
 */
import type { Codec } from "../run/index.ts";
import { copyOf } from "./copy.ts";
import { JobFileInvalid } from "./errors/job-file-invalid.ts";
import { NotCopyable } from "./errors/not-copyable.ts";
import type { PendingDelivery } from "./job-data.ts";
import { anything, list, number, optional, record, recordOf, text, tuple, whole } from "./shape.ts";

export interface PendingText {
  names: string[];
  /** Plain JSON, or with a 1 before it what the codec wrote. */
  payloads: ([0, unknown] | [1, string])[];
  /** Slot and connection are indices of `names` (-1: none), payloads of `payloads`. */
  deliveries: [
    n: number,
    slot: number,
    connection: number,
    payload: number,
    attempts: number,
    turns?: object,
  ][];
}

const SHAPE = record({
  names: list(text),
  payloads: list((value, at) => {
    tuple(whole, anything)(value, at);
    if ((value as unknown[])[0] !== 0) text((value as unknown[])[1], `${at}[1]`);
  }),
  deliveries: list((value, at) => {
    const turns = Array.isArray(value) && value.length > 5 ? [optional(recordOf(whole))] : [];
    tuple(whole, whole, number, whole, whole, ...turns)(value, at);
  }),
});

/** @throws {NotEncodable} */
export function pendingText(pending: readonly PendingDelivery[], codec: Codec): PendingText {
  const names = new Indices<string>();
  const payloads = new Indices<unknown>();
  const deliveries = pending.map(
    ({ n, slot, connection, payload, attempts, turns }): PendingText["deliveries"][number] => {
      const from = connection === undefined ? -1 : names.of(connection);
      const short = [n, names.of(slot), from, payloads.of(payload), attempts] as const;
      return turns === undefined ? [...short] : [...short, turns];
    },
  );
  return {
    names: names.all(),
    payloads: payloads
      .all()
      .map((payload) =>
        isJson(payload, undefined, 0) ? [0, payload] : [1, codec.encode(payload, "payload")],
      ),
    deliveries,
  };
}

/** @throws {JobFileInvalid | NotDecodable} */
export function pendingFromText(given: unknown, codec: Codec): PendingDelivery[] {
  SHAPE(given, ".pending");
  const { names, payloads, deliveries } = given as PendingText;
  const values = payloads.map(([kind, value], at) =>
    kind === 0 ? plain(value, at) : codec.decode(value as string, `payload ${at}`),
  );
  return deliveries.map(([n, slot, connection, payload, attempts, turns], at) => {
    const where = `.pending.deliveries[${at}]`;
    return {
      n,
      slot: nameOf(names, slot, where),
      connection: connection === -1 ? undefined : nameOf(names, connection, where),
      payload: payload < values.length ? values[payload] : nameOf([], payload, where),
      attempts,
      turns: turns as PendingDelivery["turns"],
    };
  });
}

function nameOf(names: readonly string[], index: number, at: string): string {
  const name = names[index];
  if (name === undefined)
    throw new JobFileInvalid(at, `expected the number of something that is there, got ${index}`);
  return name;
}

function plain(value: unknown, at: number): unknown {
  try {
    return copyOf(value, "payload").value;
  } catch (error) {
    if (!(error instanceof NotCopyable)) throw error;
    throw new JobFileInvalid(`.pending.payloads[${at}]`, error.message, error);
  }
}

/** Numbers things in the order in which they first came. */
class Indices<Item> {
  readonly #indices = new Map<Item, number>();

  of(item: Item): number {
    let index = this.#indices.get(item);
    if (index === undefined) {
      index = this.#indices.size;
      this.#indices.set(item, index);
    }
    return index;
  }

  all(): Item[] {
    return [...this.#indices.keys()];
  }
}

/** What is nested deeper, or has more in it, is left to the codec. */
const DEEPEST = 32;

/** Whether JSON brings it back as it was: nothing that it has no form for, and no object twice. */
function isJson(value: unknown, seen: Set<object> | undefined, depth: number): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== "object" || depth > DEEPEST) return false;
  const inside = isList(value) ? value : isPlain(value) ? Object.values(value) : undefined;
  if (inside === undefined) return false;
  for (let at = 0; at < inside.length; at += 1) {
    const each: unknown = inside[at];
    if (typeof each === "object" && each !== null) {
      seen ??= new Set([value]);
      if (seen.has(each)) return false;
      seen.add(each);
    }
    // A hole reads as `undefined`, which JSON has not.
    if (!isJson(each, seen, depth + 1)) return false;
  }
  return true;
}

function isList(value: object): value is unknown[] {
  return Array.isArray(value);
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype && !Object.hasOwn(value, "toJSON");
}
