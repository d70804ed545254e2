/** The ledger of a run that is in a journal, as long as this process has it. */
import type { EndStatus } from "../attributes.ts";
import { diagnose } from "../diagnostics.ts";
import {
  type Codec,
  type Entry,
  type Journal,
  JournalUnavailable,
  keyOf,
  type Lease,
  LeaseLost,
  type Parking,
  realClock,
} from "../run/index.ts";
import type { Ledger, Note } from "./ledger.ts";
import { never } from "./never.ts";

export interface JournalLedgerOptions {
  readonly journal: Journal;
  readonly codec: Codec;
  readonly lease: Lease;
  /** Aborted when nobody waits any more for what the journal has not answered. */
  readonly closed: AbortSignal;
  /** Called when another process has the run: nothing more can be written. */
  lost(): void;
}

/** Between two tries while the journal can't be reached. */
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2000;

export class JournalLedger implements Ledger {
  readonly durable = true;
  readonly #options: JournalLedgerOptions;
  /** By path: that which succeeded, else the newest. */
  #entries = new Map<string, Entry>();

  constructor(options: JournalLedgerOptions) {
    this.#options = options;
  }

  /** Reads what is in the journal. @returns how many places have been decided */
  async load(): Promise<number> {
    this.#entries = new Map();
    let decided = 0;
    for (const entry of await this.#surely((journal, { runId }) => journal.entries(runId))) {
      const before = this.#entries.get(entry.path);
      if (before?.status === "succeeded") continue;
      if (before === undefined || entry.status === "succeeded" || entry.attempt >= before.attempt)
        this.#entries.set(entry.path, entry);
      if (entry.status !== "waiting") decided += 1;
    }
    return decided;
  }

  recall(path: string): Note | undefined {
    const entry = this.#entries.get(path);
    return entry && this.#note(entry);
  }

  write(note: Note): Promise<void> {
    const entry = this.#entry(note);
    if (note.status !== "succeeded") this.#entries.set(note.path, entry);
    return this.#surely((journal, lease) => journal.write(lease, entry));
  }

  async take(messageName: string, note: Note): Promise<Note | undefined> {
    const entry = this.#entry(note);
    const taken = await this.#surely((journal, lease) => journal.take(lease, messageName, entry));
    return taken && this.#note(taken);
  }

  watch(listener: () => void): () => void {
    return this.#options.journal.watch(this.#options.lease.runId, listener);
  }

  async begin(attempt: number): Promise<void> {
    await this.#surely((journal, lease) => journal.attempt(lease, attempt));
    await this.load();
  }

  park(parking: Parking): Promise<void> {
    return this.#surely((journal, lease) => journal.park(lease, parking));
  }

  end(status: EndStatus, value: unknown): Promise<void> {
    const encoded = this.#options.codec.encode(value, `result of run ${this.#options.lease.runId}`);
    return this.#surely((journal, lease) => journal.end(lease, { status, value: encoded }));
  }

  async notes(): Promise<Note[]> {
    const { journal, lease } = this.#options;
    return (await journal.entries(lease.runId)).map((entry) => this.#note(entry));
  }

  #entry(note: Note): Entry {
    const { path, attempt, kind, name, status, value, startedAt, endedAt } = note;
    const encoded = this.#options.codec.encode(value, whatOf(note));
    return { path, attempt, kind, name, status, value: encoded, startedAt, endedAt };
  }

  #note(entry: Entry): Note {
    const { value } = entry;
    return {
      ...entry,
      value: value === undefined ? undefined : this.#options.codec.decode(value, whatOf(entry)),
    };
  }

  /**
   * Asks until there is an answer: a step that has run and could not be noted would be run again by whoever comes next.
   * What is no longer this process' to write is never answered, so that the work which waits for it goes no further.
   */
  async #surely<T>(ask: (journal: Journal, lease: Lease) => Promise<T>): Promise<T> {
    const { journal, lease, closed, lost } = this.#options;
    for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 2, LONGEST_DELAY_MS)) {
      try {
        return await ask(journal, lease);
      } catch (error) {
        if (error instanceof LeaseLost) lost();
        if (error instanceof LeaseLost || closed.aborted) return await never();
        if (!(error instanceof JournalUnavailable)) throw error;
        diagnose(
          "journal-unavailable",
          `run ${lease.runId} waits for its journal. ${error.message}`,
          journal.name,
        );
        await realClock.sleep(delay, closed).catch(() => {});
      }
    }
  }
}

function whatOf({ path, kind }: Pick<Note, "path" | "kind">): string {
  return `${kind === "run" ? "step" : kind} "${keyOf(path)}"`;
}
