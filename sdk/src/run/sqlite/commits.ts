/**
 * Commits that are shared. A commit that waits for the disk costs far more than the rows in it, so what is asked for
 * in one turn of the event loop is written in one transaction, and each is answered when that is on the disk.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { JournalUnavailable } from "../errors/journal-unavailable.ts";
import { LeaseLost } from "../errors/lease-lost.ts";
import { RunEnded } from "../errors/run-ended.ts";
import { RunUnknown } from "../errors/run-unknown.ts";
import { type Db, isBusy, reasonOf } from "./open.ts";

/** Writes that may wait for the next commit; it takes them all at once. */
const MOST_WAITING = 1_000_000;
/** Between two tries while another process writes. */
const BUSY_DELAY_MS = 20;
/** For so long it is tried. */
const PATIENCE_MS = 10_000;

interface Write {
  make: () => unknown;
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

type Answer = { result: unknown } | { refused: unknown };

export class Commits {
  readonly #db: Db;
  readonly #name: string;
  readonly #afterCommit: () => void;
  readonly #transaction: (writes: readonly Write[]) => Answer[];
  #waiting: Write[] = [];
  #scheduled = false;
  /** The commit in hand, while it waits for another process. */
  #running: Promise<void> = Promise.resolve();

  constructor(db: Db, name: string, afterCommit: () => void) {
    this.#db = db;
    this.#name = name;
    this.#afterCommit = afterCommit;
    this.#transaction = db.transaction((writes: readonly Write[]) => writes.map(answerTo)).immediate;
  }

  /**
   * @param make writes, and returns the answer. It refuses by throwing a refusal before it has written anything
   */
  add<T>(make: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#waiting.length >= MOST_WAITING) {
        reject(
          new JournalUnavailable(
            this.#name,
            "more is to be written than it can take: begin fewer runs at once",
          ),
        );
        return;
      }
      this.#waiting.push({ make, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => {
        this.#running = this.#flush();
      });
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#scheduled) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.#running;
    }
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const writes = this.#waiting;
      this.#waiting = [];
      await this.#commit(writes, performance.now() + PATIENCE_MS);
    }
    this.#scheduled = false;
  }

  async #commit(writes: readonly Write[], deadline: number): Promise<void> {
    for (;;) {
      let answers: Answer[];
      try {
        answers = this.#transaction(writes);
      } catch (error) {
        if (
          !this.#db.open ||
          (isBusy(error) && performance.now() > deadline) ||
          (!isBusy(error) && writes.length === 1)
        ) {
          const reason = new JournalUnavailable(
            this.#name,
            `it could not be written: ${reasonOf(error)}`,
            error,
          );
          for (const { reject } of writes) reject(reason);
          return;
        }
        if (isBusy(error)) {
          await sleep(BUSY_DELAY_MS * (0.5 + Math.random()));
          continue;
        }
        // Rolled back for all: one of them may be to blame, and the others go on without it.
        for (const write of writes) await this.#commit([write], deadline);
        return;
      }
      for (const [at, answer] of answers.entries()) settle(writes[at] as Write, answer);
      this.#afterCommit();
      return;
    }
  }
}

function answerTo({ make }: Write): Answer {
  try {
    return { result: make() };
  } catch (error) {
    if (error instanceof LeaseLost || error instanceof RunUnknown || error instanceof RunEnded)
      return { refused: error };
    throw error;
  }
}

function settle({ resolve, reject }: Write, answer: Answer): void {
  if ("refused" in answer) reject(answer.refused);
  else resolve(answer.result as never);
}
