/**
 * Adds the log of shares up to cells, and counts what was there before statistics were kept. Both go on beside the
 * traffic, in pieces, each a transaction of its own: what is not added up yet is read from the log, so no answer
 * depends on how far this has come.
 */
import { BoundedMap } from "../../bounded-map.ts";
import type { Micros } from "../../flow.ts";
import { statusOfOutcome } from "../../stores/outcome.ts";
import { dayOf } from "../../stores/slots.ts";
import { valueIn } from "../../value-in.ts";
import type { Db } from "../file/open.ts";
import { FLOW_COLUMNS, type FlowRow } from "../rows/flow-rows.ts";
import { statusOf } from "../rows/status.ts";
import { Cell, unpackCell } from "./cell.ts";
import { adderTo, type Change, DayCells } from "./days.ts";
import { type Failures, NOT_COUNTED } from "./failures.ts";
import type { StatsLog } from "./log.ts";
import { ALL_TENANTS, type Parts } from "./parts.ts";
import type { ShareReader } from "./share.ts";
import type { StatsState } from "./state.ts";

const HOURS = 24;
/** Flows of an older store that are counted at once: some hundredths of a second. */
const FLOWS_A_PIECE = 500;
/** Cells of a day that is closed at once, about. */
const CELLS_A_PIECE = 2_000;

interface CellRow {
  tenant: number;
  name: number;
  cell: Buffer;
}

interface UncountedFlow extends FlowRow {
  startedAt: Micros;
  status: number;
}

/** A day is closed when nothing was added to it for so long: what comes after that is written twice. */
const QUIET_US = 60 * 1e6;

export interface RollUp {
  /** Adds up a piece of the log. @returns whether there is more. */
  addUp(): boolean;
  /**
   * Closes a piece of a day that has passed, or counts some flows of an older store.
   *
   * @param atOnce also a day that flows still come in for.
   * @returns whether there is more.
   */
  catchUp(atOnce?: boolean): boolean;
}

export interface RollUpParts {
  log: StatsLog;
  parts: Parts;
  failures: Failures;
  state: StatsState;
  /** The share of a flow, for one that is counted late. */
  shareOf(row: FlowRow): Uint8Array;
  /** Whether another connection has written, so that what is remembered may be out of date. */
  othersWrote: () => boolean;
  now: () => Micros;
}

