/** How long the runs of a tenant's flow usually take: the measure of "stalled". */
import { keyText, type Micros } from "../flow.ts";
import { RUNS_THAT_TELL } from "../health.ts";

/** Only the last runs count, so that the answer follows a workflow that has changed, and costs the same always. */
export const LAST_RUNS = 200;
const FRESH_MS = 5_000;
const MOST_KEPT = 10_000;

interface Kept {
  p95Ms: number | null;
  readAt: number;
}

export class UsualDurations {
  readonly #read: (tenant: string, name: string) => Micros[];
  readonly #kept = new Map<string, Kept>();

  /** @param read the durations of the last finished runs, at most `LAST_RUNS` of them. */
  constructor(read: (tenant: string, name: string) => Micros[]) {
    this.#read = read;
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
}
