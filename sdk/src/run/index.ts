/**
 * What the runtimes (durable flows, step trees, routine graphs) share of a run: its status, retries, cancellation,
 * clock, journal, and how it is seen as a flow.
 */
export { abortError, endingOf, type LinkedSignal, linkSignals, timeoutError } from "./cancel.ts";
export { type Alarm, createRunClock, type RunClock, realClock } from "./clock.ts";
export { type Codec, type CodecOptions, createCodec } from "./codec.ts";
export type { ErrorClass } from "./error-values.ts";
export { IllegalMove } from "./errors/illegal-move.ts";
export { InputMismatch } from "./errors/input-mismatch.ts";
export { JournalNewer } from "./errors/journal-newer.ts";
export { JournalUnavailable } from "./errors/journal-unavailable.ts";
export { LeaseLost } from "./errors/lease-lost.ts";
export { NotDecodable } from "./errors/not-decodable.ts";
export { NotEncodable } from "./errors/not-encodable.ts";
export { ProgramChanged } from "./errors/program-changed.ts";
export { RunEnded } from "./errors/run-ended.ts";
export { RunIdTaken } from "./errors/run-id-taken.ts";
export { RunUnknown } from "./errors/run-unknown.ts";
export { ValueInvalid } from "./errors/value-invalid.ts";
export { ValueTooLarge } from "./errors/value-too-large.ts";
export { following } from "./following.ts";
export type {
  Claim,
  Claimed,
  DueFilter,
  Encoded,
  Ending,
  Entry,
  EntryKind,
  EntryStatus,
  FlowVersion,
  Journal,
  Lease,
  LeaseState,
  NewEntry,
  NewMessage,
  NewRun,
  Opened,
  Parking,
  RunRecord,
} from "./journal.ts";
export { type Leaseholder, Leases } from "./leases.ts";
export { type MemoryJournalOptions, memoryJournal } from "./memory-journal.ts";
export { never } from "./never.ts";
export { childPath, keyOf, type PlaceKind, parentOf, ROOT } from "./path.ts";
export { type RedisJournalOptions, redisJournal } from "./redis-journal.ts";
export { type CheckedRetry, checkRetry, type Random, type RetryPolicy, retryDelay } from "./retry.ts";
export { sameRun } from "./same-run.ts";
export { check, checkNow, custom, isSchema } from "./schema.ts";
export { type SqliteJournalOptions, sqliteJournal } from "./sqlite-journal.ts";
export { hasEnded, moved, type RunStatus } from "./status.ts";
export { type Leased, surely } from "./surely.ts";
export { Taker } from "./taker.ts";
export {
  type Ended,
  openRunFlow,
  openUnitStep,
  pauseRunFlow,
  type Resumed,
  type RunSeen,
  sayRunAgain,
  sayUnitAgain,
  type UnitSeen,
} from "./telemetry.ts";
