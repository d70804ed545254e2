/**
 * The store contract. It speaks of appending observations and of asking questions: never of SQL, rows or a
 * single writer, so that an embedded and a distributed engine both fit. `test/store.contract.ts` holds every
 * implementation to these promises:
 *
 * - `append` resolves when its observations are as durable as this store makes them, and visible to every later
 *   question; when it rejects, nothing of them is kept. Appends may run at the same time and may share a commit.
 * - What waits to be durable is bounded, and so is what a store in memory keeps: over the bound `append` rejects with the
 *   code `overloaded`.
 * - What a question answers is a function of the set of appended observations (and, for `health`, of the
 *   clock): order, repetition and the split into appends change nothing.
 * - Answers come in pages found by key, in both directions, and do not skip or repeat a flow that did not change.
 * - No question takes long. What would is answered in part, and says so.
 * - Listeners hear of a change after it is durable, in the order of the commits, or that they missed some; one that
 *   throws harms nobody.
 */
import type {
  ErrorStats,
  FlowDetail,
  FlowEvent,
  FlowHistogram,
  FlowKey,
  FlowSummary,
  Health,
  Micros,
  Stats,
  Status,
  Step,
  StuckFlow,
  TenantSummary,
} from "./flow.ts";
import type { Observation } from "./observation.ts";

/** A cursor is opaque: what `nextCursor` or `prevCursor` gave, for the same query. */
export interface PageQuery {
  cursor?: string | undefined;
  /** 1 to 500. */
  limit: number;
}

/** `nextCursor` is `null` on the last page. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** A page of flows, which can be left in both directions. */
export interface FlowPage extends Page<FlowSummary> {
  /** Leads to the page before this one; `null` on the first page, and on one without flows. */
  prevCursor: string | null;
  /** The time for one question was over before the page was full: the cursor goes on from there. */
  partial: boolean;
}

/** Filters over flows. Each list is an "or", the filters together an "and"; absent or empty lets all pass. */
export interface FlowFilter {
  tenant?: string[] | undefined;
  name?: string[] | undefined;
  status?: Status[] | undefined;
  health?: Health[] | undefined;
  /** Label key → wanted values. */
  labels?: Record<string, string[]> | undefined;
  /** Flows that stand at a step of this name: it is open now, or the flow failed at it. */
  step?: string[] | undefined;
  /** Flows in which one of these took part. */
  service?: string[] | undefined;
  /** Beginnings of words in the name, the label values, the step names and the error, or of the id: see `words.ts`. */
  q?: string | undefined;
  /** Started at or after. */
  from?: Micros | undefined;
  /** Started before. */
  to?: Micros | undefined;
}

/** A count before anything was counted. */
export function noFlows(): FlowCount {
  return {
    total: 0,
    status: { running: 0, paused: 0, succeeded: 0, failed: 0, cancelled: 0 },
    health: { ok: 0, stalled: 0, lost: 0 },
    complete: true,
  };
}

/** What statistics can be narrowed by. */
export type StatsFilter = Pick<FlowFilter, "tenant" | "name" | "labels" | "from" | "to">;

/**
 * By start: `newest`, `oldest` · by end: `last-ended`, `first-ended` · by how long it took: `longest`, `shortest` · by the
 * last that was said of it: `last-active`, `first-active`. By end and by length, flows that have not ended come after
 * all others, by start. Flows that are equal are in the order of their arrival.
 */
export const FLOW_ORDERS = [
  "newest",
  "oldest",
  "last-ended",
  "first-ended",
  "longest",
  "shortest",
  "last-active",
  "first-active",
] as const;
export type FlowOrder = (typeof FLOW_ORDERS)[number];

export interface FlowQuery extends FlowFilter, PageQuery {
  order: FlowOrder;
}

/** How many flows match. */
export interface FlowCount {
  total: number;
  status: Record<Status, number>;
  /** Of those that have not ended. */
  health: Record<Health, number>;
  /** `false`: these were counted when the time for it was over, or enough were; there are more, or may be. */
  complete: boolean;
}

/** What flows are grouped by in statistics. Steps are those of the flows that match. */
export type StatsGroupBy = "name" | "labels" | "day" | "hour" | "step";

export interface StatsQuery extends StatsFilter {
  groupBy: StatsGroupBy;
}

export interface ErrorsQuery extends StatsFilter {
  /** At most so many kinds of error. */
  limit: number;
}

export interface HistogramQuery extends FlowFilter {
  /** At most so many, 1 to 1000. */
  buckets: number;
}

export interface StuckQuery extends PageQuery, Pick<FlowFilter, "tenant" | "name"> {}

export interface StuckPage extends Page<StuckFlow> {
  /** Of all that match, not of this page. */
  counts: Record<Exclude<Health, "ok">, number>;
}

/** `attention`: lost, then stalled, then failing more than usual, then by activity, the latest first. */
export type TenantOrder = "attention" | "name" | "activity";

