/**
 * Adds the log of shares up to cells, and counts what was there before statistics were kept. Both go on beside the
 * traffic, in pieces, each a transaction of its own: what is not added up yet is read from the log, so no answer
 * depends on how far this has come.
 */
import { BoundedMap } from "../../bounded-map.ts";
import type { Micros } from "../../flow.ts";
import { statusOfOutcome } from "../../stores/outcome.ts";
import { hourOf } from "../../stores/slots.ts";
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
/** Names of customers of which hours are closed at once, about: of each some ten cells are written. */
const NAMES_A_PIECE = 50;

interface CellRow {
  name: number;
  cell: Buffer;
}

interface UncountedFlow extends FlowRow {
  startedAt: Micros;
  status: number;
}

/** An hour is closed when not much was added to it for so long: what comes after that is written twice. */
const QUIET_US = 60 * 1e6;
/** Flows that go on for hours change theirs now and then: names of customers that may be written twice at once. */
const FEW_NAMES = 20;

export interface RollUp {
  /** Adds up a piece of the log. @returns whether there is more. */
  addUp(): boolean;
  /**
   * Closes a piece of the hours that have passed, or counts some flows of an older store.
   *
   * @param atOnce also hours that flows still come in for.
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
    "SELECT name, cell FROM stats_hours WHERE at = ? AND tenant = ?",
  );
  const nextTenant = db
    .prepare<[number, number], number | null>(
      "SELECT min(tenant) FROM stats_hours WHERE at = ? AND tenant >= ?",
    )
    .pluck();
  const uncounted = db.prepare<[number, number], UncountedFlow>(
    `SELECT ${FLOW_COLUMNS}, started_at AS startedAt, status FROM flows WHERE pk <= ? ORDER BY pk DESC LIMIT ?`,
  );

  /** Hours → when much was last added to them: while flows of an hour come in, it stays open. */
  const quietSince = new BoundedMap<number, Micros>(10_000);

  function addUp(): boolean {
    if (othersWrote()) parts.forget();
    const hours = new Map<number, Map<number, Change>>();
    const days = new Map<number, Map<number, DayChange>>();
    const at = now();
    const more = log.take((share, sign) => addShare(share, sign, hours, days));
    const closed = state.closed();
    for (const hour of [...hours.keys()].sort((a, b) => a - b)) {
      const changes = [...(hours.get(hour) as Map<number, Change>).values()];
      if (changes.length > FEW_NAMES) quietSince.set(hour, at);
      for (const change of [...changes, ...changesOfAll(changes)]) {
        addToHour(change.cell, hour, change.tenant, change.name);
        if (hour < closed.hourOf(change.tenant)) dayCells.add(dayOfHour(hour), change);
      }
    }
    for (const [day, tenants] of days) {
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

  /** Adds hours up to their day, customer by customer. */
  function closeHours(atOnce: boolean): boolean {
    const closing = hoursToClose(atOnce);
    if (closing === null) return false;
    const { first, end } = closing;
    let { tenant } = closing;
    for (let done = 0; done < NAMES_A_PIECE; ) {
      const next = tenantWithin(closing, tenant);
      if (next === null) {
        state.close({ hour: end, closing: end, tenant: ALL_TENANTS });
        return end < hourOf(now());
      }
      done += closeTenant(closing, next);
      tenant = next + 1;
    }
    state.close({ hour: first, closing: end, tenant });
    return true;
  }

  /** `null` where none has passed that is not closed. */
  function hoursToClose(atOnce: boolean): Closing | null {
    const { hour, closing, tenant } = state.closed();
    if (tenant > ALL_TENANTS) return { first: hour, end: closing, tenant };
    const at = now();
    const thisHour = hourOf(at);
    const first = Math.min(firstHour.get(hour) ?? thisHour, thisHour);
    if (first > hour) state.close({ hour: first, closing: first, tenant });
    const isOver = (each: number) =>
      each < thisHour && (atOnce || at - (quietSince.get(each) ?? Number.NEGATIVE_INFINITY) >= QUIET_US);
    const endOfDay = (dayOfHour(first) + 1) * HOURS;
    let end = first;
    while (end < endOfDay && isOver(end)) end += 1;
    return end > first ? { first, end, tenant } : null;
  }

  /** The next from a tenant on that has something in these hours. */
  function tenantWithin({ first, end }: Closing, from: number): number | null {
    let least: number | null = null;
    for (let hour = first; hour < end; hour += 1) {
      const next = nextTenant.get(hour, from) ?? null;
      if (next !== null && (least === null || next < least)) least = next;
    }
    return least;
  }

  /** @returns how many names it has in them. */
  function closeTenant({ first, end }: Closing, tenant: number): number {
    const byName = new Map<number, Cell>();
    for (let hour = first; hour < end; hour += 1) {
      for (const { name, cell } of hourFrom.iterate(hour, tenant)) {
        unpackCell(cell, valueIn(byName, name, newCell));
      }
    }
    for (const [name, cell] of byName) dayCells.add(dayOfHour(first), { tenant, name, cell });
    return byName.size;
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
    close: inTransaction(closeHours),
    count: inTransaction(countSome),
  };
  return {
    addUp: () => steps.addUp(false),
    catchUp: (atOnce = false) => steps.count(atOnce) || steps.close(atOnce),
  };
}

/** Hours of one day that are being closed: of the tenants below this one they are. */
interface Closing {
  first: number;
  end: number;
  tenant: number;
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

  const tenants = valueIn(days, dayOfHour(hour), () => new Map<number, DayChange>());
  const day = valueIn(tenants, tenant, () => ({ open: 0, succeeded: 0, failed: 0, cancelled: 0 }));
  const status = statusOfOutcome(outcome);
  day[status === "running" || status === "paused" ? "open" : status] += sign;
}

function dayOfHour(hour: number): number {
  return Math.floor(hour / HOURS);
}

const newCell = () => new Cell();
