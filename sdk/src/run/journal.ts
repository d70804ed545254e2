/**
 * The journal: what is known of each run, kept where a crash does not reach it. Memory, SQLite and Redis implement
 * it; `sdk/test/run/journal.contract.ts` holds each of them to the promises written here.
 *
 * It promises:
 *
 * 1. **Kept before told.** When a call that writes has resolved, what it wrote outlives the process (with
 *    `memoryJournal`: this process; with Redis: as far as that server is set to keep what it has).
 * 2. **Whole or not at all.** A call is kept entirely or leaves no trace, also when the process is killed in it. A call
 *    that rejects with a refusal (`LeaseLost`, `RunUnknown`, `RunEnded`) has written nothing. One that rejects with
 *    `JournalUnavailable` may have been kept or not; making it again is always safe, as each call is idempotent.
 * 3. **One owner.** At any moment at most one lease of a run is good. Each claim gives a higher fencing token than all
 *    before it, and a write under a lower one is refused with `LeaseLost`. A lease that ran out stays good until
 *    someone else claims the run.
 * 4. **One success a place.** An entry that succeeded is final. Writing the same path and attempt again changes nothing.
 * 5. **Nothing gets lost on the way.** A run that has not ended is always leased, due at a known time, held, or waits for
 *    a message; a claim, a message or a time that passed finds it, also when the process died between two writes.
 * 6. **Shared commits.** Calls made in one turn of the event loop share a transaction or a round trip, and each is
 *    answered by itself: one that is refused does not fail its neighbours.
 *
 * Values come in and go out as text that a codec made (`codec.ts`); no journal looks into them.
 * Times are milliseconds since the epoch.
 *
 * @example
 * const { run, lease } = await journal.open(order, { owner: "worker-1", leaseMs: 30_000 });
 * if (lease !== undefined) {
 *   await journal.write(lease, { path: "/charge", attempt: 1, kind: "run", name: "charge", status: "succeeded", value, startedAt, endedAt });
 *   await journal.end(lease, { status: "succeeded", value: result });
 * }
 */
import type { EndStatus } from "../attributes.ts";
import type { RunStatus } from "./status.ts";

/** Text made by a codec. */
export type Encoded = string;

/** Where runs are kept while they last: what a runtime asks of it, and promises. For who writes one of his own. */
export interface Journal {
  /** Where it keeps things, for messages: `"sqlite ./journal.db"`. */
  readonly name: string;

  /**
   * Makes a run, or finds the one that has this id: ids are idempotency keys. What is stored of a run that was there
   * is left as it is; whether it is the same program and input is for the caller to check (`sameRun`).
   *
   * @param claim takes the run at once, where it is free: new, due, or waiting without a lease. Left out, a new run waits
   *   until someone claims it (this is how work is enqueued).
   */
  open(run: NewRun, claim?: Claim): Promise<Opened>;

  /** The run as it is now; `undefined` where there is none. */
  read(runId: string): Promise<RunRecord | undefined>;

  /** All that was written under the run, in the order in which each place was first written. */
  entries(runId: string): Promise<Entry[]>;

  /**
   * Takes one run whether it is due or not, where no other lease of it is good: it is parked, held, or its lease ran out.
   *
   * @returns `undefined` where another has it, it has ended, or there is none
   */
  claim(runId: string, claim: Claim): Promise<Claimed | undefined>;

  /**
   * Takes up to `limit` runs that are due: enqueued, woken, with a sleep that is over, or with a lease that ran out. The
   * longest due come first. Two that claim at the same time never get the same run.
   *
   * @throws {JournalUnavailable}
   */
  claimDue(claim: Claim & DueFilter & { limit: number }): Promise<Claimed[]>;

  /**
   * When the next run becomes due; `undefined` where none will by itself. With it one timer serves any number of sleeping
   * runs, none of which needs to be in memory.
   */
  nextDue(filter: DueFilter): Promise<number | undefined>;

  /**
   * Makes leases last `leaseMs` from now.
   *
   * @returns for each lease, in order, how it stands. A lease that is `lost` was taken over or its run has ended: stop the work
   */
  renew(leases: readonly Lease[], leaseMs: number): Promise<LeaseState[]>;

  /**
   * Writes what became of a unit of work.
   *
   * @throws {LeaseLost} and nothing is written
   */
  write(lease: Lease, entry: NewEntry): Promise<void>;

  /**
   * Notes that the run begins another attempt. The lease is kept.
   *
   * @throws {LeaseLost}
   */
  attempt(lease: Lease, attempt: number): Promise<void>;

  /**
   * Gives the run back to the journal, which then holds nothing of it in memory.
   *
   * @throws {LeaseLost}
   */
  park(lease: Lease, until: Parking): Promise<void>;

  /**
   * Ends the run for good. The messages that nobody took go.
   *
   * @throws {LeaseLost} not where the same lease ended it before
   */
  end(lease: Lease, ending: Ending): Promise<void>;

  /**
   * Puts a message into the run's mailbox, where it stays until it is taken. A run that is parked for its name is due
   * at once.
   *
   * @throws {RunUnknown} there is no such run
   * @throws {RunEnded} it will take no more messages
   */
  send(runId: string, message: NewMessage): Promise<void>;