export interface TenantQuery extends PageQuery {
  /** Default `name`. */
  order?: TenantOrder | undefined;
  /** Days of history, 0 to 90. Default 0. */
  history?: number | undefined;
  /** Exactly this tenant. */
  tenant?: string | undefined;
  /** Text in the tenant's name. */
  q?: string | undefined;
}

/**
 * `complete: false`: there were more customers than could be looked at in the time for one question, and these are of some of
 * them. A list by name is not cut: a page may hold less than was asked for, and goes on at `nextCursor`.
 */
export interface TenantPage extends Page<TenantSummary> {
  complete: boolean;
}

/** What a commit or the passing of time changed: the flow as it is now, and those of its steps that changed. */
export interface FlowChange {
  flow: FlowSummary;
  steps: Step[];
  /** Those that were noted; absent where none were. */
  events?: FlowEvent[];
}

export interface LabelValues {
  key: string;
  values: string[];
}

/** What pickers show: all there is, or what was found in the time for one question; no more than anyone would pick from. */
export interface Listed<T> {
  items: T[];
  complete: boolean;
}

/** Which finished flows to delete. */
export interface PruneQuery {
  /** Those that ended before. */
  endedBefore: Micros;
  /** Of this tenant only. */
  tenant?: string | undefined;
  /** Of every tenant but these. */
  exceptTenants?: string[] | undefined;
  /** At most so many: what is deleted at once holds up what is appended. */
  limit: number;
}

/** What one tenant takes up, for whoever sets limits. */
export interface TenantUsage {
  openFlows: number;
  /** Flow names in use. */
  names: string[];
  labelKeys: string[];
}

/** How often something took how long. Counts are of each bucket alone, the last one of what is above every bound. */
export interface HistogramFigures {
  /** Upper bounds, rising. */
  bounds: readonly number[];
  counts: number[];
  sum: number;
}

/** Since the store was opened. */
export interface CommitFigures {
  /** How long commits took. */
  commitSeconds: HistogramFigures;
  failedCommits: number;
  /** Observations that were kept by them. */
  observations: number;
}

/** What a store says of itself. Cheap to ask for: kept as it works, never scanned for. */
export interface StoreFigures extends CommitFigures {
  flows: Record<Status, number>;
  /** Of the flows that are open, as last looked at: the more are open, the longer ago. */
  health: Record<Health, number>;
  /** By part: what it takes up where it is kept. */
  sizeBytes: Record<string, number>;
}

/** What can be asked of a store. */
export interface Questions {
  /** Customers. */
  tenants(query: TenantQuery): Promise<TenantPage>;
  flows(query: FlowQuery): Promise<FlowPage>;
  /** By status and by health. Exact up to 10,000 flows; more where that costs nothing. */
  count(filter: FlowFilter): Promise<FlowCount>;
  flow(key: FlowKey): Promise<FlowDetail | undefined>;
  /**
   * Counts and durations, by groups: names by their newest run, days and hours in their order, labels by name and then
   * the most frequent first, steps the slowest first. A group without a finished run is there too.
   */
  stats(query: StatsQuery): Promise<Stats>;
  errors(query: ErrorsQuery): Promise<ErrorStats>;
  /** How many flows began when, by status. */
  histogram(query: HistogramQuery): Promise<FlowHistogram>;
  /** Lost flows, then stalled ones; of each those that are it for longest come first. */
  stuck(query: StuckQuery): Promise<StuckPage>;
  /** Flow names in use, sorted; at most 10,000. */
  names(tenant?: string): Promise<Listed<string>>;
  /** Label keys with up to 100 values each, sorted; of 10,000 labels at most. */
  labels(tenant?: string): Promise<Listed<LabelValues>>;
}

export interface Store extends Questions {
  append(observations: Observation[]): Promise<void>;

  /** Whether anything was said of this flow. */
  has(key: FlowKey): Promise<boolean>;
  /** @param atMost the longest list of names, and of label keys, that is wanted; more are left out. */
  usage(tenant: string, atMost: number): Promise<TenantUsage>;
  figures(): Promise<StoreFigures>;
  /** Writes something, to find out. @throws {WeirError} `unavailable`, with the reason, where appends would be refused. */
  checkWritable(): Promise<void>;

  /**
   * Calls `listener` after each commit that changed flows, and within a few seconds where a flow's health changed by
   * the mere passing of time. A store whose changes are more than it can tell of calls `missed` instead: from then on
   * nothing that was heard before is certain. Returns what takes both off again.
   */
  onChange(listener: (changes: FlowChange[]) => void, missed?: () => void): () => void;

  /**
   * Deletes finished flows for good, the oldest first, and gives their space back. One that is still open stays, however
   * old it is. What is said later of a deleted flow begins it anew.
   *
   * @returns how many were deleted: fewer than `limit` when no more are left.
   */
  prune(query: PruneQuery): Promise<number>;

  /** Commits what was taken, then lets go of the files. */
  close(): Promise<void>;
}
