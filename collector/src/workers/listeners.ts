/** Who wants to hear of changes, while the changes are on another thread, which is asked only while someone does. */
import { setTimeout as sleep } from "node:timers/promises";
import { detailOf } from "../errors.ts";
import type { FlowChange } from "../store.ts";
import type { Thread } from "../threads/thread.ts";
import type { News, WriterCalls } from "./calls.ts";

interface Listener {
  changed: (changes: FlowChange[]) => void;
  missed: () => void;
}

/** Milliseconds between two tries to ask the thread while it is gone. */
const AGAIN_MS = 100;

export class Listeners {
  readonly #writer: Thread<WriterCalls>;
  readonly #warn: (line: string) => void;
  readonly #listeners = new Set<Listener>();
  #asking = false;
  #closed = false;

  constructor(writer: Thread<WriterCalls>, warn: (line: string) => void) {
    this.#writer = writer;
    this.#warn = warn;
  }

  /** @returns what takes it off again. */
  add(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (!this.#asking) void this.#ask();
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      // Where the thread is gone, it gathers nothing.
      this.#writer.call("rest", undefined, { patient: true }).catch(() => {});
    };
  }

  close(): void {
    this.#closed = true;
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    while (this.#listeners.size > 0 && !this.#closed) {
      try {
        this.#tell(await this.#writer.call("news", Date.now(), { patient: true }));
      } catch {
        // The thread is gone, and what it had gathered with it. Whoever has work for it is told why.
        if (this.#closed) break;
        this.#tell({ changes: [], missed: true });
        await sleep(AGAIN_MS, undefined, { ref: false });
      }
    }
    this.#asking = false;
  }

  #tell({ changes, missed }: News): void {
    for (const listener of this.#listeners) {
      try {
        if (missed) listener.missed();
        else if (changes.length > 0) listener.changed(changes);
      } catch (error) {
        this.#warn(`store: a listener failed: ${detailOf(error)}`);
      }
    }
  }
}
