/** How many open flows of each tenant are stalled or lost. */
import type { Health } from "../flow.ts";
import type { OpenFlow } from "./open-flows.ts";

/** A count may be reused this long: minutes are what matters here. */
const FRESH_MS = 1_000;
/** Counting means a look at each open flow; it may take at most this share of the time, however many they are. */
const SHARE = 0.02;

export type Unwell = Record<Exclude<Health, "ok">, number>;

export class UnwellCounts {
  readonly #look: () => OpenFlow[];
  #byTenant = new Map<string, Unwell>();
  #freshUntil = Number.NEGATIVE_INFINITY;

  constructor(look: () => OpenFlow[]) {
    this.#look = look;
  }

  /** Tenants with neither are not in it. */
  byTenant(): ReadonlyMap<string, Unwell> {
    const started = performance.now();
    if (started < this.#freshUntil) return this.#byTenant;
    const byTenant = new Map<string, Unwell>();
    for (const { tenant, health } of this.#look()) {
      if (health === "ok") continue;
      const counts = byTenant.get(tenant) ?? { stalled: 0, lost: 0 };
      counts[health] += 1;
      byTenant.set(tenant, counts);
    }
    const ended = performance.now();
    this.#byTenant = byTenant;
    this.#freshUntil = ended + Math.max(FRESH_MS, (ended - started) / SHARE);
    return byTenant;
  }

  total(): Unwell {
    const total = { stalled: 0, lost: 0 };
    for (const { stalled, lost } of this.byTenant().values()) {
      total.stalled += stalled;
      total.lost += lost;
    }
    return total;
  }
}
