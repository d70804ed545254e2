/** Which cells tell of a window of time: hours, days as far as they are closed, and sums of these, so that few are read. */
import type { Micros } from "../../flow.ts";
import { DAY_US, HOUR_US } from "../../stores/slots.ts";
import type { Db } from "../file/open.ts";
import { FLOWS_OF_ALL_NAMES, kindOfCell, STATUSES_OF_ALL_NAMES, type Want } from "./cell.ts";
import { ALL_DAYS } from "./days.ts";
import type { StatsState } from "./state.ts";

const HOURS = 24;

/** `ever`: as many days as are added up, as one. */
export type Widest = "hour" | "day" | "ever";

/** What is to be told of a tenant. */
export interface Told {
  tenant: number;
  want: Want;
  /** The widest slots that will do. */
  widest: Widest;
  /** `false`: names need not be told apart. */
  named: boolean;
  /** `false`: nor what they took. */
  timed: boolean;
  /** `null`: all. */
  names: ReadonlySet<number> | null;
  /** Of whole hours. May be without end. */
  from: Micros;
  to: Micros;
}

/** What is counted of flows of a name that began within a slot of time. */
export interface SlotCell {
  from: Micros;
  to: Micros;
  /** `ALL_NAMES` where they are not told apart. */
  name: number;
  cell: Buffer;
  /** -1: is to be taken away from what else is told. */
  sign: 1 | -1;
}

export interface CellReader {
  /** All that tells of it, newer slots first. */
  all(told: Told): Generator<SlotCell>;
  /** Days as far as they are closed, newer ones first. */
  days(told: Told): Generator<SlotCell>;
}

interface CellRow {
  at: number;
  name: number;
  cell: Buffer;
}

/** A window, in hours: the last one of each is not in it any more. */
interface Slots {
  first: number;
  end: number;
  /** Whole days within the window, of which the last may be one that is closed in part; both ends included. */
  days: [first: number, last: number];
  /** Where these end. */
  daysEnd: number;
}

export function cellReader(db: Db, state: StatsState): CellReader {
  const newestHour = db
    .prepare<[number], number | null>("SELECT max(at) FROM stats_hours WHERE at <= ?")
    .pluck();
  const hourCells = db.prepare<[number, number], CellRow>(
    "SELECT at, name, cell FROM stats_hours WHERE at = ? AND tenant = ?",
  );
  const dayCells = db.prepare<[number, number, number, number, number | null], CellRow>(
    `SELECT at, name, cell FROM stats_days
     WHERE kind = ? AND tenant = ? AND at BETWEEN ? AND ? AND name = coalesce(?, name) ORDER BY at DESC, name`,
  );
  const oldestDay = db
    .prepare<[number, number], number | null>(
      "SELECT min(at) FROM stats_days WHERE kind = ? AND tenant = ? AND at >= 0",
    )
    .pluck();

  function slotsOf({ tenant, from, to }: Told): Slots {
    const first = Math.max(0, from / HOUR_US);
    const end = Math.min(to / HOUR_US, Number.MAX_SAFE_INTEGER);
    const closed = state.closed().hourOf(tenant);
    const lastDay = end >= closed ? dayBefore(closed) : Math.floor(end / HOURS) - 1;
    const daysEnd = Math.min((lastDay + 1) * HOURS, closed);
    return { first, end, days: [Math.ceil(first / HOURS), lastDay], daysEnd };
  }

  /** What is closed of days that lie within the window is told by cells of their own. */
  function* all(told: Told): Generator<SlotCell> {
    const { first, end, days, daysEnd } = slotsOf(told);
    const [firstDay, lastDay] = days;
    if (told.widest === "hour" || firstDay > lastDay) {
      yield* ofHours(told, first, end);
      return;
    }
    yield* ofHours(told, daysEnd, end);
    if (told.widest === "ever") yield* ofSum(told, days, daysEnd);
    else yield* ofDays(told, days, daysEnd);
    yield* ofHours(told, first, firstDay * HOURS);
  }

  /** Hours in which nobody had anything are passed by: who had something in one hour mostly has in the next. */
  function* ofHours({ tenant, names }: Told, first: number, end: number): Generator<SlotCell> {
    let hour = first < end ? (newestHour.get(end - 1) ?? null) : null;
    while (hour !== null && hour >= first) {
      const rows = hourCells.all(hour, tenant);
      yield* inSlots(rows, names, HOUR_US);
      hour = rows.length > 0 ? hour - 1 : (newestHour.get(hour - 1) ?? null);
    }
  }

  function* ofDays(told: Told, [first, last]: Slots["days"], end: number): Generator<SlotCell> {
    for (const slot of inSlots(rowsOf(told, first, last), told.names, DAY_US)) {
      yield { ...slot, to: Math.min(slot.to, end * HOUR_US) };
    }
  }

  function rowsOf(
    { tenant, want, named, timed, names }: Told,
    first: number,
    last: number,
  ): Iterable<CellRow> {
    const [only = null, ...more] = names ?? [];
    const isOfAll = !named && names === null && want === "flows";
    const ofAll = timed ? FLOWS_OF_ALL_NAMES : STATUSES_OF_ALL_NAMES;
    const kind = isOfAll ? ofAll : kindOfCell(want);
    return dayCells.iterate(kind, tenant, first, last, more.length > 0 ? null : only);
  }

  /** The sum of all days, without those outside of the window, where these are fewer. */
  function* ofSum(told: Told, [first, last]: Slots["days"], end: number): Generator<SlotCell> {
    const { tenant, want, names } = told;
    const oldest = oldestDay.get(kindOfCell(want), tenant) ?? null;
    if (oldest === null) return;
    const newest = dayBefore(state.closed().hourOf(tenant));
    const from = Math.max(first, oldest);
    if (from - oldest + newest - last >= last - from + 1) {
      yield* ofDays(told, [first, last], end);
      return;
    }
    const asOne = { from: from * DAY_US, to: end * HOUR_US };
    const each = { ...told, named: true };
    // Those first: whoever stops midway has counted nothing that is not there.
    for (const outside of [[last + 1, newest] as const, [oldest, from - 1] as const]) {
      if (outside[0] > outside[1]) continue;
      for (const slot of inSlots(rowsOf(each, ...outside), names, DAY_US)) {
        yield { ...slot, ...asOne, sign: -1 };
      }
    }
    for (const slot of inSlots(rowsOf(each, ALL_DAYS, ALL_DAYS), names, DAY_US)) yield { ...slot, ...asOne };
  }

  return {
    all,
    *days(told) {
      const { days, daysEnd } = slotsOf(told);
      yield* ofDays(told, days, daysEnd);
    },
  };
}

/** The day of the hour before. */
function dayBefore(hour: number): number {
  return Math.ceil(hour / HOURS) - 1;
}

function* inSlots(
  rows: Iterable<CellRow>,
  names: ReadonlySet<number> | null,
  width: Micros,
): Generator<SlotCell> {
  for (const { at, name, cell } of rows) {
    if (names !== null && !names.has(name)) continue;
    yield { from: at * width, to: (at + 1) * width, name, cell, sign: 1 };
  }
}
