/** A batch: so many deliveries in one. */
import type { Delivery } from "./delivery.ts";
import { type Gathered, type Gatherer, KEPT, type Released, together } from "./gatherer.ts";
import type { BatchOptions } from "./slot.ts";

export class BatchGatherer implements Gatherer {
  readonly #options: BatchOptions;
  readonly #now: () => number;
  #parts: Delivery[] = [];
  #since = 0;

  constructor(options: BatchOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  add(part: Delivery): Gathered {
    if (this.#parts.length === 0) this.#since = this.#now();
    this.#parts.push(part);
    return this.#parts.length < this.#options.size ? KEPT : { kind: "complete", delivery: this.#taken() };
  }

  settled(): void {}

  known(): void {}

  release(now: number): Released[] {
    const at = now === Number.POSITIVE_INFINITY ? now : this.nextAt();
    if (this.#parts.length === 0 || at === undefined || at > now) return [];
    return [{ delivery: this.#taken(), error: undefined }];
  }

  nextAt(): number | undefined {
    const { wait } = this.#options;
    return this.#parts.length === 0 || wait === undefined ? undefined : this.#since + wait;
  }

  restart(): void {
    this.#since = this.#now();
  }

  kept(): Delivery[] {
    return [...this.#parts];
  }

  data(): undefined {
    return undefined;
  }

  load(): void {}

  #taken(): Delivery {
    const parts = this.#parts;
    this.#parts = [];
    return together(parts, Object.freeze(parts.map(({ payload }) => payload)));
  }
}
