/** How long finished flows are kept, and what is to be deleted for it: pure. */
import type { Micros } from "../flow.ts";
import type { PruneQuery } from "../store.ts";

/** Milliseconds after its end that a flow is kept; `null`: for ever. */
export type Age = number | null;

export interface RetentionPolicy {
  everyone: Age;
  /** Tenants with an age of their own, longer or shorter. */
  tenants: ReadonlyMap<string, Age>;
}

/** What to delete, apart from how much at once. */
export type Outdated = Omit<PruneQuery, "limit">;

/**
 * @param nowMs milliseconds since the epoch
 * @returns a query for each age that the policy knows; none where everything is kept.
 * @example
 * outdated({ everyone: 30 * DAY, tenants: new Map([["acme-corp", null]]) }, Date.now())
 * // [{ endedBefore: …, exceptTenants: ["acme-corp"] }]
 */
export function outdated({ everyone, tenants }: RetentionPolicy, nowMs: number): Outdated[] {
  const before = (age: number): Micros => (nowMs - age) * 1000;
  const queries: Outdated[] = [];
  if (everyone !== null) queries.push({ endedBefore: before(everyone), exceptTenants: [...tenants.keys()] });
  for (const [tenant, age] of tenants) {
    if (age !== null) queries.push({ endedBefore: before(age), tenant });
  }
  return queries;
}
