/**
 * One server-sent event stream, gathered into batches: a page that hears of two hundred changes a second draws
 * four times, not two hundred.
 */
import type { FlowSummary, StepChange } from "@weir/collector/schemas";
import { flowKey } from "./patch.ts";

export type LiveState = "connecting" | "live" | "reconnecting";

export interface Batch {
  /** The latest of each flow that changed, by `flowKey`. */
  flows: ReadonlyMap<string, FlowSummary>;
  /** The latest of each step that changed. */
  steps: readonly StepChange[];
  /** Events were missed: what is shown must be fetched again. */
  resync: boolean;
}

export interface StreamHandlers {
  onBatch(batch: Batch): void;
  onState(state: LiveState): void;
  /** The answer was no stream: it is tried again, but someone may want to know why. */
  onRefused(): void;
}

const batchEvery = 250;
/** Over this many waiting changes (a tab asleep), what waits is dropped and fetched again instead. */
const mostWaiting = 5_000;
const firstRetry = 1_000;
const longestRetry = 30_000;

/** Opens a stream and keeps it open; returns what closes it. */
export function openStream(url: string, handlers: StreamHandlers): () => void {
  let source: EventSource | undefined;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let batchTimer: ReturnType<typeof setTimeout> | undefined;
  let retryIn = firstRetry;
  let flows = new Map<string, FlowSummary>();
  let steps = new Map<string, StepChange>();
  let resync = false;

  function connect(): void {
    source = new EventSource(url);
    source.onopen = () => {
      retryIn = firstRetry;
      handlers.onState("live");
      // What happened since the page fetched its data, or since the last stream stopped, has told nobody.
      noteResync();
    };
    source.onerror = () => {
      handlers.onState("reconnecting");
      // The browser tries again by itself, save after an answer that is no stream.
      if (source?.readyState !== EventSource.CLOSED) return;
      handlers.onRefused();
      retryTimer = setTimeout(connect, retryIn);
      retryIn = Math.min(retryIn * 2, longestRetry);
    };
    source.addEventListener("flow", ({ data }) => {
      const flow = JSON.parse(data) as FlowSummary;
      flows.set(flowKey(flow), flow);
      schedule();
    });
    source.addEventListener("step", ({ data }) => {
      const change = JSON.parse(data) as StepChange;
      steps.set(JSON.stringify([change.tenant, change.flowId, change.step.id]), change);
      schedule();
    });
    source.addEventListener("resync", noteResync);
  }

  function noteResync(): void {
    resync = true;
    schedule();
  }

  function schedule(): void {
    if (flows.size + steps.size > mostWaiting) {
      flows.clear();
      steps.clear();
      resync = true;
    }
    batchTimer ??= setTimeout(flush, batchEvery);
  }

  function flush(): void {
    const batch = { flows, steps: [...steps.values()], resync };
    batchTimer = undefined;
    flows = new Map();
    steps = new Map();
    resync = false;
    handlers.onBatch(batch);
  }

  connect();
  return () => {
    source?.close();
    clearTimeout(retryTimer);
    clearTimeout(batchTimer);
  };
}
