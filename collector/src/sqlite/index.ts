import { WeirError } from "../errors.ts";
import type { Micros } from "../flow.ts";
import type { StalledAfter } from "../health.ts";
import type { CommitFigures, FlowChange, Store } from "../store.ts";
import { appender } from "./append.ts";
import { ask } from "./ask.ts";
import { Commits, figuresOf } from "./figures.ts";
import { FlowCounts } from "./flow-counts.ts";
import { flowQueries } from "./flow-queries.ts";
import { flowRows, numbersOf } from "./flow-rows.ts";
import { HealthReader } from "./health-reader.ts";
import { HealthWatch } from "./health-watch.ts";
import { HotFlows } from "./hot-flows.ts";
import { Instances } from "./instances.ts";
import { linksOf } from "./links.ts";
import { type Durability, openDatabase, reasonOf } from "./open.ts";
import { openFlowsOf } from "./open-flows.ts";
import { pruner } from "./prune.ts";
import { statsQueries } from "./stats-queries.ts";
import { tenantQueries } from "./tenant-queries.ts";
import { UnwellCounts } from "./unwell.ts";
import { UsualDurations } from "./usual.ts";

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
  /** How long flows of a name may be open before they are stalled. Others are measured by what is usual for them. */
  stalledAfter?: StalledAfter;
}

/** The store as one that is in this thread: what others ask for costs nothing here. */
export interface SqliteStore extends Store {
  commits(): CommitFigures;
}

/**
 * Opens the store in a file, for one collector at a time.
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
  } = options;
  const db = openDatabase(path, { busyTimeoutMs, durability });
  const instances = new Instances(db, now);
  const numbers = numbersOf(db);
  const health = new HealthReader(now, instances, new UsualDurations(db, numbers), stalledAfter);
  const listeners = new Set<(changes: FlowChange[]) => void>();
  const openFlows = openFlowsOf(db, numbers, health);
  const links = linksOf(db, now);
  const counts = new FlowCounts(db);
  const commits = new Commits();
  const unwell = new UnwellCounts(openFlows);
  const rows = flowRows(db, numbers, links, counts);
  const flows = flowQueries(db, rows, numbers, health);
  const tenants = tenantQueries(db, numbers, unwell);
  const stats = statsQueries(db, numbers);
  const figures = figuresOf(db, { commits, counts, unwell });
  const probe = db.prepare<[Micros]>("INSERT OR REPLACE INTO probe (id, at) VALUES (1, ?)");

  const tell = (changes: FlowChange[]) => {
    if (changes.length === 0) return;
    for (const listener of listeners) {
      try {
        listener(changes);
      } catch (error) {
        process.emitWarning(
          `store: a listener failed: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  };
  const hot = new HotFlows();
  const prune = pruner(db, rows, hot, numbers);
  const writer = appender(db, { rows, links, instances, hot, commits }, (written) => {
    if (listeners.size === 0) return;
    tell(
      written.map(({ picture, steps }) => ({
        flow: health.complete(picture.summary, picture.runners),
        steps,
      })),
    );
  });
  const watch = new HealthWatch(openFlows, (pks) =>
    tell(flows.summaries(pks).map((flow) => ({ flow, steps: [] }))),
  );

  // Async throughout: what runs here at once may run elsewhere in another store.
  return {
    append: (observations) => writer.append(observations),
    tenants: (query) => ask(() => tenants.list(query)),
    flows: (query) => ask(() => flows.list(query)),
    flow: (key) => ask(() => flows.detail(key)),
    statsByName: (filter) => ask(() => stats(filter)),
    names: (tenant) => ask(() => tenants.names(tenant)),
    labels: (tenant) => ask(() => tenants.labels(tenant)),
    has: (key) => ask(() => flows.has(key)),
    usage: (tenant, atMost) => ask(() => tenants.usage(tenant, atMost)),
    figures: () => ask(figures),
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
    prune: (query) => ask(() => prune(query)),
    async close() {
      watch.stop();
      writer.flush();
      db.close();
    },
  };
}
