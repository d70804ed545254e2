/**
 * Append: observations into folded state, in transactions that requests which arrive together share.
 *
 * SQLite has one writer, and a commit that waits for the disk costs far more than the rows in it. So what
 * arrives within one turn of the event loop is committed as one, and each caller is answered after that.
 */
import { WeirError } from "../errors.ts";
import { keyText, type Step } from "../flow.ts";
import { begin, observe, type Picture, picture } from "../fold/index.ts";
import type { FlowObservation, Heartbeat, Observation } from "../observation.ts";
import { type FlowInHand, flowRows } from "./flow-rows.ts";
import { HotFlows } from "./hot-flows.ts";
import type { Instances } from "./instances.ts";
import { type Db, reasonOf } from "./open.ts";

/** A flow that a commit changed. */
export interface Written {
  picture: Picture;
  steps: Step[];
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
}

export function appender(db: Db, instances: Instances, afterCommit: (written: Written[]) => void): Appender {
  const rows = flowRows(db);
  const hot = new HotFlows();
  const dataVersion = db.prepare("PRAGMA data_version").pluck();
  let knownVersion = dataVersion.get();
  let waiting: Waiting[] = [];
  let scheduled = false;

  const writeAll = db.transaction((batches: Waiting[]): Written[] => {
    // Another program has written the file (a prune by hand): what is held in memory may be out of date.
    const version = dataVersion.get();
    if (version !== knownVersion) hot.clear();
    knownVersion = version;

    const touched = new Map<string, Touched>();
    for (const { observations } of batches) {
      for (const observation of observations) {
        instances.heard(observation);
        if (observation.kind !== "heartbeat") apply(touched, observation);
      }
    }
    instances.save();
    const written: Written[] = [];
    for (const { flow, steps, events } of touched.values()) {
      const now = picture(flow.state);
      rows.save(flow, now, steps, events);
      written.push({ picture: now, steps: now.steps.filter((step) => steps.has(step.id)) });
    }
    return written;
  });

  function apply(touched: Map<string, Touched>, observation: Exclude<Observation, Heartbeat>): void {
    const name = keyText(observation.flow);
    let entry = touched.get(name);
    if (entry === undefined) {
      entry = { flow: inHand(name, observation), steps: new Set(), events: new Set() };
      touched.set(name, entry);
    }
    observe(entry.flow.state, observation);
    if ("stepId" in observation) entry.steps.add(observation.stepId);
    else if (observation.kind === "event-noted") entry.events.add(observation.spanId);
  }

  function inHand(name: string, observation: FlowObservation): FlowInHand {
    const flow = hot.get(name) ??
      rows.load(observation.flow) ?? { state: begin(observation), pk: null, summary: null };
    hot.set(name, flow);
    return flow;
  }

  function flush(): void {
    scheduled = false;
    if (waiting.length === 0) return;
    const batches = waiting;
    waiting = [];
    let written: Written[];
    try {
      written = writeAll.immediate(batches);
    } catch (error) {
      // Rolled back: what is held in memory is ahead of the disk.
      hot.clear();
      const reason = new WeirError("unavailable", `store: not committed: ${reasonOf(error)}`, {
        cause: error,
      });
      for (const { reject } of batches) reject(reason);
      return;
    }
    for (const { resolve } of batches) resolve();
    afterCommit(written);
  }

  return {
    append(observations) {
      if (observations.length === 0) return Promise.resolve();
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
