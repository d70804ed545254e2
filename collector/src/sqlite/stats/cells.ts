/** Which cells tell of a window of time: hours, days that are closed, and sums of these, so that few are read. */
import type { Micros } from "../../flow.ts";
import { DAY_US, HOUR_US } from "../../stores/slots.ts";
import type { Db } from "../file/open.ts";
import { FLOWS_OF_ALL_NAMES, kindOfCell, type Want } from "./cell.ts";
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
  /** Days that are closed, newer ones first. */
  days(told: Told): Generator<SlotCell>;
}

interface CellRow {
  at: number;
  name: number;
  cell: Buffer;
}

/** Whole days and hours, both ends included. */
interface Slots {
  hours: [first: number, last: number];
  days: [first: number, last: number];
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
    const last = Math.min(to / HOUR_US, Number.MAX_SAFE_INTEGER) - 1;
    const lastDay = Math.min(Math.floor((last + 1) / HOURS) - 1, state.closed().lastOf(tenant));
    return { hours: [first, last], days: [Math.ceil(first / HOURS), lastDay] };
  }

  /** Days that are closed and lie within the window are told by cells of their own. */
  function* all(told: Told): Generator<SlotCell> {
    const { hours, days } = slotsOf(told);
    const [firstHour, lastHour] = hours;
    const [firstDay, lastDay] = days;
    if (told.widest === "hour" || firstDay > lastDay) {
      yield* ofHours(told, firstHour, lastHour);
      return;
    }
    yield* ofHours(told, (lastDay + 1) * HOURS, lastHour);
    if (told.widest === "ever") yield* ofSum(told, days);
    else yield* ofDays(told, days);
    yield* ofHours(told, firstHour, firstDay * HOURS - 1);
  }

  /** Hours in which nobody had anything are passed by: who had something in one hour mostly has in the next. */
  function* ofHours({ tenant, names }: Told, first: number, last: number): Generator<SlotCell> {
    let hour = newestHour.get(last) ?? null;
    while (hour !== null && hour >= first) {
      const rows = hourCells.all(hour, tenant);
      yield* inSlots(rows, names, HOUR_US);
      hour = rows.length > 0 ? hour - 1 : (newestHour.get(hour - 1) ?? null);
    }
  }

  function* ofDays(told: Told, [first, last]: Slots["days"]): Generator<SlotCell> {
    yield* inSlots(rowsOf(told, first, last), told.names, DAY_US);
  }

  function rowsOf({ tenant, want, named, names }: Told, first: number, last: number): Iterable<CellRow> {
    const [only = null, ...more] = names ?? [];
    const isOfAll = !named && names === null && want === "flows";
    const kind = isOfAll ? FLOWS_OF_ALL_NAMES : kindOfCell(want);
    return dayCells.iterate(kind, tenant, first, last, more.length > 0 ? null : only);
  }

  /** The sum of all days, without those outside of the window, where these are fewer. */
  function* ofSum(told: Told, [first, last]: Slots["days"]): Generator<SlotCell> {
    const { tenant, want, names } = told;
    const oldest = oldestDay.get(kindOfCell(want), tenant) ?? null;
    if (oldest === null) return;
    const newest = state.closed().lastOf(tenant);
    const from = Math.max(first, oldest);
    if (from - oldest + newest - last >= last - from + 1) {
      yield* ofDays(told, [first, last]);
      return;
    }
    const asOne = { from: from * DAY_US, to: (last + 1) * DAY_US };
    const each = { ...told, named: true };
    // Those first: whoever stops midway has counted nothing that is not there.
    for (const outside of [[last + 1, newest] as const, [oldest, from - 1] as const]) {
      if (outside[0] > outside[1]) continue;
      for (const slot of ofDays(each, [...outside])) yield { ...slot, ...asOne, sign: -1 };
    }
    for (const slot of inSlots(rowsOf(each, ALL_DAYS, ALL_DAYS), names, DAY_US)) yield { ...slot, ...asOne };
  }

  return {
    all,
    *days(told) {
      yield* ofDays(told, slotsOf(told).days);
    },
  };
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
