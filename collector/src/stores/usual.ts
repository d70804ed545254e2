/** How long the runs of a tenant's flow usually take: the measure of "stalled". */
import { keyText, type Micros, type Usual } from "../flow.ts";
import { RUNS_THAT_TELL } from "../health.ts";

/** Only the last runs count, so that the answer follows a workflow that has changed, and costs the same always. */
export const LAST_RUNS = 200;
const FRESH_MS = 5_000;
/** One more run changes little of what many tell: that is kept for longer, by so many runs for as long again. */
const RUNS_FOR_AS_LONG = 4;
const MOST_KEPT = 10_000;

/** What is known of a tenant's flows of a name, and asked for again and again: so old at the most. */
export function remembered<T>(
  read: (tenant: string, name: string) => T,
  freshMsOf: (value: T) => number = () => FRESH_MS,
): (tenant: string, name: string) => T {
  const kept = new Map<string, { value: T; freshUntil: number }>();
  return (tenant, name) => {
    const key = keyText({ tenant, id: name });
    const known = kept.get(key);
    const now = performance.now();
    if (known !== undefined && now < known.freshUntil) return known.value;
    const value = read(tenant, name);
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(key, { value, freshUntil: now + freshMsOf(value) });
    return value;
  };
}

export class UsualDurations {
  /** `null` where none has finished. */
  readonly of: (tenant: string, name: string) => Usual | null;

  /** @param read the durations of the last finished runs, at most `LAST_RUNS` of them. */
  constructor(read: (tenant: string, name: string) => Micros[]) {
    this.of = remembered(
      (tenant, name) => usualOf(read(tenant, name)),
      (usual) => FRESH_MS * Math.max(1, (usual?.runs ?? 0) / RUNS_FOR_AS_LONG),
    );
  }

  /** 95th percentile in milliseconds of the last finished runs; `null` where they are too few to tell. */
  p95Ms(tenant: string, name: string): number | null {
    const usual = this.of(tenant, name);
    return usual === null || usual.runs < RUNS_THAT_TELL ? null : usual.p95;
  }
}

function usualOf(durations: Micros[]): Usual | null {
  const sorted = durations.toSorted((a, b) => a - b);
  const runs = sorted.length;
  const at = (share: number) => (sorted[Math.ceil(runs * share) - 1] as number) / 1000;
  return runs === 0 ? null : { p50: at(0.5), p95: at(0.95), runs };
}
