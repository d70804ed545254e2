/** What was set while the collector ran, in the file of the flows. */
import { WeirError } from "../errors.ts";
import type { StalledAfter, StalledLimits } from "../health.ts";
import { MOST_STALLED_LIMITS, type Settings, type SettingsChange } from "../settings.ts";
import type { Db } from "./file/open.ts";

/** Health is asked for each open flow: a limit that was set holds this much later at the latest. */
const FRESH_MS = 1_000;

export interface SettingsRows {
  read(): Settings;
  /** Within a transaction. @returns what changed, in words; nothing where nothing did. */
  change(change: SettingsChange): string[];
}

export function settingsRows(db: Db): SettingsRows {
  const select = db.prepare<[string], string>("SELECT value FROM settings WHERE name = ?").pluck();
  const put = db.prepare<[string, string]>("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)");

  function stored<T>(name: string, fallback: T): T {
    const json = select.get(name);
    return json === undefined ? fallback : (JSON.parse(json) as T);
  }

  function read(): Settings {
    return {
      traceLink: stored<string | null>("traceLink", null),
      stalledAfter: new Map(stored<[string, number][]>("stalledAfter", [])),
    };
  }

  return {
    read,
    change({ traceLink, stalledAfter = new Map() }) {
      const before = read();
      const done: string[] = [];
      if (traceLink !== undefined && traceLink !== before.traceLink) {
        put.run("traceLink", JSON.stringify(traceLink));
        done.push(traceLink === null ? "no trace link" : `trace link ${traceLink}`);
      }
      const limits = new Map(before.stalledAfter);
      for (const [name, limitMs] of stalledAfter) {
        if ((limits.get(name) ?? null) === limitMs) continue;
        if (limitMs === null) limits.delete(name);
        else limits.set(name, limitMs);
        done.push(limitMs === null ? `no limit for ${name}` : `${name} stalled after ${limitMs} ms`);
      }
      if (limits.size > MOST_STALLED_LIMITS) {
        throw new WeirError(
          "invalid_argument",
          `stalledAfter: expected at most ${MOST_STALLED_LIMITS} names with a limit, got ${limits.size}`,
        );
      }
      put.run("stalledAfter", JSON.stringify([...limits]));
      return done;
    },
  };
}

/** The limits that hold: what is fixed, else what was set, by whatever process. */
export function limitsInForce(db: Db, fixed: StalledLimits): StalledLimits {
  const rows = settingsRows(db);
  let limits: StalledAfter = new Map();
  let freshUntil = Number.NEGATIVE_INFINITY;
  return {
    get(name) {
      const known = fixed.get(name);
      if (known !== undefined) return known;
      if (performance.now() > freshUntil) {
        limits = rows.read().stalledAfter;
        freshUntil = performance.now() + FRESH_MS;
      }
      return limits.get(name);
    },
  };
}
