import { WeirError } from "../errors.ts";
import type { Micros } from "../flow.ts";
import type { StalledAfter } from "../health.ts";
import type { CommitFigures, FlowChange, PruneQuery, StatsFilter, Store } from "../store.ts";
import { Commits } from "../stores/commits.ts";
import { runnerFrom } from "../stores/context.ts";
import { HealthReader } from "../stores/health-reader.ts";
import { HealthWatch } from "../stores/health-watch.ts";
import { tell } from "../stores/tell.ts";
import { remembered, UsualDurations } from "../stores/usual.ts";
import { appender } from "./append.ts";
import { ask } from "./file/ask.ts";
import { type Durability, openDatabase, reasonOf } from "./file/open.ts";
import { otherWriters } from "./file/other-writers.ts";
import type { Folded } from "./folded.ts";
import { pruner } from "./prune.ts";
import { counter } from "./queries/count.ts";
import { allCounted, figuresOf } from "./queries/figures.ts";
import { flowQueries } from "./queries/flow-queries.ts";
import { histogramOf } from "./queries/histogram.ts";
import { lastRuns } from "./queries/last-runs.ts";
import { pickerQueries } from "./queries/picker-queries.ts";
import { tenantQueries } from "./queries/tenant-queries.ts";
import { UnwellFlows } from "./queries/unwell.ts";
import { walker as walkerOf } from "./queries/walk.ts";
import { FlowCounts } from "./rows/flow-counts.ts";
import { flowRows, numbersOf, statisticsOf } from "./rows/flow-rows.ts";
import { HotFlows } from "./rows/hot-flows.ts";
import { Instances } from "./rows/instances.ts";
import { linksOf } from "./rows/links.ts";
import { openFlowsOf } from "./rows/open-flows.ts";
import { searchCatchUp } from "./search/catch-up.ts";
import { limitsInForce } from "./settings.ts";
import { statsCounts } from "./stats/count.ts";
import { errorQueries } from "./stats/errors.ts";
import { statsQueries } from "./stats/queries.ts";
import { rollUpOf } from "./stats/roll-up.ts";
import { tenantHistory } from "./stats/tenant-history.ts";
import { Upkeep } from "./stats/upkeep.ts";

export interface SqliteStoreOptions {
  /** The database file; made where it is not there yet. */
  path: string;
  /** The clock, in microseconds since the epoch. */
  now?: () => Micros;
  /** Milliseconds to wait for another program that holds the file locked, before an append is refused. */
  busyTimeoutMs?: number;
  /**
   * What survives of an append that resolved. `full`: everything, also a loss of power. `normal`: the end of the
   * process, but a loss of power may take the last moments. Default `full`.
   */
  durability?: Durability;
  /**
   * How long flows of a name may be open before they are stalled. Others by what was set for their name in the file, else
   * by what is usual for them.
   */
  stalledAfter?: StalledAfter;
  /** Whether to add statistics up beside the traffic. Default `true`; not for who only asks. */
  upkeep?: boolean;
  /** Milliseconds after which a question about many flows is answered in part. Default 100. */
  limitMs?: number;
  /** From so many flows on, lists by end, length or activity are read and not sorted. Default: where that is likely to be quicker. */
  many?: number;
}

/** What can be asked of a file besides. */
export interface SqliteStore extends Store {
  /** As `append`, of observations that were folded elsewhere. */
  appendFolded(message: Folded): Promise<void>;
  /** Does at once what is otherwise done beside the traffic: adds up statistics, makes older flows quick to find. */
  settle(): Promise<void>;
  /** In this thread it costs nothing. */
  commits(): CommitFigures;
  /** How many flows `prune` would delete, without a limit. */
  prunable(query: Omit<PruneQuery, "limit">): Promise<number>;
  /** How many flows match, however long it takes. */
  total(filter: StatsFilter): Promise<number>;
  /** What the store takes on the disk, apart from what is not yet in its file. */
  bytes(): Promise<number>;
}

/**
 * Opens the store in a file, for one collector at a time; commands such as `weir prune` may open it beside.
 *
 * @throws {WeirError} `unavailable` where the file can't be opened, with the reason and what to do.
 * @example
 * const store = openSqliteStore({ path: "./data/weir.db" });
 */
