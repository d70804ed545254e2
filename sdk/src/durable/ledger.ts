/** What one run has done so far, and where it notes what it does. */
import type { EndStatus } from "../attributes.ts";
import type { EntryKind, EntryStatus, Parking } from "../run/index.ts";

/** What became of a unit of work. */
export interface Note {
  /** See `run/path.ts`. */
  readonly path: string;
  /** From 1. */
  readonly attempt: number;
  readonly kind: EntryKind;
  /** Of the function, the flow with its version and input, or the message: a replay that meets another stops. */
  readonly name: string;
  readonly status: EntryStatus;
  /** The result, the error, or what a waiting place must remember. */
  readonly value?: unknown;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt?: number | undefined;
}

/** What has to wait for a disk or a network gives a promise, what has not gives nothing: steps without a journal are quick. */
type Kept = Promise<void> | undefined;

export interface Ledger {
  /** What is noted outlives the process, so that another can go on with the run. */
  readonly durable: boolean;
  /** Of this place: that which succeeded, else the newest attempt. */
  recall(path: string): Note | undefined;
  /** @throws {NotEncodable | ValueTooLarge} before anything is written */
  write(note: Note): Kept;
  /** Takes the oldest message of this name and notes it, in one; `undefined` while there is none. */
  take(messageName: string, note: Note): Promise<Note | undefined>;
  /** Calls the listener soon after a message may have come. @returns ends it */
  watch(listener: () => void): () => void;
  /** Begins another attempt of the run: recalls all that was noted so far. */
  begin(attempt: number): Kept;
  /** Gives the run back. */
  park(parking: Parking): Promise<void>;
  /** @throws {NotEncodable | ValueTooLarge} */
  end(status: EndStatus, value: unknown): Kept;
  /** All notes, in the order in which their places were first noted. */
  notes(): Promise<Note[]>;
}
