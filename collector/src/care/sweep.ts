/** Deleting in pieces, beside the traffic. */
import { WeirError } from "../errors.ts";
import type { Store } from "../store.ts";
import type { Outdated } from "./policy.ts";

/** The time, and waiting: the system's, or a test's. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Rejects with the signal's reason where that comes first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface SweepOptions {
  clock: Clock;
  /** How much of the time may be spent deleting, from 0 to 1. */
  share: number;
  /** Ends it after the piece that is under way. */
  signal?: AbortSignal;
  /** Hears how many flows each piece had. */
  onPiece?: (deleted: number) => void;
}

const LEAST_PIECE = 20;
const MOST_PIECE = 2_000;
/** What is appended waits while a piece is deleted: longer than this is too long, and half of it is time for more. */
const PIECE_MS = 40;
/** However long a piece took: a machine that slept meanwhile, or whose clock was put right, does not count as busy. */
const LONGEST_PAUSE_MS = 60_000;
/** A store that has more to take than it can is asked again after this long. */
const OVERLOADED_MS = 1_000;

/**
 * Deletes all that the query names. Each piece is followed by a pause in proportion to the time that it took, so that a
 * store which is busy or slow is left alone for longer.
 *
 * @returns how many flows it deleted.
 * @throws {WeirError} what `prune` throws; pieces before that are deleted.
 */
export async function sweep(
  store: Pick<Store, "prune">,
  query: Outdated,
  { clock, share, signal, onPiece }: SweepOptions,
): Promise<number> {
  let all = 0;
  let limit = 100;
  while (signal?.aborted !== true) {
    const started = clock.now();
    let deleted: number;
    try {
      deleted = await store.prune({ ...query, limit });
    } catch (error) {
      if (!(error instanceof WeirError && error.code === "overloaded")) throw error;
      await clock.sleep(OVERLOADED_MS, signal).catch(() => undefined);
      continue;
    }
    const tookMs = Math.max(1, clock.now() - started);
    all += deleted;
    if (deleted > 0) onPiece?.(deleted);
    if (deleted < limit) break;
    if (tookMs > PIECE_MS) limit = Math.max(LEAST_PIECE, Math.floor(limit / 2));
    else if (tookMs < PIECE_MS / 2) limit = Math.min(MOST_PIECE, limit * 2);
    const pauseMs = Math.min(LONGEST_PAUSE_MS, tookMs * (1 / share - 1));
    await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
  return all;
}
