/** The flags of how long flows are kept, shared by `weir serve` and `weir prune`. */
import type { Age, RetentionPolicy } from "./care/policy.ts";
import { type Env, type Flag, type Given, settingOf } from "./flags.ts";

const HOUR = 3_600_000;
const UNITS: Record<string, number> = { h: HOUR, d: 24 * HOUR, w: 7 * 24 * HOUR };
/** Times before the epoch are none that a flow can have. */
const OLDEST = 50 * 365 * 24 * HOUR;

/** Nobody's flows are deleted unless someone says so. */
const RETENTION: Flag<Age> = {
  fallback: null,
  takes: "an age such as 12h, 30d or 8w, or forever",
  read: (text) => (text === "forever" ? null : readAge(text)),
};

const RETENTION_OF: Flag<ReadonlyMap<string, Age>> = {
  fallback: new Map(),
  takes: "TENANT=AGE, such as acme-corp=90d or acme-corp=forever, more of them with commas between",
  read(text) {
    const ages = new Map<string, Age>();
    for (const each of text.split(",")) {
      const at = each.lastIndexOf("=");
      const tenant = each.slice(0, Math.max(at, 0)).trim();
      const age = RETENTION.read(each.slice(at + 1).trim());
      if (tenant === "" || age === undefined) return undefined;
      ages.set(tenant, age);
    }
    return ages;
  },
};

export const RETENTION_FLAGS = ["retention", "retention-of"] as const;
/** Of these, those that may repeat. */
export const RETENTION_LISTS = ["retention-of"] as const;

/** @throws {UsageError} */
export function retentionOf(given: Given, env: Env): RetentionPolicy {
  return {
    everyone: settingOf("retention", RETENTION, given, env),
    tenants: settingOf("retention-of", RETENTION_OF, given, env),
  };
}

/** @returns milliseconds; `undefined` for what is no age. */
export function readAge(text: string): number | undefined {
  const [, count = "", unit = ""] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  const age = Number(count) * (UNITS[unit] ?? Number.NaN);
  return age > 0 && age <= OLDEST ? age : undefined;
}
