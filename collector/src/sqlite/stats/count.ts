/**
 * Adds up what is counted of the flows that a filter lets through: whole days and hours from their cells, what is not in
 * cells yet from the log, and the parts of hours at both ends of a window from the flows themselves.
 */
import { STATUSES } from "@weir/sdk/attributes";
import type { Counted, Micros } from "../../flow.ts";
import type { StatsFilter } from "../../store.ts";
import { outcomeOf } from "../../stores/outcome.ts";
import { DAY_US, HOUR_US } from "../../stores/slots.ts";
import type { Adds } from "../../stores/tally.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import { clause, whereOf } from "../queries/filter.ts";
import { LIST_COLUMNS, type Walker } from "../queries/walk.ts";
import {
  FLOW_COLUMNS,
  type FlowRow,
  type FlowRows,
  type Numbers,
  type Statistics,
} from "../rows/flow-rows.ts";
import { statusOf } from "../rows/status.ts";
import { addFlows, addParts, kindOfCell, type Want } from "./cell.ts";
import { ALL_TENANTS, kindOfPart, PART } from "./parts.ts";
import { ShareReader } from "./share.ts";

/** Where a count belongs to: flows of a name that began within a slot of time. */
export interface Place {
  from: Micros;
  to: Micros;
  name: number;
  /** Code of the part; `null` of flows. */
  part: number | null;
}

export interface CountQuery extends StatsFilter {
  want: Want;
  /** No wider slots than an hour: for who tells hours apart. */
  hourly?: boolean;
  /** `false`: what nothing counted beforehand is not looked at flow by flow, and `complete` is `false`. */
  walk?: boolean;
  /** Ends the count with what it has; `complete` is `false` then. Default: after a second. */
  isLate?: () => boolean;
}

/** Finds what counts are added to; `undefined`: they are of no use. Newer places are mostly asked for first. */
export type TallyOf = (place: Place) => Adds | undefined;

/** Flows of a part of an hour that are looked at one by one; where there are more, the whole hour is counted. */
const MOST_AT_EDGE = { flows: 5_000, parts: 300 };
/** Flows that are looked at where nothing that was counted before helps, the newest first. */
const MOST_WALKED = 2_000;
/** A piece of a walk in which nothing was found counts as so many. */
const PASSED_BY = 20;
/** Milliseconds after which a count ends with what it has. */
const LONGEST_MS = 1_000;
const HOURS = 24;

/** What is counted of a slot, a day or an hour, and a name. */
interface CellRow {
  at: number;
  name: number;
  cell: Buffer;
}

interface EdgeRow {
  shape: number;
  status: number;
  startedAt: Micros;
  durationUs: Micros | null;
}

/** A filter, in the numbers of the file. */
interface Wanted {
  want: Want;
  hourly: boolean;
  tenants: number[];
  names: Set<number> | null;
  /** Codes of labels of which a flow must have one; `null`: any flow. */
  labels: Set<number> | null;
}

export interface StatsCountParts {
  numbers: Numbers;
  statistics: Statistics;
  rows: FlowRows;
  walker: Walker;
}

export type StatsCount = (query: CountQuery, tallyOf: TallyOf) => Counted;

