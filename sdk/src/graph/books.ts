/** What a job keeps besides its deliveries: what routines remember, numbers, history, dead letters, pauses. */
import { describeError } from "../errors.ts";
import { Book } from "./book.ts";
import { Bounded } from "./bounded.ts";
import { type Copy, copyOf } from "./copy.ts";
import type { DeadLetter, HistoryEntry, JobData, PausePoint } from "./job-data.ts";
import type { Node } from "./plan.ts";

export interface BookLimits {
  readonly history: number;
  readonly deadLetters: number;
}

export class Books {
  readonly shared: Map<string, unknown>;
  readonly merged: Map<string, Copy>;
  readonly #routines: Map<string, Book>;
  readonly #history: Bounded<HistoryEntry>;
  readonly #deadLetters: Bounded<DeadLetter>;
  readonly #pauses: PausePoint[];

  constructor(data: JobData, { history, deadLetters }: BookLimits) {
    this.shared = new Map(data.shared.map(([key, value]) => [key, copyOf(value, "shared values").value]));
    this.merged = new Map(data.merged.map(([slot, value]) => [slot, copyOf(value, "merged")]));
    this.#routines = new Map(data.routines.map(([id, each]) => [id, new Book(each)]));
    this.#history = new Bounded(history, data.history, data.historyDropped);
    this.#deadLetters = new Bounded(deadLetters, data.deadLetters, data.deadLettersDropped);
    this.#pauses = [...data.pauses];
  }

  get lastPause(): PausePoint | undefined {
    return this.#pauses.at(-1);
  }

  of(node: string): Book {
    let book = this.#routines.get(node);
    if (book === undefined) {
      book = new Book();
      this.#routines.set(node, book);
    }
    return book;
  }

  /** Retries of all routines that one error handler decides on. */
  retriesOf(nodes: Iterable<Node>, { errorHandler }: Node): number {
    let retries = 0;
    for (const node of nodes)
      if (node.errorHandler === errorHandler) retries += this.#routines.get(node.id)?.retries ?? 0;
    return retries;
  }

  /** Deliveries that were handled with success. */
  finished(): number {
    let finished = 0;
    for (const { succeeded } of this.#routines.values()) finished += succeeded;
    return finished;
  }

  note(entry: HistoryEntry): void {
    this.#history.push(entry);
  }

  bury(letter: DeadLetter): void {
    this.#deadLetters.push(letter);
  }

  pause(point: PausePoint): void {
    this.#pauses.push(point);
  }

  data(): Pick<
    JobData,
    | "shared"
    | "merged"
    | "routines"
    | "history"
    | "historyDropped"
    | "deadLetters"
    | "deadLettersDropped"
    | "pauses"
  > {
    return {
      shared: [...this.shared],
      merged: [...this.merged].map(([slot, { value }]) => [slot, value]),
      routines: [...this.#routines].map(([id, book]) => [id, book.data()]),
      history: this.#history.list(),
      historyDropped: this.#history.dropped,
      deadLetters: this.#deadLetters.list(),
      deadLettersDropped: this.#deadLetters.dropped,
      pauses: [...this.#pauses],
    };
  }
}

/** In a few words, for the history. */
export function saidOf(error: unknown): { type: string; message: string } {
  const { type, message } = describeError(error);
  return { type, message };
}
