/**
 * Bounds of blocks of flows, by which lists are sorted by end, length and activity. An index for each of these would
 * cost ingest an insert a flow; bounds cost one row a block, and flows that arrive together share their block.
 * Bounds may be too wide: then a list reads a block for nothing.
 */

import { BoundedMap } from "../../bounded-map.ts";
import type { Micros } from "../../flow.ts";
import type { Sorted } from "../../stores/order.ts";
import type { Db } from "../file/open.ts";

/** Flows of a block. On people's disks: the migration has it too. */
export const BLOCK = 128;
const MOST_REMEMBERED = 30_000;
/** While flows run, all that is said of them moves the last activity: it is told as the end of this time. */
const ACTIVITY_STEP_US = 1_000_000;

interface Bounds {
  firstStarted: Micros;
  lastStarted: Micros;
  lastActive: Micros;
  lastEnded: Micros | null;
  longest: Micros | null;
  shortest: Micros | null;
}

/** What flows are bounded by together. */
export interface Kind {
  /** Of texts. */
  name: number;
  /** Its code. */
  status: number;
}

interface Lengths extends Kind {
  block: number;
  longest: Micros;
  shortest: Micros;
}

export class Blocks {
  /** What is on the disk, or will be after `save`. */
  readonly #known = new BoundedMap<number, Bounds>(MOST_REMEMBERED);
  readonly #changed = new Map<number, Bounds>();
  readonly #emptied = new Map<number, Kind & { block: number }>();
  readonly #knownOfName = new BoundedMap<number, Lengths>(MOST_REMEMBERED);
  readonly #changedOfName = new Map<number, Lengths>();
  readonly #put;
  readonly #drop;
  readonly #putOfName;
  readonly #dropOfName;

  constructor(db: Db) {
    this.#put = db.prepare(
      `INSERT INTO blocks (block, first_started, last_started, last_active, last_ended, longest, shortest)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
         first_started = min(first_started, excluded.first_started),
         last_started = max(last_started, excluded.last_started),
         last_active = max(last_active, excluded.last_active),
         last_ended = max(coalesce(last_ended, excluded.last_ended), coalesce(excluded.last_ended, last_ended)),
         longest = max(coalesce(longest, excluded.longest), coalesce(excluded.longest, longest)),
         shortest = min(coalesce(shortest, excluded.shortest), coalesce(excluded.shortest, shortest))`,
    );
    this.#putOfName = db.prepare(
      `INSERT INTO name_blocks (name, status, block, longest, shortest) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
         longest = max(longest, excluded.longest), shortest = min(shortest, excluded.shortest)`,
    );
    this.#dropOfName = db.prepare<[number, number, number, number, number]>(
      `DELETE FROM name_blocks WHERE name = ? AND status = ? AND block = ? AND NOT EXISTS (
         SELECT 1 FROM flows NOT INDEXED
         WHERE pk BETWEEN ? AND ? AND name = name_blocks.name AND status = name_blocks.status)`,
    );
    this.#drop = db.prepare<[number, number, number]>(
      "DELETE FROM blocks WHERE block = ? AND NOT EXISTS (SELECT 1 FROM flows WHERE pk BETWEEN ? AND ?)",
    );
  }

  /** A flow is so now. Written with `save`. */
  widen(pk: number, { name, status }: Kind, { startedAt, duration, updatedAt }: Sorted): void {
    const block = Math.floor(pk / BLOCK);
    if (duration !== null) this.#widenOfName(block, name, status, duration);
    const bounds = this.#changed.get(block) ?? this.#known.get(block);
    const ended = duration === null ? null : startedAt + duration;
    if (
      bounds !== undefined &&
      startedAt >= bounds.firstStarted &&
      startedAt <= bounds.lastStarted &&
      updatedAt <= bounds.lastActive &&
      (ended === null || (bounds.lastEnded !== null && ended <= bounds.lastEnded)) &&
      (duration === null || (bounds.longest !== null && duration <= bounds.longest)) &&
      (duration === null || (bounds.shortest !== null && duration >= bounds.shortest))
    ) {
      return;
    }
    const active = Math.ceil(updatedAt / ACTIVITY_STEP_US) * ACTIVITY_STEP_US;
    this.#changed.set(block, {
      firstStarted: Math.min(startedAt, bounds?.firstStarted ?? startedAt),
      lastStarted: Math.max(startedAt, bounds?.lastStarted ?? startedAt),
      lastActive: Math.max(active, bounds?.lastActive ?? active),
      lastEnded: widest(Math.max, ended, bounds?.lastEnded),
      longest: widest(Math.max, duration, bounds?.longest),
      shortest: widest(Math.min, duration, bounds?.shortest),
    });
  }

  #widenOfName(block: number, name: number, status: number, duration: Micros): void {
    const key = allOf(block, name, status);
    const lengths = this.#changedOfName.get(key) ?? this.#knownOfName.get(key);
    if (lengths === undefined) {
      this.#changedOfName.set(key, { block, name, status, longest: duration, shortest: duration });
    } else if (duration > lengths.longest || duration < lengths.shortest) {
      const longest = Math.max(duration, lengths.longest);
      const shortest = Math.min(duration, lengths.shortest);
      this.#changedOfName.set(key, { block, name, status, longest, shortest });
    }
  }

  /** A flow is gone, or goes by another name or status. */
  removed(pk: number, { name, status }: Kind): void {
    const block = Math.floor(pk / BLOCK);
    this.#emptied.set(allOf(block, name, status), { block, name, status });
  }

  /** To be called within the transaction that wrote the flows. */
  save(): void {
    for (const [block, bounds] of this.#changed) {
      const { firstStarted, lastStarted, lastActive, lastEnded, longest, shortest } = bounds;
      this.#put.run(block, firstStarted, lastStarted, lastActive, lastEnded, longest, shortest);
      this.#known.set(block, bounds);
    }
    this.#changed.clear();
    for (const [key, lengths] of this.#changedOfName) {
      const { block, name, status, longest, shortest } = lengths;
      this.#putOfName.run(name, status, block, longest, shortest);
      this.#knownOfName.set(key, lengths);
    }
    this.#changedOfName.clear();
    for (const [key, { block, name, status }] of this.#emptied) {
      const [first, last] = [block * BLOCK, block * BLOCK + BLOCK - 1];
      if (this.#dropOfName.run(name, status, block, first, last).changes > 0) this.#knownOfName.delete(key);
      if (this.#drop.run(block, first, last).changes > 0) this.#known.delete(block);
    }
    this.#emptied.clear();
  }

  /** What is remembered may not be there. */
  forget(): void {
    this.#known.clear();
    this.#changed.clear();
    this.#knownOfName.clear();
    this.#changedOfName.clear();
    this.#emptied.clear();
  }
}

/** One number of three: exact up to 8 million names and 130 million blocks. */
function allOf(block: number, name: number, status: number): number {
  return block * 2 ** 26 + name * 8 + status;
}

function widest(
  pick: (a: number, b: number) => number,
  value: Micros | null,
  bound: Micros | null | undefined,
): Micros | null {
  if (value === null) return bound ?? null;
  return bound === null || bound === undefined ? value : pick(value, bound);
}
