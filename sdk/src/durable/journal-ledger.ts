/** The ledger of a run that is in a journal, as long as this process has it. */
import type { EndStatus } from "../attributes.ts";
import {
  type Codec,
  type Entry,
  type Journal,
  keyOf,
  type Lease,
  type Leased,
  type Parking,
  surely,
} from "../run/index.ts";
import type { Ledger, Note } from "./ledger.ts";

export interface JournalLedgerOptions extends Leased {
  readonly codec: Codec;
}

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

  #surely<T>(ask: (journal: Journal, lease: Lease) => Promise<T>): Promise<T> {
    return surely(this.#options, ask);
  }
}

function whatOf({ path, kind }: Pick<Note, "path" | "kind">): string {
  return `${kind === "run" ? "step" : kind} "${keyOf(path)}"`;
}
