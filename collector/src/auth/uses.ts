/** When keys were last used, written down seldom: once a minute for a key, many keys in one commit. */
import type { Micros } from "../flow.ts";

const AT_MOST_EVERY: Micros = 60_000_000;
const GATHER_MS = 1_000;
const MOST_REMEMBERED = 10_000;

export class Uses {
  readonly #write: (used: ReadonlyMap<string, Micros>) => Promise<void> | undefined;
  readonly #noted = new Map<string, Micros>();
  #waiting = new Map<string, Micros>();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (used: ReadonlyMap<string, Micros>) => Promise<void> | undefined) {
    this.#write = write;
  }

  note(keyId: string, now: Micros): void {
    const noted = this.#noted.get(keyId);
    if (noted !== undefined && Math.abs(now - noted) < AT_MOST_EVERY) return;
    if (this.#noted.size >= MOST_REMEMBERED) this.#noted.clear();
    this.#noted.set(keyId, now);
    this.#waiting.set(keyId, now);
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS).unref();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const used = this.#waiting;
    this.#waiting = new Map();
    if (used.size === 0) return;
    try {
      await this.#write(used);
    } catch {
      // A store that is busy now takes the next one: nobody is to be refused for the sake of a note.
    }
  }
}
