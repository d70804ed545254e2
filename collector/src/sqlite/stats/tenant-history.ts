/** How many flows of each customer began on which day, and how they stand. */
import type { DayCounts, FailingMore, Micros } from "../../flow.ts";
import { failingMore, HISTORY_DAYS } from "../../stores/failing-more.ts";
import { statusOfOutcome } from "../../stores/outcome.ts";
import { DAY_US, dayOf } from "../../stores/slots.ts";
import type { Db } from "../file/open.ts";
import type { Statistics } from "../rows/flow-rows.ts";

/** Looking at all of them may be reused this long, and takes at most this share of the time. */
const FRESH_MS = 1_000;
const SHARE = 0.02;

interface DayRow {
  day: number;
  tenant: number;
  running: number;
  succeeded: number;
  failed: number;
  cancelled: number;
}

/** Of one customer. */
export interface History {
  /** The oldest day first, today last. */
  days: DayCounts[];
  failingMore: FailingMore | null;
}

export interface TenantHistory {
  /** @param days how many days, at least. */
  of(tenants: number[], days: number): Map<number, History>;
  /** The customers of whose flows more fail than usual. */
  failing(): ReadonlyMap<number, FailingMore>;
}

export function tenantHistory(db: Db, { log }: Statistics, now: () => Micros): TenantHistory {
  const columns = "day, tenant, open AS running, succeeded, failed, cancelled";
  const ofSome = db.prepare<[string, number], DayRow>(
    `SELECT ${columns} FROM json_each(?) CROSS JOIN tenant_days ON tenant = value AND day = ?`,
  );
  const ofAll = db.prepare<[number, number], DayRow>(
    `SELECT ${columns} FROM tenant_days WHERE day BETWEEN ? AND ?`,
  );

  function history(
    rows: Iterable<DayRow>,
    days: number,
    wanted?: ReadonlySet<number>,
  ): Map<number, DayCounts[]> {
    const today = dayOf(now());
    const byTenant = new Map<number, DayCounts[]>();
    const dayIn = (tenant: number, day: number): DayCounts | undefined => {
      let known = byTenant.get(tenant);
      if (known === undefined) {
        known = Array.from({ length: days }, (_, n) => emptyDay((today - days + 1 + n) * DAY_US));
        byTenant.set(tenant, known);
      }
      return known[day - today + days - 1];
    };
    for (const { day, tenant, running, succeeded, failed, cancelled } of rows) {
      const counts = dayIn(tenant, day);
      if (counts !== undefined) Object.assign(counts, { running, succeeded, failed, cancelled });
    }
    log.read(wanted ?? null, ({ tenant, hour, outcome }, sign) => {
      const counts = dayIn(tenant, Math.floor(hour / 24));
      if (counts === undefined) return;
      const status = statusOfOutcome(outcome);
      counts[status === "paused" ? "running" : status] += sign;
    });
    for (const tenant of wanted ?? []) dayIn(tenant, today);
    return byTenant;
  }

  const lookAtAll = db.transaction(() => {
    const today = dayOf(now());
    const failing = new Map<number, FailingMore>();
    for (const [tenant, days] of history(ofAll.all(today - HISTORY_DAYS + 1, today), HISTORY_DAYS)) {
      const more = failingMore(days);
      if (more !== null) failing.set(tenant, more);
    }
    return failing;
  });
  let known: ReadonlyMap<number, FailingMore> = new Map();
  let freshUntil = Number.NEGATIVE_INFINITY;

  return {
    of: db.transaction((tenants: number[], days: number) => {
      if (tenants.length === 0) return new Map<number, History>();
      const today = dayOf(now());
      const length = Math.max(days, HISTORY_DAYS);
      const asked = JSON.stringify(tenants);
      const rows = Array.from({ length }, (_, n) => ofSome.all(asked, today - n)).flat();
      const byTenant = new Map<number, History>();
      for (const [tenant, all] of history(rows, length, new Set(tenants))) {
        byTenant.set(tenant, {
          days: all.slice(length - days),
          failingMore: failingMore(all.slice(-HISTORY_DAYS)),
        });
      }
      return byTenant;
    }),

    failing() {
      const started = performance.now();
      if (started < freshUntil) return known;
      known = lookAtAll();
      const ended = performance.now();
      freshUntil = ended + Math.max(FRESH_MS, (ended - started) / SHARE);
      return known;
    },
  };
}

function emptyDay(day: Micros): DayCounts {
  return { day, succeeded: 0, failed: 0, cancelled: 0, running: 0 };
}
