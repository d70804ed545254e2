/** What a run does at the moment: what is open, how much of it is work, and what only waits. */

/** A step or a sub-flow that has begun and has not ended. */
export interface OpenUnit {
  readonly path: string;
  readonly kind: "run" | "child";
  readonly attempt: number;
  readonly startedAt: number;
  /** Fails it, whatever its work does from now on. */
  abandon(reason: unknown): void;
}

/** A sleep or a wait. */
export interface Blocked {
  readonly dueAt: number | undefined;
  readonly message: string | undefined;
}

export class Activity {
  readonly #open = new Set<OpenUnit>();
  readonly #blocked = new Set<Blocked>();
  readonly #onlyWaits: () => void;
  #working = 0;
  #whenIdle: (() => void) | undefined;

  /** @param onlyWaits called whenever nothing is left but waits */
  constructor(onlyWaits: () => void) {
    this.#onlyWaits = onlyWaits;
  }

  get open(): Iterable<OpenUnit> {
    return this.#open;
  }

  get onlyWaits(): boolean {
    return this.#working === 0 && this.#blocked.size > 0;
  }

  /** Keeps the run here and open, until it is closed. */
  opened(unit: OpenUnit): void {
    this.#open.add(unit);
  }

  closed(unit: OpenUnit): void {
    this.#open.delete(unit);
    if (this.#open.size === 0) this.#whenIdle?.();
  }

  /** Counts work that runs here and now, as opposed to waiting. Each call wants a `rested`. */
  works(): void {
    this.#working += 1;
  }

  rested(): void {
    this.#working -= 1;
    if (this.onlyWaits) this.#onlyWaits();
  }

  /** @returns ends it */
  block(blocked: Blocked): () => void {
    this.#blocked.add(blocked);
    if (this.onlyWaits) this.#onlyWaits();
    return () => void this.#blocked.delete(blocked);
  }

  /** What its waits are for: the first time that one is over, and messages. */
  waits(): { dueAt: number | undefined; messages: string[] } {
    let dueAt: number | undefined;
    const messages: string[] = [];
    for (const each of this.#blocked) {
      dueAt = earlier(dueAt, each.dueAt);
      if (each.message !== undefined) messages.push(each.message);
    }
    return { dueAt, messages };
  }

  /** Resolves when no step and no sub-flow is open. */
  async idle(): Promise<void> {
    while (this.#open.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
  }

  /** Fails what is open, whatever its work does from now on. */
  abandon(reason: unknown): void {
    for (const unit of this.#open) unit.abandon(reason);
  }
}

/** `undefined` is never. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a;
}