export function rollUpOf(
  db: Db,
  { log, parts, failures, state, shareOf, othersWrote, now }: RollUpParts,
): RollUp {
  const addToHour = adderTo(db, "stats_hours", ["at", "tenant", "name"]);
  const dayCells = new DayCells(db);
  const addDay = db.prepare(
    `INSERT INTO tenant_days (day, tenant, open, succeeded, failed, cancelled) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET open = open + excluded.open, succeeded = succeeded + excluded.succeeded,
       failed = failed + excluded.failed, cancelled = cancelled + excluded.cancelled`,
  );
  const dropDay = db.prepare(
    `DELETE FROM tenant_days
     WHERE day = ? AND tenant = ? AND open = 0 AND succeeded = 0 AND failed = 0 AND cancelled = 0`,
  );
  const firstHour = db
    .prepare<[number], number | null>("SELECT min(at) FROM stats_hours WHERE at >= ?")
    .pluck();
  const hourFrom = db.prepare<[number, number], CellRow>(
    "SELECT tenant, name, cell FROM stats_hours WHERE at = ? AND tenant = ?",
  );
  const nextTenant = db
    .prepare<[number, number], number | null>(
      "SELECT min(tenant) FROM stats_hours WHERE at = ? AND tenant >= ?",
    )
    .pluck();
  const uncounted = db.prepare<[number, number], UncountedFlow>(
    `SELECT ${FLOW_COLUMNS}, started_at AS startedAt, status FROM flows WHERE pk <= ? ORDER BY pk DESC LIMIT ?`,
  );

  /** Days → when something was last added to them: while flows of a day come in, it stays open. */
  const quietSince = new BoundedMap<number, Micros>(1_000);

  function addUp(): boolean {
    if (othersWrote()) parts.forget();
    const hours = new Map<number, Map<number, Change>>();
    const days = new Map<number, Map<number, DayChange>>();
    const at = now();
    const more = log.take((share, sign) => addShare(share, sign, hours, days));
    const closed = state.closed();
    for (const hour of [...hours.keys()].sort((a, b) => a - b)) {
      const changes = [...(hours.get(hour) as Map<number, Change>).values()];
      for (const change of [...changes, ...changesOfAll(changes)]) {
        addToHour(change.cell, hour, change.tenant, change.name);
        const day = Math.floor(hour / HOURS);
        if (closed.has(day, change.tenant)) dayCells.add(day, change);
      }
    }
    for (const [day, tenants] of days) {
      quietSince.set(day, at);
      for (const [tenant, { open, succeeded, failed, cancelled }] of tenants) {
        addDay.run(day, tenant, open, succeeded, failed, cancelled);
        if (open + succeeded + failed + cancelled < 0) dropDay.run(day, tenant);
      }
    }
    return more;
  }

  /** The same of all tenants, for questions that name none. */
  function changesOfAll(changes: Change[]): Change[] {
    const byName = new Map<number, Change>();
    for (const { name, cell } of changes) {
      const all = valueIn(byName, name, () => ({ tenant: ALL_TENANTS, name, cell: new Cell() }));
      all.cell.flows.addAll(cell.flows);
      for (const [code, tally] of cell.parts) {
        const common = parts.codeInAll(name, code);
        if (common !== undefined) all.cell.part(common).addAll(tally);
      }
    }
    return [...byName.values()];
  }

  function closeDays(atOnce: boolean): boolean {
    const at = now();
    const today = dayOf(at);
    const { day, tenant } = state.closed();
    if (day >= today) return false;
    if (!atOnce && at - (quietSince.get(day) ?? Number.NEGATIVE_INFINITY) < QUIET_US) return false;
    const first = firstHour.get(day * HOURS) ?? null;
    const firstDay = first === null ? today : Math.floor(first / HOURS);
    if (firstDay > day) {
      state.close(Math.min(firstDay, today), ALL_TENANTS);
      return Math.min(firstDay, today) < today;
    }
    let from: number | null = tenant;
    for (let done = 0; done < CELLS_A_PIECE; ) {
      from = hoursOf(day).reduce<number | null>((least, hour) => {
        const next = nextTenant.get(hour, from as number) ?? null;
        return next === null ? least : Math.min(least ?? next, next);
      }, null);
      if (from === null) {
        state.close(day + 1, ALL_TENANTS);
        return day + 1 < today;
      }
      done += closeTenant(day, from);
      from += 1;
    }
    state.close(day, from ?? ALL_TENANTS);
    return true;
  }

  function closeTenant(day: number, tenant: number): number {
    const byName = new Map<number, Cell>();
    let read = 0;
    for (const hour of hoursOf(day)) {
      for (const row of hourFrom.iterate(hour, tenant)) {
        const cell = byName.get(row.name) ?? new Cell();
        byName.set(row.name, cell);
        unpackCell(row.cell, cell);
        read += 1;
      }
    }
    for (const [name, cell] of byName) dayCells.add(day, { tenant, name, cell });
    return read;
  }

  function countSome(): boolean {
    const to = state.uncountedTo();
    if (to === 0) return false;
    if (othersWrote()) parts.forget();
    const rows = uncounted.all(to, FLOWS_A_PIECE);
    for (const row of rows) {
      const share = shareOf(row);
      log.replace(null, share);
      const counted = { startedAt: row.startedAt, hasFailed: statusOf(row.status) === "failed", share };
      failures.change(row.pk, row.tenant, NOT_COUNTED, counted);
    }
    log.save();
    const last = rows.at(-1);
    state.counted(last === undefined || rows.length < FLOWS_A_PIECE ? 0 : last.pk - 1);
    return state.uncountedTo() > 0;
  }

  const inTransaction = (work: (atOnce: boolean) => boolean) => {
    const run = db.transaction((atOnce: boolean) => {
      const more = work(atOnce);
      dayCells.save();
      return more;
    });
    return (atOnce: boolean) => {
      try {
        return run.immediate(atOnce);
      } catch (error) {
        parts.forget();
        log.forget();
        state.forget();
        dayCells.forget();
        throw error;
      }
    };
  };
  const steps = {
    addUp: inTransaction(addUp),
    close: inTransaction(closeDays),
    count: inTransaction(countSome),
  };
  return {
    addUp: () => steps.addUp(false),
    catchUp: (atOnce = false) => steps.count(atOnce) || steps.close(atOnce),
  };
}

interface DayChange {
  open: number;
  succeeded: number;
  failed: number;
  cancelled: number;
}

function addShare(
  share: ShareReader,
  sign: number,
  hours: Map<number, Map<number, Change>>,
  days: Map<number, Map<number, DayChange>>,
): void {
  const { hour, tenant, name, outcome } = share;
  const changes = valueIn(hours, hour, () => new Map<number, Change>());
  const { cell } = valueIn(changes, tenant * 2 ** 26 + name, () => ({ tenant, name, cell: new Cell() }));
  cell.flows.add(outcome, sign);
  share.parts((code, of, count) => cell.part(code).add(of, sign * count));

  const tenants = valueIn(days, Math.floor(hour / HOURS), () => new Map<number, DayChange>());
  const day = valueIn(tenants, tenant, () => ({ open: 0, succeeded: 0, failed: 0, cancelled: 0 }));
  const status = statusOfOutcome(outcome);
  day[status === "running" || status === "paused" ? "open" : status] += sign;
}

function hoursOf(day: number): number[] {
  return Array.from({ length: HOURS }, (_, hour) => day * HOURS + hour);
}
