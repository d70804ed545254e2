/** How long the runs of a tenant's flow usually take: the measure of "stalled". */

import { keyText } from "../flow.ts";
import { RUNS_THAT_TELL } from "../health.ts";
import type { Numbers } from "./flow-rows.ts";
import type { Db } from "./open.ts";

/** Only the last runs count, so that the answer follows a workflow that has changed, and costs the same always. */
const LAST_RUNS = 200;
/** Among this many of the tenant's last flows: it may have a million of another name. */
const LOOKED_AT = 20_000;
const FRESH_MS = 5_000;
const MOST_KEPT = 10_000;

interface Kept {
  p95Ms: number | null;
  readAt: number;
}

export class UsualDurations {
  readonly #numbers: Numbers;
  readonly #select;
  readonly #kept = new Map<string, Kept>();

  constructor(db: Db, numbers: Numbers) {
    this.#numbers = numbers;
    this.#select = db
      .prepare<[number, number, number, number], number>(
        `SELECT duration_us FROM
           (SELECT name, duration_us FROM flows INDEXED BY flows_by_tenant WHERE tenant = ? ORDER BY started_at DESC LIMIT ?)
         WHERE name = ? AND duration_us IS NOT NULL LIMIT ?`,
      )
      .pluck();
  }

  /** 95th percentile in milliseconds of the last finished runs; `null` where they are too few to tell. */
  p95Ms(tenant: string, name: string): number | null {
    const key = keyText({ tenant, id: name });
    const known = this.#kept.get(key);
    const now = performance.now();
    if (known !== undefined && now - known.readAt < FRESH_MS) return known.p95Ms;
    const durations = this.#read(tenant, name).sort((a, b) => a - b);
    const at = Math.ceil(durations.length * 0.95) - 1;
    const p95Ms = durations.length < RUNS_THAT_TELL ? null : (durations[at] as number) / 1000;
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(key, { p95Ms, readAt: now });
    return p95Ms;
  }

  #read(tenant: string, name: string): number[] {
    const numbers = [this.#numbers.tenants.find(tenant), this.#numbers.texts.find(name)];
    const [ofTenant, ofName] = numbers;
    if (ofTenant === undefined || ofName === undefined) return [];
    return this.#select.all(ofTenant, LOOKED_AT, ofName, LAST_RUNS);
  }
}
