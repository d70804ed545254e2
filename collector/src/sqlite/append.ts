/**
 * Append: observations into folded state, in transactions that requests which arrive together share.
 *
 * SQLite has one writer, and a commit that waits for the disk costs far more than the rows in it. So what
 * arrives within one turn of the event loop is committed as one, and each caller is answered after that.
 */

import { WeirError } from "../errors.ts";
import { type FlowKey, keyText } from "../flow.ts";
import { begin, type FlowState, heardIn, merge, observe } from "../fold/index.ts";
import type { FlowObservation, Observation } from "../observation.ts";
import type { Commits } from "../stores/commits.ts";
import { type Db, reasonOf } from "./file/open.ts";
import { otherWriters } from "./file/other-writers.ts";
import type { Folded, FoldedFlow } from "./folded.ts";
import type { FlowInHand, FlowRows } from "./rows/flow-rows.ts";
import type { HotFlows } from "./rows/hot-flows.ts";
import type { Instances } from "./rows/instances.ts";
import type { Links } from "./rows/links.ts";
import type { StoredTexts } from "./rows/texts.ts";
import { Told, type Written } from "./told.ts";

/** Observations that may wait for the next commit; it takes them all at once. */
const MOST_WAITING = 200_000;

export interface Appender {
  append(observations: Observation[]): Promise<void>;
  /** As `append`, of what was folded elsewhere. */
  appendFolded(message: Folded): Promise<void>;
  /** Commits what waits, at once. */
  flush(): void;
}

interface Waiting {
  content: Observation[] | Folded;
  resolve: () => void;
  reject: (error: WeirError) => void;
}

interface Touched {
  flow: FlowInHand;
  steps: Set<string>;
  events: Set<string>;
  /** Those of the events of which nothing was known before. */
  noted: Set<string>;
  /** All that was said of the flow, as its row says it, where that came packed and nothing else is known. */
  packed?: Buffer | undefined;
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
  texts: StoredTexts;
  hot: HotFlows;
  commits: Commits;
}

export function appender(
  db: Db,
  { rows, links, instances, texts, hot, commits }: AppendParts,
  { wanted, heard }: Hearing,
): Appender {
  const othersWrote = otherWriters(db);
  let waiting: Waiting[] = [];
  let waitingCount = 0;
  let scheduled = false;

  const writeAll = db.transaction((batches: Waiting[]): Written[] => {
    // Another program has written the file (a prune by hand): what is held in memory may be out of date.
    if (othersWrote()) forget();

    const told = wanted() ? new Told() : undefined;
    const touched = new Map<string, Touched>();
    recent = undefined;
    const folded: Folded[] = [];
    for (const { content } of batches) {
      if (!Array.isArray(content)) folded.push(content);
    }
    // First, and each written at once: flows of large messages are many, and held to the end they would outlive the
    // young garbage. What they wake is of before, and so is read after them.
    const woken = folded.flatMap((message) => saveFolded(message, told));
    for (const key of woken) wake(touched, key);
    for (const { content } of batches) {
      if (Array.isArray(content)) for (const observation of content) take(touched, observation);
    }
    instances.save();
    for (const [name, entry] of touched) save(name, entry, told);
    rows.finish();
    return told?.all() ?? [];
  });

  /** @returns flows that have waited for links of it. */
  function saveFolded(message: Folded, told: Told | undefined): FlowKey[] {
    const { heard, links: found, repeated, flows } = message.read(texts);
    for (const text of repeated) texts.keepRepeated(text);
    const woken = found.flatMap((link) => links.add(link));
    for (const each of heard) instances.heard(each);
    for (const each of flows) {
      const name = keyText(each.state.key);
      save(name, joined(name, each), told);
    }
    return woken;
  }

  /** What is known of a flow, and what is said of it now. */
  function joined(name: string, { state: said, packed }: FoldedFlow): Touched {
    const steps = new Set(said.steps.keys());
    const events = new Set(said.events.keys());
    const flow = hot.get(name) ?? rows.take(said.key);
    if (flow === undefined) return { flow: newInHand(said), steps, events, noted: events, packed };
    const noted = new Set([...events].filter((span) => !flow.state.events.has(span)));
    merge(flow.state, said);
    return { flow, steps, events, noted };
  }

  function save(name: string, { flow, steps, events, noted, packed }: Touched, told: Told | undefined): void {
    const { picture, learned } = links.draw(flow.state);
    // What came packed does not say what was learned here.
    rows.save(flow, picture, steps, events, learned ? undefined : packed);
    hot.keep(name, flow, picture.summary.endedAt === null);
    told?.add(name, { state: flow.state, picture, steps, noted });
  }

  function take(touched: Map<string, Touched>, observation: Observation): void {
    if (observation.kind === "span-linked") {
      for (const waiting of links.add(observation)) wake(touched, waiting);
      return;
    }
    const heard = heardIn(observation);
    if (heard !== undefined) instances.heard(heard);
    if (observation.kind !== "heartbeat") apply(touched, observation);
  }

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
    return hot.get(name) ?? rows.take(observation.flow) ?? newInHand(begin(observation));
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

  function add(content: Waiting["content"], observations: number): Promise<void> {
    if (observations === 0) return Promise.resolve();
    // One that is larger than all of that goes alone: it would never be taken otherwise.
    if (waitingCount > 0 && waitingCount + observations > MOST_WAITING) {
      return Promise.reject(
        new WeirError("overloaded", "more comes in than can be stored: send it again later"),
      );
    }
    waitingCount += observations;
    return new Promise((resolve, reject) => {
      waiting.push({ content, resolve, reject });
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    });
  }

  return {
    append: (observations) => add(observations, observations.length),
    appendFolded: (message) => add(message, message.observations),
    flush,
  };
}

/** A flow that has no row yet. */
function newInHand(state: FlowState): FlowInHand {
  return {
    state,
    pk: null,
    summary: null,
    definition: null,
    unplaced: "",
    large: false,
    share: null,
    shape: null,
    searched: false,
    packed: 0,
  };
}
