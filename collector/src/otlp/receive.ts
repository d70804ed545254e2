/** Where all doors meet: decoded spans → observations → `accept`, and what the sender is told. */
import type { Observation } from "../observation.ts";
import type { Admit } from "./admit.ts";
import type { OtlpCounters } from "./counters.ts";
import type { RawResource, RawSpan } from "./raw-span.ts";
import type { Rejection } from "./rejection.ts";
import { addObservations, signOfLife } from "./to-observations.ts";

/** Resolves when the observations are durable; rejects when none of them is kept. */
export type Accept = (observations: Observation[]) => Promise<void>;

/** Nothing of it is set when all was taken. */
export interface PartialSuccess {
  rejectedSpans: number;
  errorMessage: string;
}

const REASONS_TOLD = 5;

export interface ReceiveOptions {
  accept: Accept;
  counters: OtlpCounters;
  /** What this sender may say. Default: everything. */
  admit?: Admit | undefined;
}

export async function receive(spans: RawSpan[], options: ReceiveOptions): Promise<PartialSuccess> {
  const { accept, counters, admit } = options;
  const observations: Observation[] = [];
  /** What the span at hand says. */
  const said: Observation[] = [];
  const rejections: Rejection[] = [];
  const resources = new Set<RawResource>();
  let ignored = 0;
  for (const span of spans) {
    said.length = 0;
    let outcome = addObservations(span, said);
    if (outcome === "taken") outcome = admit?.(said) ?? outcome;
    if (outcome === "taken" || outcome === "ignored") observations.push(...said);
    if (outcome === "taken" && !resources.has(span.resource)) {
      resources.add(span.resource);
      const life = signOfLife(span);
      if (life !== undefined) observations.push(life);
    }
    if (outcome === "ignored") ignored++;
    else if (outcome !== "taken") rejections.push(outcome);
  }
  if (observations.length > 0) await accept(observations);

  // After the commit: what was not kept will be sent, and counted, again.
  counters.accepted += spans.length - ignored - rejections.length;
  counters.ignored += ignored;
  for (const { reason } of rejections)
    counters.rejected.set(reason, (counters.rejected.get(reason) ?? 0) + 1);
  return { rejectedSpans: rejections.length, errorMessage: tell(rejections) };
}

/** The first few reasons, each with the number of its spans. */
function tell(rejections: Rejection[]): string {
  const counts = new Map<string, number>();
  for (const { message } of rejections) counts.set(message, (counts.get(message) ?? 0) + 1);
  const told = [...counts].slice(0, REASONS_TOLD).map(([message, count]) => `${message} (${count})`);
  if (counts.size > REASONS_TOLD) told.push(`and ${counts.size - REASONS_TOLD} more reasons`);
  return told.join("; ");
}
