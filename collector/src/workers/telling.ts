/**
 * Gathers a store's changes on its thread until they are asked for. To copy them to another thread costs ingest, so
 * what is told in a second is bounded, far above what anyone can read; beyond the bound the listeners are told that
 * they missed some. While nobody asks, nothing is gathered.
 */
import { ChangesByFlow } from "../live/changes-by-flow.ts";
import type { FlowChange, Store } from "../store.ts";
import type { News } from "./calls.ts";

/** Changed flows that wait to be told of. */
const MOST_WAITING = 2_000;
const MOST_A_SECOND = 4_000;
/** Each time all that is shown anywhere is asked for anew. */
const MISSED_EVERY_MS = 1_000;

export class Telling {
  readonly #onChange: Store["onChange"];
  readonly #gathered = new ChangesByFlow();
  #missed = false;
  #off: (() => void) | undefined;
  #asked: ((news: News) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the next may be told, by the process's own clock. */
  #notBefore = 0;
  #committedAt = 0;

  constructor(onChange: Store["onChange"]) {
    this.#onChange = onChange;
  }

  /** To be called after each commit. */
  committed(): void {
    this.#committedAt = Date.now();
  }

  /**
   * Resolves when there is something to tell. To be asked again only after that.
   *
   * @param askedAt milliseconds since the epoch: what was committed while the question was on its way is missed.
   */
  news(askedAt: number): Promise<News> {
    if (this.#off === undefined) {
      this.#off = this.#onChange(
        (changes) => this.#gather(changes),
        () => this.#miss(),
      );
      if (this.#committedAt >= askedAt) this.#missed = true;
    }
    return new Promise((resolve) => {
      this.#asked = resolve;
      this.#tellInTime();
    });
  }

  /** Gathers no more. Who waits all the same, having come back meanwhile, misses some. */
  rest(): void {
    this.#off?.();
    this.#off = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#missed = false;
    this.#gathered.take();
    this.#asked?.({ changes: [], missed: true });
    this.#asked = undefined;
  }

  #gather(changes: FlowChange[]): void {
    if (this.#missed) return;
    this.#gathered.add(changes);
    if (this.#gathered.size > MOST_WAITING) this.#miss();
    else this.#tellInTime();
  }

  #miss(): void {
    this.#missed = true;
    this.#gathered.take();
    this.#tellInTime();
  }

  #tellInTime(): void {
    if (this.#asked === undefined || (this.#gathered.size === 0 && !this.#missed)) return;
    const wait = this.#notBefore - performance.now();
    if (wait <= 0) this.#tell();
    else this.#timer ??= setTimeout(() => this.#tell(), wait);
  }

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const news = { changes: this.#gathered.take(), missed: this.#missed };
    const pause = news.missed ? MISSED_EVERY_MS : (news.changes.length * 1000) / MOST_A_SECOND;
    this.#notBefore = performance.now() + pause;
    this.#missed = false;
    this.#asked?.(news);
    this.#asked = undefined;
  }
}
