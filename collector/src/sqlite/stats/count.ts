/**
 * Adds up what is counted of the flows that a filter lets through: whole days and hours from their cells, what is not in
 * cells yet from the log, and the parts of hours at both ends of a window from the flows themselves.
 */
import { STATUSES } from "@weir/sdk/attributes";
import type { Counted, Micros } from "../../flow.ts";
import type { StatsFilter } from "../../store.ts";
import type { Adds } from "../../stores/counts.ts";
import { outcomeOf } from "../../stores/outcome.ts";
import { HOUR_US } from "../../stores/slots.ts";
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
import { addFlows, addParts, type Want } from "./cell.ts";
import { cellReader, type SlotCell, type Told, type Widest } from "./cells.ts";
import { ALL_TENANTS, kindOfPart, PART } from "./parts.ts";
import { ShareReader } from "./share.ts";

/** Where a count belongs to: flows of a name that began within a slot of time. */
export interface Place {
  from: Micros;
  to: Micros;
  /** `ALL_NAMES` where they need not be told apart. */
  name: number;
  /** Code of the part; `null` of flows. */
  part: number | null;
}

export interface CountQuery extends StatsFilter {
  want: Want;
  /** The widest slots that will do: `ever` is as many days as are added up, as one. Default: `day`. */
  widest?: Widest;
  /** `false`: names need not be told apart. */
  named?: boolean;
  /** `false`: nor what they took, but for how they stand. */
  timed?: boolean;
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

interface EdgeRow {
  shape: number;
  status: number;
  startedAt: Micros;
  durationUs: Micros | null;
}

/** A filter, in the numbers of the file. */
interface Wanted {
  want: Want;
  widest: Widest;
  named: boolean;
  timed: boolean;
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

export interface StatsCounts {
  count: StatsCount;
  /**
   * Goes through the days that `widest: "ever"` tells as one, each by itself, the newest first, until it is done: for who wants
   * to know of some of what was counted when that was. Of one tenant, or of all.
   */
  lookBack(query: CountQuery, tallyOf: TallyOf, isDone: () => boolean): void;
}

export function statsCounts(
  db: Db,
  { numbers, statistics: { log, parts, shares, state }, rows, walker }: StatsCountParts,
): StatsCounts {
  const statements = new Statements(db);
  const cells = cellReader(db, state);
  const startOf = db
    .prepare<[number], Micros>("SELECT started_at FROM flows WHERE pk <= ? ORDER BY pk DESC LIMIT 1")
    .pluck();

  /** One moment for all that is read. */
  const count = db.transaction((query: CountQuery, tallyOf: TallyOf): Counted => {
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

  const lookBack: StatsCounts["lookBack"] = (query, tallyOf, isDone) => {
    const wanted = wantedOf(query);
    if (wanted === null || wanted === "walk") return;
    const [tenant = ALL_TENANTS] = wanted.tenants;
    for (const slot of cells.days(toldOf(tenant, wanted, wholeHours(query)))) {
      addCell(slot, wanted, tallyOf);
      if (isDone()) return;
    }
  };
  return { count, lookBack };

  /** `null`: no flow can match. `walk`: what is counted does not tell these flows from others. */
  function wantedOf(query: CountQuery): Wanted | "walk" | null {
    const { want, widest = "day", named = true, timed = true, tenant, name, labels } = query;
    const tenants = tenant?.length
      ? [...new Set(tenant)].flatMap((each) => numbers.tenants.find(each) ?? [])
      : [ALL_TENANTS];
    const names = name?.length ? new Set(name.flatMap((each) => numbers.texts.find(each) ?? [])) : null;
    if (tenants.length === 0 || names?.size === 0) return null;
    const wanted = { want, widest, named, timed, tenants, names, labels: null };
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
    const window: Window = { ...wholeHours(query), edges: [] };
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
    countLogged(wanted, window, tallyOf);
    for (const tenant of wanted.tenants) {
      for (const slot of cells.all(toldOf(tenant, wanted, window))) {
        if (isLate()) return false;
        addCell(slot, wanted, tallyOf);
      }
    }
    return true;
  }

  function countLogged(wanted: Wanted, window: Window, tallyOf: TallyOf): void {
    const { want, tenants, names, labels } = wanted;
    const isOfAll = tenants[0] === ALL_TENANTS;
    const placeOf = ({ hour, name }: { hour: number; name: number }, part: number | null): Place | null => {
      const from = hour * HOUR_US;
      if (from < window.from || from >= window.to) return null;
      return names === null || names.has(name) ? { from, to: from + HOUR_US, name, part } : null;
    };
    const sums = isOfAll && labels === null ? log.sums(want) : null;
    if (sums === null) {
      log.read(isOfAll ? null : tenants, (share, sign) => {
        const place = placeOf(share, null);
        if (place !== null) addShare(share, sign, wanted, place, tallyOf);
      });
      return;
    }
    for (const sum of sums) {
      const place = placeOf(sum, sum.part);
      const tally = place === null ? undefined : tallyOf(place);
      if (tally !== undefined) sum.tally.addTo(tally);
    }
  }

  function toldOf(
    tenant: number,
    { want, labels, ...wanted }: Wanted,
    { from, to }: Pick<Window, "from" | "to">,
  ): Told {
    return { ...wanted, tenant, want: labels === null ? want : PART.label, from, to };
  }

  function addCell(
    { cell, sign, from, to, name }: SlotCell,
    { want, labels }: Wanted,
    tallyOf: TallyOf,
  ): void {
    const place = { from, to, name, part: null };
    if (want !== "flows") {
      addParts(cell, (part) => (kindOfPart(part) === want ? tallyOf({ ...place, part }) : undefined), sign);
      return;
    }
    const tally = tallyOf(place);
    if (tally === undefined) return;
    if (labels === null) addFlows(cell, tally, sign);
    else addParts(cell, (part) => (labels.has(part) ? tally : undefined), sign);
  }

  function addShare(
    share: ShareReader,
    sign: number,
    { want, labels }: Pick<Wanted, "want" | "labels">,
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
    const all = { want, labels: null };
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

/** The whole hours that lie within a window. */
function wholeHours({ from, to }: StatsFilter): Pick<Window, "from" | "to"> {
  return {
    from: Math.ceil((from ?? Number.NEGATIVE_INFINITY) / HOUR_US) * HOUR_US,
    to: Math.floor((to ?? Number.POSITIVE_INFINITY) / HOUR_US) * HOUR_US,
  };
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

type EdgeFlow = EdgeRow | FlowRow;
