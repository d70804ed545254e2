/** The ledger of a run without a journal: it lasts as long as the run, and keeps values as they are. */
import type { Ledger, Note } from "./ledger.ts";

interface Message {
  readonly name: string;
  readonly value: unknown;
}

export class MemoryLedger implements Ledger {
  readonly durable = false;
  readonly #notes = new Map<string, Note>();
  readonly #messages: Message[] = [];
  readonly #listeners = new Set<() => void>();

  recall(path: string): Note | undefined {
    return this.#notes.get(path);
  }

  write(note: Note): undefined {
    this.#notes.set(note.path, note);
  }

  /** Puts a message into the run's mailbox. */
  send(name: string, value: unknown): void {
    this.#messages.push({ name, value });
    for (const listener of this.#listeners) listener();
  }

  async take(messageName: string, note: Note): Promise<Note | undefined> {
    const index = this.#messages.findIndex(({ name }) => name === messageName);
    if (index < 0) return undefined;
    const [message] = this.#messages.splice(index, 1);
    const taken: Note = { ...note, status: "succeeded", value: message?.value };
    this.write(taken);
    return taken;
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  begin(): undefined {}

  /** There is nobody to give it to. */
  async park(): Promise<void> {}

  end(): undefined {}

  async notes(): Promise<Note[]> {
    return [...this.#notes.values()];
  }
}
