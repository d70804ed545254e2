/** Observations of many flows → what they amount to, flow by flow: a message can be folded before anyone knows its flows. */
import { type FlowKey, keyText } from "../flow.ts";
import type { Observation, SpanLinked } from "../observation.ts";
import { begin, observe } from "./fold.ts";
import type { FlowState } from "./state.ts";

/** A process was heard of. */
export interface Heard {
  instance: string;
  service: string | null;
  /** Milliseconds between two heartbeats; `null` where it was no heartbeat that was heard. */
  intervalMs: number | null;
}

/** What observations amount to. */
export interface Gathered {
  /** Each flow once, as far as these observations know it: `merge` it with what is known besides. */
  flows: Iterable<FlowState>;
  /** In their order, each once. */
  heard: Heard[];
  links: SpanLinked[];
}

export function gather(observations: readonly Observation[]): Gathered {
  const flows = new Map<string, FlowState>();
  const heard = new HeardOnce();
  const links: SpanLinked[] = [];
  let recent: { key: FlowKey; state: FlowState } | undefined;
  for (const observation of observations) {
    if (observation.kind === "span-linked") {
      links.push(observation);
      continue;
    }
    heard.add(heardIn(observation));
    if (observation.kind === "heartbeat") continue;
    const key = observation.flow;
    // Neighbours are mostly about the same flow.
    if (recent === undefined || recent.key.id !== key.id || recent.key.tenant !== key.tenant) {
      const name = keyText(key);
      const state = flows.get(name) ?? begin(observation);
      flows.set(name, state);
      recent = { key, state };
    }
    observe(recent.state, observation);
  }
  return { flows: flows.values(), heard: heard.all(), links };
}

/** Any word from a process is a sign of life; a heartbeat also tells when to expect the next. */
export function heardIn(observation: Exclude<Observation, SpanLinked>): Heard | undefined {
  const { instance, service } = observation;
  if (instance === null) return undefined;
  return { instance, service, intervalMs: observation.kind === "heartbeat" ? observation.intervalMs : null };
}

class HeardOnce {
  readonly #heard = new Map<string, Heard>();
  #last: Heard | undefined;

  /** One that is heard again is the last. */
  add(heard: Heard | undefined): void {
    if (heard === undefined || (this.#last !== undefined && isSame(heard, this.#last))) return;
    const mark = JSON.stringify([heard.instance, heard.service, heard.intervalMs]);
    this.#heard.delete(mark);
    this.#heard.set(mark, heard);
    this.#last = heard;
  }

  all(): Heard[] {
    return [...this.#heard.values()];
  }
}

function isSame(a: Heard, b: Heard): boolean {
  return a.instance === b.instance && a.service === b.service && a.intervalMs === b.intervalMs;
}
