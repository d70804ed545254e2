/**
 * The embedded store and the ingest on threads of their own, so that the main thread only moves bytes: one thread
 * writes, others answer questions. See `docs/decisions/0018-threads.md`.
 */

import type { StalledAfter } from "../health.ts";
import type { Answers } from "../http/answers.ts";
import { type Limits, NO_LIMITS } from "../limits.ts";
import type { Ingest } from "../otlp/ingest.ts";
import type { Durability } from "../sqlite/file/open.ts";
import type { Store } from "../store.ts";
import { threadFile } from "../thread-file.ts";
import { YOUNG_MB } from "../threads/garbage.ts";
import { Thread, type ThreadBounds } from "../threads/thread.ts";
import type { DecoderCalls, ReaderCalls, SharedClock, StoreData, WriterCalls } from "./calls.ts";
import { ingestOn } from "./ingest.ts";
import { answersOn } from "./kept-stages.ts";
import { Listeners } from "./listeners.ts";

export interface ThreadedStoreOptions {
  /** The database file; made where it is not there yet. */
  path: string;
  /** As of `openSqliteStore`. Default `full`. */
  durability?: Durability;
  /** Threads that answer questions. Default 1. */
  readers?: number;
  /** What may wait to be written. Default: 64 MiB in 20,000 requests, of which none waits longer than 2 s. */
  bounds?: Partial<ThreadBounds>;
  /** How long flows of a name may be open before they are stalled. Others are measured by what is usual for them. */
  stalledAfter?: StalledAfter;
  /** What each tenant may use. Default: without limits. */
  limits?: Limits;
  /** One number in shared memory that is the time, in microseconds since the epoch. Default: the system's clock. */
  clock?: SharedClock;
  /** Hears, in one line, what an operator should know. Default: nobody. */
  warn?: (line: string) => void;
}

export interface ThreadedStore extends Store {
  /** Each thread, and how many calls it has in hand. */
  threads(): { name: string; waiting: number }[];
  ingest: Ingest;
  answers: Answers;
}

const WRITER_BOUNDS: ThreadBounds = { calls: 20_000, bytes: 64 * 1024 * 1024, waitMs: 2_000 };
/**
 * Of threads that hold messages. A heap that may have much is let grow to four times what lives in it before it is looked
 * through, one that may have a gigabyte to 1.6 times; no message that is taken needs half of that.
 */
const LIMITS = { maxOldGenerationSizeMb: 1024 };
/** Answers are small: half the room for what is young, and some megabytes less. */
const READER_LIMITS = { maxYoungGenerationSizeMb: YOUNG_MB / 2 };
/** A question may be slow without being wrong; what waits behind it may wait that long too. */
const READER_BOUNDS: ThreadBounds = { calls: 1_000, bytes: 1024 * 1024, waitMs: 10_000 };

/** What is asked to see how it is must be answered also where there is too much to do: between two groups it is. */
const AT_ALL_TIMES = { patient: true };

/**
 * Starts the threads and opens the store in a file, for one collector at a time.
 *
 * @throws {WeirError} `unavailable` where the file can't be opened, with the reason and what to do.
 * @example
 * const store = await openThreadedStore({ path: "./data/weir.db" });
 * const app = createApp({ store, ingest: store.ingest, answers: store.answers });
 */
export async function openThreadedStore(options: ThreadedStoreOptions): Promise<ThreadedStore> {
  const { path, readers: count = 1, bounds, clock, durability = "full", warn = () => {} } = options;
  const { stalledAfter = new Map(), limits = NO_LIMITS } = options;
  const data: StoreData = { path, clock, durability, stalledAfter, limits };
  // First, and alone: it makes the file.
  const writer = await Thread.start<WriterCalls>({
    name: "the writing thread",
    entry: threadFile(import.meta.url, "writer"),
    data,
    bounds: { ...WRITER_BOUNDS, ...bounds },
    limits: LIMITS,
    warn,
  });
  const decoder = await Thread.start<DecoderCalls>({
    name: "the decoding thread",
    entry: threadFile(import.meta.url, "decoder"),
    data,
    bounds: { ...WRITER_BOUNDS, ...bounds },
    limits: LIMITS,
    warn,
  });
  const readers = await Promise.all(
    Array.from({ length: count }, () =>
      Thread.start<ReaderCalls>({
        name: "a reading thread",
        entry: threadFile(import.meta.url, "reader"),
        data,
        bounds: READER_BOUNDS,
        limits: READER_LIMITS,
        warn,
      }),
    ),
  );
  const listeners = new Listeners(writer, warn);
  const reader = () => readers.reduce((least, each) => (each.waiting < least.waiting ? each : least));

  return {
    ingest: {
      take: ingestOn(decoder, writer),
      limits: () => writer.call("limits", undefined, AT_ALL_TIMES),
    },
    append: (observations) => writer.call("append", observations),
    prune: (query) => writer.call("prune", query),
    checkWritable: () => writer.call("checkWritable", undefined, AT_ALL_TIMES),
    async figures() {
      const [figures, commits] = await Promise.all([
        reader().call("figures", undefined, AT_ALL_TIMES),
        writer.call("commits", undefined, AT_ALL_TIMES),
      ]);
      return { ...figures, ...commits };
    },
    has: (key) => reader().call("has", key),
    usage: (tenant, atMost) => reader().call("usage", { tenant, atMost }),
    tenants: (query) => reader().call("tenants", query),
    flows: (query) => reader().call("flows", query),
    count: (filter) => reader().call("count", filter),
    flow: (key) => reader().call("flow", key),
    stats: (query) => reader().call("stats", query),
    errors: (query) => reader().call("errors", query),
    histogram: (query) => reader().call("histogram", query),
    stuck: (query) => reader().call("stuck", query),
    names: (tenant) => reader().call("names", tenant),
    labels: (tenant) => reader().call("labels", tenant),
    answers: answersOn(reader),
    threads: () => [
      { name: "decoding", waiting: decoder.waiting },
      { name: "writing", waiting: writer.waiting },
      ...readers.map(({ waiting }) => ({ name: "reading", waiting })),
    ],
    onChange: (changed, missed = () => {}) => listeners.add({ changed, missed }),
    async close() {
      listeners.close();
      await Promise.all([decoder, ...readers].map((each) => each.close()));
      await writer.close();
    },
  };
}
