/** Who waits for news of which run, in this process. */

type Listener = () => void;

export class Watchers {
  readonly #ofRuns = new Map<string, Set<Listener>>();
  readonly #ofDue = new Set<Listener>();
  readonly #onCount: (count: number) => void;
  #count = 0;

  /** @param onCount hears how many wait, whenever that changes: with none there is nothing to look for */
  constructor(onCount: (count: number) => void = () => {}) {
    this.#onCount = onCount;
  }

  watch(runId: string, listener: Listener): () => void {
    const listeners = this.#ofRuns.get(runId) ?? new Set();
    this.#ofRuns.set(runId, listeners);
    return this.#add(listeners, listener, () => {
      if (listeners.size === 0) this.#ofRuns.delete(runId);
    });
  }

  watchDue(listener: Listener): () => void {
    return this.#add(this.#ofDue, listener, () => {});
  }

  #add(listeners: Set<Listener>, listener: Listener, removed: () => void): () => void {
    // One function that is handed in twice waits twice.
    const own = () => listener();
    listeners.add(own);
    this.#onCount(++this.#count);
    return () => {
      if (!listeners.delete(own)) return;
      removed();
      this.#onCount(--this.#count);
    };
  }

  /** Not before the caller has gone on: a listener may ask the journal at once. */
  tell(runId: string): void {
    for (const listener of this.#ofRuns.get(runId) ?? []) queueMicrotask(listener);
  }

  tellDue(): void {
    for (const listener of this.#ofDue) queueMicrotask(listener);
  }

  /** Something may have happened to any of them. */
  tellAll(): void {
    for (const runId of this.#ofRuns.keys()) this.tell(runId);
    this.tellDue();
  }
}
