/** Those who wait in `emit` until the queue leaves room for more. */
import type { Attempt } from "./attempt.ts";

const NOW = Promise.resolve();

export class Crowd {
  readonly #limit: number;
  readonly #waiting = new Map<Attempt, () => void>();

  /** @param limit from so many queued deliveries on they wait */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param inHand how many attempts there are. Where all others wait too, nothing would get less: so this one does not */
  join(attempt: Attempt, queued: number, inHand: number): Promise<void> {
    if (queued < this.#limit || attempt.over || inHand - this.#waiting.size <= 1) return NOW;
    return new Promise((resolve) => {
      this.#waiting.set(attempt, resolve);
    });
  }

  /** An attempt has ended: some may go on, and where all wait, one does. */
  leave(gone: Attempt, queued: number, inHand: number): void {
    if (this.#waiting.size === 0) return;
    this.#goOn(gone);
    const hasRoom = queued * 2 < this.#limit;
    for (const attempt of this.#waiting.keys()) {
      if (!hasRoom && inHand > this.#waiting.size) return;
      this.#goOn(attempt);
    }
  }

  #goOn(attempt: Attempt): void {
    this.#waiting.get(attempt)?.();
    this.#waiting.delete(attempt);
  }
}
