/** Which tenants came to which limits of theirs: for the page and for `/metrics`. Bounded, and of this process only. */
import type { Micros } from "../../flow.ts";
import type { LimitFigures, LimitName, LimitReached } from "../../limits.ts";

const MOST_KEPT = 1_000;
const KEPT_US = 24 * 3600 * 1e6;

export class LimitsReached {
  readonly #now: () => Micros;
  /** The one that was reached last is last. */
  readonly #kept = new Map<string, LimitReached>();
  readonly #counts = new Map<LimitName, number>();

  constructor(now: () => Micros) {
    this.#now = now;
  }

  note(tenant: string, limit: LimitName, allowed: number): void {
    const key = `${limit} ${tenant}`;
    const at = this.#now();
    const known = this.#kept.get(key);
    this.#kept.delete(key);
    const before = known !== undefined && at - known.lastAt < KEPT_US ? known : { firstAt: at, count: 0 };
    const { firstAt, count } = before;
    this.#kept.set(key, { tenant, limit, allowed, firstAt, lastAt: at, count: count + 1 });
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#counts.set(limit, (this.#counts.get(limit) ?? 0) + 1);
  }

  figures(): LimitFigures {
    const oldest = this.#now() - KEPT_US;
    const reached = [...this.#kept.values()].filter(({ lastAt }) => lastAt > oldest).reverse();
    return { reached, counts: this.#counts };
  }
}