  /**
   * Takes the oldest message of this name, and writes its value as the entry's, in one: delivered once, and to one place.
   * Where the entry has succeeded already, that entry comes back and no message is taken.
   *
   * @param entry the waiting place; what is given is kept but for status, value and `endedAt`
   * @returns the entry as written; `undefined` while no such message is there
   * @throws {LeaseLost}
   */
  take(lease: Lease, messageName: string, entry: NewEntry): Promise<Entry | undefined>;

  /**
   * Asks whoever has the run to cancel it: `renew` and `read` tell. A run that nobody has becomes due, so that it is
   * claimed and may undo what it did. The first reason stays. Does nothing where the run has ended.
   *
   * @throws {RunUnknown}
   */
  cancel(runId: string, reason: string): Promise<void>;

  /**
   * Calls `listener` soon after something happened to the run that another process may wait for: a message, a wish to
   * cancel, its end. May call without cause, and calls at least every few seconds, so that a lost notice delays and never
   * hangs: look again, and wait on.
   *
   * @returns ends it
   */
  watch(runId: string, listener: () => void): () => void;

  /** The same for runs that become due by another's doing: enqueued, parked or woken earlier than the next timer. */
  watchDue(listener: () => void): () => void;

  /**
   * Deletes runs that ended before a time, oldest first, with all that is theirs. Never one that has not ended.
   *
   * @param limit at most so many in this call, default 1000: call again while it returns as many
   * @returns how many
   */
  prune(options: { endedBefore: number; limit?: number | undefined }): Promise<number>;

  /** Finishes the writes in hand and lets go of the file or the connection. Later calls reject with `JournalUnavailable`. */
  close(): Promise<void>;
}

export interface NewRun {
  /** Unique in the journal; at most 256 characters. */
  id: string;
  tenant: string;
  flow: FlowVersion;
  /** Of the input, by the codec: tells whether the same id came with the same input. */
  inputDigest: string;
  input: Encoded;
  /** What else the runtime needs to begin it elsewhere; never compared. */
  context?: Encoded | undefined;
  /** Not before. Default: now. Has no meaning together with a claim. */
  dueAt?: number | undefined;
}

/** Which program a run belongs to. A run is only ever given to who asks for exactly this. */
export interface FlowVersion {
  name: string;
  version: number;
}

export interface RunRecord extends Required<Omit<NewRun, "context" | "dueAt">> {
  context: Encoded | undefined;
  status: RunStatus;
  /** From 1. */
  attempt: number;
  /** Of the newest claim; 0 where nobody ever claimed it. */
  token: number;
  /** Who has it, where someone has. */
  owner: string | undefined;
  /** When it can be claimed: its lease runs out, its sleep is over. `undefined`: ended, held, or waiting for a message with no limit. */
  dueAt: number | undefined;
  /** Why it should be cancelled, where that was asked for. */
  cancelReason: string | undefined;
  /** The result of a run that succeeded, the error of one that failed or was cancelled. */
  value: Encoded | undefined;
  createdAt: number;
  endedAt: number | undefined;
}

export interface Claim {
  /** Names the process to people; two may have the same. */
  owner: string;
  /** From now; renew well before. */
  leaseMs: number;
}

export interface DueFilter {
  flows: readonly FlowVersion[];
  /** `true`: only what someone had claimed before, not what waits to be begun. */
  begunOnly?: boolean | undefined;
}

/** The right to write under a run. Plain data. */
export interface Lease {
  readonly runId: string;
  /** Higher than that of every earlier lease of the run. */
  readonly token: number;
}

export interface LeaseState {
  state: "kept" | "lost";
  cancelReason: string | undefined;
}

export interface Claimed {
  run: RunRecord;
  lease: Lease;
  /** The one before did not give it back: its process died or stood still. */
  takenOver: boolean;
}

export interface Opened {
  run: RunRecord;
  /** `false`: the id was there. */
  created: boolean;
  /** Where a claim was wanted and could be had. */
  lease: Lease | undefined;
  takenOver: boolean;
}

/** What a unit of work is; the runtimes add no others without a page in docs/decisions. */
export type EntryKind = "run" | "sleep" | "wait" | "child" | "rollback";

/** `waiting`: begun and not decided; the others are ends. */
export type EntryStatus = "waiting" | EndStatus;

export interface NewEntry {
  /** Where in the program: see `path.ts`. */
  path: string;
  /** From 1. */
  attempt: number;
  kind: EntryKind;
  /** Of the function, the flow and version, or the message: a replay that meets another stops. */
  name: string;
  status: EntryStatus;
  /** The result, the error, or what the waiting place must remember (until when it sleeps). */
  value?: Encoded | undefined;
  startedAt: number;
  endedAt?: number | undefined;
}

export interface Entry extends NewEntry {
  value: Encoded | undefined;
  endedAt: number | undefined;
}

/** What a run that was given back waits for. */
export interface Parking {
  /** Due then. Left out: not by time. */
  dueAt?: number | undefined;
  /** Due as soon as a message of one of these names is there; at once where one is there already, so that none slips between. */
  messages?: readonly string[] | undefined;
  /** On hold: neither messages nor time make it due, only `claim` gets it. With a wish to cancel it is due all the same. */
  paused?: boolean | undefined;
  /** It begins this attempt when it is claimed again. Default: it goes on with the one it is in. */
  attempt?: number | undefined;
}

export interface Ending {
  status: EndStatus;
  value?: Encoded | undefined;
}

export interface NewMessage {
  /** Of the message: the same id again is the same message, also after it was taken. Default: a new one. */
  id?: string | undefined;
  name: string;
  value: Encoded;
}
