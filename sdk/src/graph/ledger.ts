/** Where a job notes what it does, so that another process can go on with it. */
import type { EndStatus } from "../attributes.ts";
import { describeError } from "../errors.ts";
import {
  type Codec,
  childPath,
  type Leased,
  type NewEntry,
  NotEncodable,
  ROOT,
  surely,
  ValueTooLarge,
} from "../run/index.ts";
import type { Attempt } from "./attempt.ts";
import type { Delivery, Turns } from "./delivery.ts";
import type { PausePoint } from "./job-data.ts";
import { unitOf } from "./unit.ts";
import type { Change } from "./values.ts";
import type { Verdict } from "./verdict.ts";

/** Of a delivery that was handled: that, what it sent, and what it changed are one entry, kept whole or not at all. */
export interface SucceededNote {
  n: number;
  /** Others that went into it. */
  parts: number[];
  /** The number of the first that it sent. */
  first: number;
  sent: [connection: string, payload: unknown, turns: Turns | undefined][];
  state: Change[];
  shared: Change[];
}

export interface FailedNote {
  n: number;
  parts: number[];
  error: unknown;
  /** `undefined`: it is tried again. */
  verdict: Verdict | undefined;
}

export interface LateNote {
  n: number;
  late: true;
}

/** The name of entries that are no deliveries. */
export const PAUSE = "pause";

export class Ledger {
  readonly #leased: Leased;
  readonly #codec: Codec;
  #pauses: number;

  constructor(leased: Leased, codec: Codec, pauses: number) {
    this.#leased = leased;
    this.#codec = codec;
    this.#pauses = pauses;
  }

  /** @throws {NotEncodable | ValueTooLarge} at once: nothing was noted */
  succeeded(
    { given, sent, attempt, startedAt }: Attempt,
    of: { first: number; changes: { state: Change[]; shared: Change[] }; endedAt: number },
  ): Promise<void> {
    const { first, changes, endedAt } = of;
    const note: SucceededNote = {
      n: given.n,
      parts: partsOf(given),
      first,
      sent: sent.map(({ edge, payload, turns }) => [edge.id, payload, turns]),
      ...changes,
    };
    const value = this.#codec.encode(note, `what ${given.slot.key} sends and keeps`);
    return this.#write(this.#entry(given, attempt, "succeeded", startedAt, endedAt, value));
  }

  failed(
    { given, attempt, startedAt }: Attempt,
    { error, endedAt, verdict }: { error: unknown; endedAt: number; verdict: Verdict | undefined },
  ): Promise<void> {
    const note: FailedNote = { n: given.n, parts: partsOf(given), error, verdict };
    const value = this.#encodeFailure(note, given.slot.key);
    return this.#write(this.#entry(given, attempt, "failed", startedAt, endedAt, value));
  }

  late(given: Delivery, at: number): Promise<void> {
    const note: LateNote = { n: given.n, late: true };
    const value = this.#codec.encode(note, `delivery to ${given.slot.key}`);
    return this.#write(this.#entry(given, 1, "succeeded", at, at, value));
  }

  /** Puts the run on hold: nothing but `resume` makes it go on. */
  async paused(point: PausePoint): Promise<void> {
    const value = this.#codec.encode(point, "checkpoint");
    this.#pauses += 1;
    const path = childPath(ROOT, PAUSE, this.#pauses, "wait");
    const { at } = point;
    await this.#write({
      path,
      attempt: 1,
      kind: "wait",
      name: PAUSE,
      status: "succeeded",
      value,
      startedAt: at,
      endedAt: at,
    });
    await surely(this.#leased, (journal, lease) => journal.park(lease, { paused: true }));
  }

  /** Gives the run back as it is, for another process to go on with at once. */
  left(at: number): Promise<void> {
    return surely(this.#leased, (journal, lease) => journal.park(lease, { dueAt: at }));
  }

  ended(status: EndStatus, error: unknown): Promise<void> {
    const value = error === undefined ? undefined : this.#encodeFailure({ error }, "end of the job");
    return surely(this.#leased, (journal, lease) => journal.end(lease, { status, value }));
  }

  #write(entry: NewEntry): Promise<void> {
    return surely(this.#leased, (journal, lease) => journal.write(lease, entry));
  }

  #entry(
    given: Delivery,
    attempt: number,
    status: NewEntry["status"],
    startedAt: number,
    endedAt: number,
    value: string,
  ): NewEntry {
    const { path } = unitOf(this.#leased.lease.runId, given);
    return { path, attempt, kind: "run", name: given.slot.key, status, value, startedAt, endedAt };
  }

  /** An error that can't be kept is kept as its words. */
  #encodeFailure<Note extends { error: unknown }>(note: Note, what: string): string {
    try {
      return this.#codec.encode(note, what);
    } catch (thrown) {
      if (!(thrown instanceof NotEncodable || thrown instanceof ValueTooLarge)) throw thrown;
      const { type, message } = describeError(note.error);
      const error = Object.assign(new Error(message), { name: type });
      return this.#codec.encode({ ...note, error }, what);
    }
  }
}

function partsOf({ n, parts = [] }: Delivery): number[] {
  return parts.map((part) => part.n).filter((part) => part !== n);
}
