/**
 * Append: observations into folded state, in transactions that requests which arrive together share.
 *
 * SQLite has one writer, and a commit that waits for the disk costs far more than the rows in it. So what
 * arrives within one turn of the event loop is committed as one, and each caller is answered after that.
 */

import { WeirError } from "../errors.ts";
import { type FlowEvent, type FlowKey, keyText, type Step } from "../flow.ts";
import { begin, eventsOf, observe, type Picture } from "../fold/index.ts";
import type { FlowObservation, Observation } from "../observation.ts";
import type { Commits } from "../stores/commits.ts";
import { type Db, reasonOf } from "./file/open.ts";
import { otherWriters } from "./file/other-writers.ts";
import type { FlowInHand, FlowRows } from "./rows/flow-rows.ts";
import type { HotFlows } from "./rows/hot-flows.ts";
import type { Instances } from "./rows/instances.ts";
import type { Links } from "./rows/links.ts";

/** Observations that may wait for the next commit; it takes them all at once. */
const MOST_WAITING = 200_000;

/** A flow that a commit changed. */
export interface Written {
  picture: Picture;
  steps: Step[];
  /** Of which nothing was known before. */
  events: FlowEvent[];
}

export interface Appender {
  append(observations: Observation[]): Promise<void>;
  /** Commits what waits, at once. */
  flush(): void;
}

interface Waiting {
  observations: Observation[];
  resolve: () => void;
  reject: (error: WeirError) => void;
}

interface Touched {
  flow: FlowInHand;
  steps: Set<string>;
  events: Set<string>;
  /** Those of the events of which nothing was known before. */
  noted: Set<string>;
}

/** Who hears of what was committed. */
export interface Hearing {
  /** Whether to gather for `heard` what changed: it costs each flow something. */
  wanted: () => boolean;
  heard: (written: Written[]) => void;
}

/** What appending works with, all of one database. */
export interface AppendParts {
  rows: FlowRows;
  links: Links;
  instances: Instances;
  hot: HotFlows;
  commits: Commits;
}

export function appender(
  db: Db,
  { rows, links, instances, hot, commits }: AppendParts,
  { wanted, heard }: Hearing,
): Appender {
  const othersWrote = otherWriters(db);
  let waiting: Waiting[] = [];
  let waitingCount = 0;
  let scheduled = false;

  const writeAll = db.transaction((batches: Waiting[]): Written[] => {
    // Another program has written the file (a prune by hand): what is held in memory may be out of date.
    if (othersWrote()) forget();

    const touched = new Map<string, Touched>();
    recent = undefined;
    for (const { observations } of batches) {
      for (const observation of observations) {
        if (observation.kind === "span-linked") {
          for (const waiting of links.add(observation)) wake(touched, waiting);
          continue;
        }
        instances.heard(observation);
        if (observation.kind !== "heartbeat") apply(touched, observation);
      }
    }
    instances.save();
    const written: Written[] = [];
    const gathers = wanted();
    for (const [name, { flow, steps, events, noted }] of touched) {
      const picture = links.draw(flow.state);
      rows.save(flow, picture, steps, events);
      hot.keep(name, flow, picture.summary.endedAt === null);
      if (!gathers) continue;
      written.push({
        picture,
        steps: picture.steps.filter((step) => steps.has(step.id)),
        events: eventsOf(flow.state, noted),
      });
    }
    rows.finish();
    return written;
  });

  /** What the last observation was about: the next is mostly about the same. */
  let recent: { key: FlowKey; entry: Touched } | undefined;

  function apply(touched: Map<string, Touched>, observation: FlowObservation): void {
    const { tenant, id } = observation.flow;
    let entry: Touched | undefined;
    if (recent !== undefined && recent.key.id === id && recent.key.tenant === tenant) {
      entry = recent.entry;
    } else {
      const name = keyText(observation.flow);
      entry = touched.get(name);
      if (entry === undefined) {
        entry = { flow: inHand(name, observation), steps: new Set(), events: new Set(), noted: new Set() };
        touched.set(name, entry);
      }
      recent = { key: observation.flow, entry };
    }
    if (observation.kind === "event-noted" && !entry.flow.state.events.has(observation.spanId)) {
      entry.noted.add(observation.spanId);
    }
    observe(entry.flow.state, observation);
    if ("stepId" in observation) entry.steps.add(observation.stepId);
    else if (observation.kind === "event-noted") entry.events.add(observation.spanId);
  }

  /** Its steps may find their place now; all of them are told of, for any may have moved. */
  function wake(touched: Map<string, Touched>, key: FlowKey): void {
    const name = keyText(key);
    if (touched.has(name)) return;
    const flow = hot.get(name) ?? rows.take(key);
    if (flow === undefined) return;
    touched.set(name, { flow, steps: new Set(flow.state.steps.keys()), events: new Set(), noted: new Set() });
  }

  function inHand(name: string, observation: FlowObservation): FlowInHand {
    return (
      hot.get(name) ??
      rows.take(observation.flow) ?? {
        state: begin(observation),
        pk: null,
        summary: null,
        definition: null,
        unplaced: "",
        large: false,
        share: null,
        shape: null,
        searched: false,
        packed: 0,
      }
    );
  }

  function forget(): void {
    hot.clear();
    rows.forget();
  }

  function flush(): void {
    scheduled = false;
    if (waiting.length === 0) return;
    const batches = waiting;
    const observations = waitingCount;
    const started = performance.now();
    waiting = [];
    waitingCount = 0;
    let written: Written[];
    try {
      written = writeAll.immediate(batches);
    } catch (error) {
      // Rolled back: what is held in memory is ahead of the disk.
      forget();
      commits.failed();
      const reason = new WeirError("unavailable", `store: not committed: ${reasonOf(error)}`, {
        cause: error,
      });
      for (const { reject } of batches) reject(reason);
      return;
    }
    commits.done(started, observations);
    for (const { resolve } of batches) resolve();
    heard(written);
  }

  return {
    append(observations) {
      if (observations.length === 0) return Promise.resolve();
      // One that is larger than all of that goes alone: it would never be taken otherwise.
      if (waitingCount > 0 && waitingCount + observations.length > MOST_WAITING) {
        return Promise.reject(
          new WeirError("overloaded", "more comes in than can be stored: send it again later"),
        );
      }
      waitingCount += observations.length;
      return new Promise((resolve, reject) => {
        waiting.push({ observations, resolve, reject });
        if (scheduled) return;
        scheduled = true;
        setImmediate(flush);
      });
    },
    flush,
  };
}