export function statsCount(
  db: Db,
  { numbers, statistics: { log, parts, shares, state }, rows, walker }: StatsCountParts,
): StatsCount {
  const statements = new Statements(db);
  const newestHour = db
    .prepare<[number], number | null>("SELECT max(at) FROM stats_hours WHERE at <= ?")
    .pluck();
  const hourCells = db.prepare<[number, number], CellRow>(
    "SELECT at, name, cell FROM stats_hours WHERE at = ? AND tenant = ?",
  );
  const dayCells = db.prepare<[number, number, number, number], CellRow>(
    `SELECT at, name, cell FROM stats_days
     WHERE kind = ? AND tenant = ? AND at BETWEEN ? AND ? ORDER BY at DESC, name`,
  );
  const startOf = db
    .prepare<[number], Micros>("SELECT started_at FROM flows WHERE pk <= ? ORDER BY pk DESC LIMIT 1")
    .pluck();

  /** One moment for all that is read. */
  return db.transaction((query: CountQuery, tallyOf: TallyOf): Counted => {
    const wanted = wantedOf(query);
    if (wanted === null) return { from: query.from ?? null, to: query.to ?? null, complete: true };
    if (wanted === "walk") {
      return query.walk === false ? { from: null, to: null, complete: false } : countByWalk(query, tallyOf);
    }
    const window = windowOf(query);
    for (const { flows } of window.edges) addEdge(flows, wanted.want, tallyOf);
    const whole = countByCells(wanted, window, tallyOf, query.isLate ?? lateAfter(LONGEST_MS));
    const result = resultOf(query, window);
    const uncounted = state.uncountedTo();
    if (uncounted === 0) return { ...result, complete: whole };
    return { ...result, from: Math.max(result.from ?? 0, startOf.get(uncounted) ?? 0), complete: false };
  });

  /** `null`: no flow can match. `walk`: what is counted does not tell these flows from others. */
  function wantedOf({ want, hourly = false, tenant, name, labels }: CountQuery): Wanted | "walk" | null {
    const tenants = tenant?.length
      ? [...new Set(tenant)].flatMap((each) => numbers.tenants.find(each) ?? [])
      : [ALL_TENANTS];
    const names = name?.length ? new Set(name.flatMap((each) => numbers.texts.find(each) ?? [])) : null;
    if (tenants.length === 0 || names?.size === 0) return null;
    const wanted = { want, hourly, tenants, names, labels: null };
    const keys = Object.entries(labels ?? {}).filter(([, values]) => values.length > 0);
    const [first, ...more] = keys;
    const ofAll = tenants[0] === ALL_TENANTS;
    if (first === undefined) return want === PART.label && ofAll ? "walk" : wanted;
    if (more.length > 0 || ofAll || want !== "flows") return "walk";
    const codes = new Set<number>();
    for (const each of tenants) {
      for (const value of first[1]) {
        const code = parts.findLabel(each, { key: first[0], value });
        if (code !== undefined) codes.add(code);
        else if (!parts.isWhole(each, first[0])) return "walk";
      }
    }
    return { ...wanted, labels: codes };
  }

  /**
   * Widens a window to whole hours, but for the parts of hours at its ends that hold few enough flows to look at each.
   */
  function windowOf(query: CountQuery): Window {
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = query;
    const window: Window = {
      from: Math.ceil(from / HOUR_US) * HOUR_US,
      to: Math.floor(to / HOUR_US) * HOUR_US,
      edges: [],
    };
    const ends: [Micros, Micros][] =
      window.from > window.to
        ? [[from, to]]
        : [
            [from, window.from],
            [window.to, to],
          ];
    for (const [start, end] of ends) {
      if (start >= end) continue;
      const flows = flowsBetween(query, start, end);
      if (flows === null) {
        window.from = Math.min(window.from, Math.floor(start / HOUR_US) * HOUR_US);
        window.to = Math.max(window.to, Math.ceil(end / HOUR_US) * HOUR_US);
      } else {
        window.edges.push({ from: start, to: end, flows });
      }
    }
    return window;
  }

  /** `null` where they are too many. */
  function flowsBetween(query: CountQuery, from: Micros, to: Micros): EdgeFlow[] | null {
    // The index by status is in the order of the start, as the one by tenant is.
    const status = query.tenant?.length ? undefined : [...STATUSES];
    const where = whereOf({ ...query, status, from, to }, numbers);
    if (where === null) return [];
    const most = query.want === "flows" ? MOST_AT_EDGE.flows : MOST_AT_EDGE.parts;
    const columns =
      query.want === "flows"
        ? "f.shape AS shape, f.status AS status, f.started_at AS startedAt, f.duration_us AS durationUs"
        : FLOW_COLUMNS.replaceAll(/\w+/g, "f.$&");
    const found = statements
      .of<EdgeFlow>(`SELECT ${columns} FROM flows f ${clause(where)} LIMIT ?`)
      .all(...where.values, most + 1);
    return found.length > most ? null : found;
  }

  function resultOf({ from, to }: CountQuery, window: Window): Counted {
    return {
      from: from === undefined ? null : Math.min(from, window.from),
      to: to === undefined ? null : Math.max(to, window.to),
      complete: true,
    };
  }

  /**
   * @returns `false` where it took too long: the oldest are missing then. What the log takes away from them is not, so no
   * sum is too high.
   */
  function countByCells(wanted: Wanted, window: Window, tallyOf: TallyOf, isLate: () => boolean): boolean {
    log.read((share, sign) => {
      const from = share.hour * HOUR_US;
      if (from < window.from || from >= window.to) return;
      if (wanted.names !== null && !wanted.names.has(share.name)) return;
      if (wanted.tenants[0] !== ALL_TENANTS && !wanted.tenants.includes(share.tenant)) return;
      addShare(share, sign, wanted, { from, to: from + HOUR_US, name: share.name, part: null }, tallyOf);
    });
    for (const tenant of wanted.tenants) {
      for (const { from, to, name, cell } of cellsOf(tenant, wanted, window)) {
        if (isLate()) return false;
        if (wanted.names !== null && !wanted.names.has(name)) continue;
        addCell(cell, wanted, { from, to, name, part: null }, tallyOf);
      }
    }
    return true;
  }

  /** The cells of a tenant, the newest first; days that are closed and lie within the window are told by cells of their own. */
  function* cellsOf(
    tenant: number,
    { want, labels, hourly }: Wanted,
    { from, to }: Window,
  ): Generator<SlotCell> {
    const first = Math.max(0, from / HOUR_US);
    const last = Math.min(to / HOUR_US, Number.MAX_SAFE_INTEGER) - 1;
    const firstDay = Math.ceil(first / HOURS);
    const lastDay = Math.min(Math.floor((last + 1) / HOURS) - 1, state.closed().lastOf(tenant));
    if (hourly || firstDay > lastDay) {
      yield* ofHours(tenant, first, last);
      return;
    }
    yield* ofHours(tenant, (lastDay + 1) * HOURS, last);
    const kind = kindOfCell(labels === null ? want : PART.label);
    for (const row of dayCells.iterate(kind, tenant, firstDay, lastDay)) yield inSlot(row, DAY_US);
    yield* ofHours(tenant, first, firstDay * HOURS - 1);
  }

  /** Hours in which nobody had anything are passed by. */
  function* ofHours(tenant: number, first: number, last: number): Generator<SlotCell> {
    for (
      let hour = newestHour.get(last) ?? null;
      hour !== null && hour >= first;
      hour = newestHour.get(hour - 1) ?? null
    ) {
      for (const row of hourCells.all(hour, tenant)) yield inSlot(row, HOUR_US);
    }
  }

  function addCell(cell: Buffer, { want, labels }: Wanted, place: Place, tallyOf: TallyOf): void {
    if (want !== "flows") {
      addParts(cell, (part) => (kindOfPart(part) === want ? tallyOf({ ...place, part }) : undefined));
      return;
    }
    const tally = tallyOf(place);
    if (tally === undefined) return;
    if (labels === null) addFlows(cell, tally);
    else addParts(cell, (part) => (labels.has(part) ? tally : undefined));
  }

  function addShare(
    share: ShareReader,
    sign: number,
    { want, labels }: Wanted,
    place: Place,
    tallyOf: TallyOf,
  ): void {
    if (want === "flows" && labels === null) {
      tallyOf(place)?.add(share.outcome, sign);
      return;
    }
    share.parts((part, outcome, count) => {
      if (want === "flows") {
        if (labels?.has(part)) tallyOf(place)?.add(outcome, sign * count);
      } else if (kindOfPart(part) === want) {
        tallyOf({ ...place, part })?.add(outcome, sign * count);
      }
    });
  }

  function addEdge(flows: EdgeFlow[], want: Want, tallyOf: TallyOf): void {
    const names = new Map<number, number>();
    const nameOf = (shape: number): number => {
      const name = names.get(shape) ?? numbers.shapes.nameOf(shape);
      names.set(shape, name);
      return name;
    };
    for (const flow of flows) {
      if ("state" in flow) {
        addRow(flow, want, tallyOf);
      } else {
        const { startedAt } = flow;
        const name = nameOf(flow.shape);
        const outcome = outcomeOf(statusOf(flow.status), flow.durationUs);
        tallyOf({ from: startedAt, to: startedAt + 1, name, part: null })?.add(outcome);
      }
    }
  }

  function addRow(row: FlowRow, want: Want, tallyOf: TallyOf): void {
    const picture = rows.pictureOf(row);
    const { startedAt } = picture.summary;
    const name = numbers.texts.find(picture.summary.name) as number;
    const share = new ShareReader().read(shares.of(picture, { tenant: row.tenant, name, mayKeep: false }));
    const all = { want, labels: null, hourly: false, tenants: [], names: null };
    addShare(share, 1, all, { from: startedAt, to: startedAt + 1, name, part: null }, tallyOf);
  }

  function countByWalk(query: CountQuery, tallyOf: TallyOf): Counted {
    const { from = null, to = null } = query;
    let left = MOST_WALKED;
    const plan = walker.plan(query);
    if (plan === null) return { from, to, complete: true };
    const options = { newestFirst: true, columns: LIST_COLUMNS, chunk: 200 };
    for (const { startedAt, row } of walker.walk(plan, options)) {
      if (left <= 0) return { from: startedAt + 1, to, complete: false };
      left -= row === null ? PASSED_BY : 1;
      if (row !== null) addRow(row, query.want, tallyOf);
    }
    return { from, to, complete: true };
  }
}

function lateAfter(ms: number): () => boolean {
  const until = performance.now() + ms;
  return () => performance.now() > until;
}

/** Whole hours, and the parts of hours at their ends. */
interface Window {
  from: Micros;
  to: Micros;
  edges: { from: Micros; to: Micros; flows: EdgeFlow[] }[];
}

interface SlotCell {
  from: Micros;
  to: Micros;
  name: number;
  cell: Buffer;
}

function inSlot({ at, name, cell }: CellRow, width: Micros): SlotCell {
  return { from: at * width, to: (at + 1) * width, name, cell };
}

type EdgeFlow = EdgeRow | FlowRow;
