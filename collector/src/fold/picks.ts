/** Which of two facts a flow keeps, and how many of a kind: what the fold and the union of two states pick by. */
import { LIMITS } from "@weir/sdk/attributes";
import type { Pause } from "../flow.ts";
import { setOwn } from "../set-own.ts";
import { compareMarks, compareText, compareValues, keepSmallest, latest, type Said } from "./order.ts";
import type { End, EventState, FlowFacts, Opening, Runner } from "./state.ts";

/** How many ends are kept beside the one that counts; see `FlowFacts.ends`. */
const ENDS_KEPT = 4;
const SERVICES_KEPT = 32;
const SPANS_KEPT = 8;

export function earlierOpening(a: Opening | null, b: Opening): Opening {
  if (a === null) return b;
  const order = compareMarks(a, b) || compareValues([a.service, a.instance], [b.service, b.instance]);
  return order <= 0 ? a : b;
}

export function laterRunner(a: Runner | null, { at, instance }: Runner): Runner {
  if (a === null) return { at, instance };
  return (a.at - at || compareText(a.instance ?? "", instance ?? "")) >= 0 ? a : { at, instance };
}

export function laterPause(a: Pause | null, b: Pause): Pause {
  if (a === null) return b;
  return (a.at - b.at || compareText(a.reason ?? "", b.reason ?? "")) >= 0 ? a : b;
}

export function earlierEvent(a: EventState, b: EventState): EventState {
  return (a.at - b.at || compareValues([a.name, a.attributes], [b.name, b.attributes])) <= 0 ? a : b;
}

export function addEnd(ends: End[], end: End): End[] {
  return keepSmallest(ends, end, ENDS_KEPT, compareEnds);
}

export function addService(services: string[], service: string): string[] {
  return keepSmallest(services, service, SERVICES_KEPT, compareText);
}

export function addSpan(spans: string[], span: string): string[] {
  return keepSmallest(spans, span, SPANS_KEPT, compareText);
}

/** To be followed by `trimLabels`, once for several. */
export function addLabel(labels: FlowFacts["labels"], key: string, label: Said<string>): void {
  const known = Object.hasOwn(labels, key) ? labels[key] : undefined;
  setOwn(labels, key, latest(known, label));
}

export function trimLabels(labels: FlowFacts["labels"]): void {
  const keys = Object.keys(labels);
  if (keys.length <= LIMITS.labels) return;
  for (const key of keys.sort(compareText).slice(LIMITS.labels)) delete labels[key];
}

function compareEnds(a: End, b: End): number {
  return compareMarks(a, b) || compareText(a.status, b.status) || compareValues(a.error, b.error);
}
