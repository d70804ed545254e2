/**
 * Tells of flows whose health has changed. No observation comes when a process falls silent or a step takes too
 * long, so someone has to look.
 */
import type { Health } from "../flow.ts";

const EVERY_MS = 1_000;
/** Looking may take at most this share of the time, however many flows are open. */
const SHARE = 0.02;

/** A flow that has not ended, by the store's own number of it. */
interface OpenFlow {
  pk: number;
  health: Health;
}

export class HealthWatch {
  readonly #look: () => OpenFlow[];
  readonly #changed: (pks: number[]) => void;
  #known = new Map<number, Health>();
  #timer: NodeJS.Timeout | undefined;

  constructor(look: () => OpenFlow[], changed: (pks: number[]) => void) {
    this.#look = look;
    this.#changed = changed;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#known = healthByFlow(this.#look());
    this.#wait(EVERY_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#again(), ms).unref();
  }

  #again(): void {
    const started = performance.now();
    let now: Map<number, Health>;
    try {
      now = healthByFlow(this.#look());
    } catch {
      // The questions that people ask say what is wrong with the store; here it only means to look again.
      this.#wait(EVERY_MS);
      return;
    }
    // A flow that is new was told of when it was written, as well as one that has ended.
    const changed = [...now].filter(([pk, health]) => this.#known.has(pk) && this.#known.get(pk) !== health);
    this.#known = now;
    this.#wait(Math.max(EVERY_MS, (performance.now() - started) / SHARE));
    if (changed.length > 0) this.#changed(changed.map(([pk]) => pk));
  }
}

function healthByFlow(flows: OpenFlow[]): Map<number, Health> {
  return new Map(flows.map(({ pk, health }) => [pk, health]));
}
