/** Observations into folded state, at once. */
import { WeirError } from "../errors.ts";
import { type FlowEvent, keyText, type Micros, type Step } from "../flow.ts";
import { begin, eventsOf, type FlowState, link, observe, type Picture, picture } from "../fold/index.ts";
import type { Observation, SpanLinked } from "../observation.ts";
import type { Kept, KeptFlow } from "./kept.ts";
import { removeOldest } from "./prune.ts";

/** The spans of one piece of work arrive within this time of each other, or its tree stays flatter. */
const LINKS_KEPT_US = 3600 * 1e6;
const MOST_LINKS = 100_000;
const MOST_INSTANCES = 10_000;

export interface Changed {
  flow: KeptFlow;
  steps: Step[];
  /** Of which nothing was known before. */
  events: FlowEvent[];
}

interface Touched {
  state: FlowState;
  steps: Set<string>;
  /** Events of which nothing was known before. */
  noted: Set<string>;
}

/**
 * @param most flows, steps and events to keep; beyond, the oldest of the flows that have ended make room.
 * @throws {WeirError} `overloaded` where all that is kept is still open; nothing is taken then.
 */
export function append(
  kept: Kept,
  observations: readonly Observation[],
  { now, most }: { now: Micros; most: number },
): Changed[] {
  if (kept.parts >= most) removeOldest(kept, most * 0.9);
  if (kept.parts >= most) {
    throw new WeirError(
      "overloaded",
      "the memory store is full of flows that are still open: send it again later",
    );
  }
  const touched = new Map<string, Touched>();
  for (const observation of observations) {
    if (observation.kind === "span-linked") {
      addLink(kept, observation, now);
      for (const key of kept.waitingFor(observation.spanId)) wake(kept, touched, key);
      continue;
    }
    hear(kept, observation, now);
    if (observation.kind === "heartbeat") continue;
    const key = keyText(observation.flow);
    let entry = touched.get(key);
    if (entry === undefined) {
      entry = { state: kept.flows.get(key)?.state ?? begin(observation), steps: new Set(), noted: new Set() };
      touched.set(key, entry);
    }
    if (observation.kind === "event-noted" && !entry.state.events.has(observation.spanId)) {
      entry.noted.add(observation.spanId);
    }
    observe(entry.state, observation);
    if ("stepId" in observation) entry.steps.add(observation.stepId);
  }
  return [...touched].map(([key, { state, steps, noted }]) => {
    const drawn = draw(kept, state);
    return {
      flow: kept.put(key, state, drawn),
      steps: drawn.steps.filter((step) => steps.has(step.id)),
      events: eventsOf(state, noted),
    };
  });
}

/** Its steps may find their place now; all of them are told of, for any may have moved. */
function wake(kept: Kept, touched: Map<string, Touched>, key: string): void {
  const state = kept.flows.get(key)?.state;
  if (state === undefined || touched.has(key)) return;
  touched.set(key, { state, steps: new Set(state.steps.keys()), noted: new Set() });
}

/** The picture, with all links in the state that are known and of use to it. */
function draw(kept: Kept, state: FlowState): Picture {
  for (;;) {
    const now = picture(state);
    let learned = false;
    for (const spanId of now.unplaced) {
      const known = kept.links.get(spanId);
      if (known !== undefined && link(state, { spanId, parentSpanId: known.parent })) learned = true;
    }
    if (!learned) return now;
  }
}

function addLink({ links }: Kept, { spanId, parentSpanId }: SpanLinked, now: Micros): void {
  const known = links.get(spanId);
  // Of two the smaller, whichever came first.
  const parent = known !== undefined && known.parent < parentSpanId ? known.parent : parentSpanId;
  links.set(spanId, { parent, at: known?.at ?? now });
  // In the order of arrival: the oldest are in front.
  for (const [span, { at }] of links) {
    if (links.size <= MOST_LINKS && at >= now - LINKS_KEPT_US) break;
    links.delete(span);
  }
}

/** Any word from a process is a sign of life; a heartbeat also tells when to expect the next. */
function hear({ instances }: Kept, said: Exclude<Observation, SpanLinked>, now: Micros): void {
  const { instance } = said;
  if (instance === null) return;
  const intervalMs =
    said.kind === "heartbeat" ? said.intervalMs : (instances.get(instance)?.intervalMs ?? null);
  const service = said.service ?? instances.get(instance)?.service ?? null;
  instances.delete(instance);
  instances.set(instance, { heardAt: now, intervalMs, service });
  const [longestSilent] = instances.keys();
  if (instances.size > MOST_INSTANCES && longestSilent !== undefined) instances.delete(longestSilent);
}
