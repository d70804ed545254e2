/** The open flows that are stalled or lost, and how many each tenant has of them. */
import type { Health } from "../../flow.ts";
import { compareUnwell, type UnwellFlow } from "../../stores/stuck.ts";
import type { OpenFlow } from "../rows/open-flows.ts";

/** A count may be reused this long: minutes are what matters here. */
const FRESH_MS = 1_000;
/** Counting means a look at each open flow; it may take at most this share of the time, however many they are. */
const SHARE = 0.02;

export type Unwell = Record<Exclude<Health, "ok">, number>;

export class UnwellFlows {
  readonly #look: () => OpenFlow[];
  #byTenant = new Map<string, Unwell>();
  #flows: UnwellFlow[] = [];
  #freshUntil = Number.NEGATIVE_INFINITY;

  constructor(look: () => OpenFlow[]) {
    this.#look = look;
  }

  /** Tenants with neither are not in it. */
  byTenant(): ReadonlyMap<string, Unwell> {
    this.#refresh();
    return this.#byTenant;
  }

  /** The worst first. */
  worst(): readonly UnwellFlow[] {
    this.#refresh();
    return this.#flows;
  }

  #refresh(): void {
    const started = performance.now();
    if (started < this.#freshUntil) return;
    const byTenant = new Map<string, Unwell>();
    const flows: UnwellFlow[] = [];
    for (const { health, ...flow } of this.#look()) {
      if (health === "ok") continue;
      flows.push({ ...flow, health });
      const counts = byTenant.get(flow.tenant) ?? { stalled: 0, lost: 0 };
      counts[health] += 1;
      byTenant.set(flow.tenant, counts);
    }
    this.#flows = flows.sort(compareUnwell);
    const ended = performance.now();
    this.#byTenant = byTenant;
    this.#freshUntil = ended + Math.max(FRESH_MS, (ended - started) / SHARE);
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