export function openSqliteStore(options: SqliteStoreOptions): SqliteStore {
  const {
    path,
    now = () => Date.now() * 1000,
    busyTimeoutMs = 1000,
    durability = "full",
    stalledAfter = new Map(),
    upkeep = true,
    limitMs = 100,
    many,
  } = options;
  const db = openDatabase(path, { busyTimeoutMs, durability });
  const instances = new Instances(db, now);
  const numbers = numbersOf(db);
  const usual = new UsualDurations(lastRuns(db, numbers));
  const health = new HealthReader(now, instances, usual, limitsInForce(db, stalledAfter));
  const listeners = new Set<(changes: FlowChange[]) => void>();
  const openFlows = openFlowsOf(db, numbers, health);
  const links = linksOf(db, now);
  const counts = new FlowCounts(db);
  const commits = new Commits();
  const unwell = new UnwellFlows(openFlows);
  const statistics = statisticsOf(db);
  const rows = flowRows(db, { numbers, links, counts, statistics });
  const walker = walkerOf(db, numbers);
  const counted = statsCounts(db, { numbers, statistics, rows, walker });
  const stats = statsQueries(db, { numbers, statistics, counts: counted, now });
  const errors = errorQueries(db, { numbers, statistics, counts: counted });
  const stepUsual = remembered(stats.stepUsual);
  const context = { health, usual, stepUsual, runnerOf: runnerFrom(instances) };
  const countOfAll = allCounted({ counts, unwell });
  const flows = flowQueries(db, {
    rows,
    numbers,
    unwell,
    context,
    walker,
    countOfAll,
    counted: counted.count,
    limitMs,
    many,
  });
  const histogram = histogramOf(db, { numbers, count: counted.count, list: flows.list, now });
  const history = tenantHistory(db, statistics, now);
  const tenants = tenantQueries(db, numbers, { unwell, history, limitMs });
  const pickers = pickerQueries(db, numbers, limitMs);
  const total = counter(db, numbers);
  const figures = figuresOf(db, { commits, counts, unwell });
  const probe = db.prepare<[Micros]>("INSERT OR REPLACE INTO probe (id, at) VALUES (1, ?)");
  const rollUp = rollUpOf(db, { ...statistics, shareOf: rows.shareOf, othersWrote: otherWriters(db), now });
  const hot = new HotFlows();
  const { unsearched } = numbers;
  const catchUpSearch = searchCatchUp(db, { rows, hot, unsearched, othersWrote: otherWriters(db) });
  const keeper = new Upkeep({ rollUp, catchUpSearch, log: statistics.log });
  if (upkeep) keeper.look();

  const old = pruner(db, rows, hot, numbers);
  const writer = appender(
    db,
    { rows, links, instances, texts: numbers.texts, hot, commits },
    {
      wanted: () => listeners.size > 0,
      heard(written) {
        if (upkeep) keeper.look();
        if (written.length === 0) return;
        tell(
          listeners,
          written.map(({ picture, steps, events }) => ({
            flow: health.complete(picture.summary, picture.runners),
            steps,
            ...(events.length > 0 && { events }),
          })),
        );
      },
    },
  );
  const watch = new HealthWatch(openFlows, (pks) =>
    tell(
      listeners,
      flows.summaries(pks).map((flow) => ({ flow, steps: [] })),
    ),
  );

  const moment = db.transaction((question: () => unknown) => question());
  /** All that a question reads is of one moment; nor does each statement look for itself whether others wrote. */
  const read = <T>(question: () => T): Promise<T> => ask(() => moment(question) as T);

  // Async throughout: what runs here at once may run elsewhere in another store.
  return {
    append: (observations) => writer.append(observations),
    appendFolded: (message) => writer.appendFolded(message),
    tenants: (query) => read(() => tenants.list(query)),
    flows: (query) => read(() => flows.list(query)),
    count: (filter) => read(() => flows.count(filter)),
    flow: (key) => read(() => flows.detail(key)),
    stats: (query) => read(() => stats.stats(query)),
    errors: (query) => read(() => errors(query)),
    histogram: (query) => read(() => histogram(query)),
    stuck: (query) => read(() => flows.stuck(query)),
    names: (tenant) => read(() => pickers.names(tenant)),
    labels: (tenant) => read(() => pickers.labels(tenant)),
    has: (key) => read(() => flows.has(key)),
    usage: (tenant, atMost) => read(() => tenants.usage(tenant, atMost)),
    figures: () => read(figures),
    settle: () =>
      ask(() => {
        while (rollUp.addUp() || rollUp.catchUp(true) || catchUpSearch());
      }),
    commits: () => commits.figures(),
    async checkWritable() {
      try {
        probe.run(now());
      } catch (cause) {
        throw new WeirError("unavailable", `the store can't be written: ${reasonOf(cause)}`, { cause });
      }
    },
    onChange(listener) {
      listeners.add(listener);
      watch.start();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) watch.stop();
      };
    },
    prune: (query) =>
      ask(() => {
        const pruned = old.prune(query);
        if (upkeep) keeper.look();
        return pruned;
      }),
    prunable: (query) => read(() => old.count(query)),
    total: (filter) => read(() => total(filter)),
    bytes: () =>
      ask(
        () =>
          (db.pragma("page_count", { simple: true }) as number) *
          (db.pragma("page_size", { simple: true }) as number),
      ),
    async close() {
      watch.stop();
      keeper.stop();
      writer.flush();
      db.close();
    },
  };
}
