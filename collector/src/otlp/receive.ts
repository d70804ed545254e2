/** Where all doors meet: decoded spans → observations → `accept`, and what the sender is told. */
import { WeirError } from "../errors.ts";
import type { Observation } from "../observation.ts";
import type { Admit } from "./admit.ts";
import type { OtlpCounters } from "./counters.ts";
import type { Limiter } from "./limits/limiter.ts";
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
  /** Holds tenants to their limits. Default: none. */
  limiter?: Limiter | undefined;
}

export async function receive(spans: RawSpan[], options: ReceiveOptions): Promise<PartialSuccess> {
  const { accept, counters, admit, limiter } = options;
  const admission = limiter?.admission();
  const observations: Observation[] = [];
  /** What the span at hand says. */
  const said: Observation[] = [];
  const rejections: Rejection[] = [];
  const resources = new Set<RawResource>();
  let ignored = 0;

  /** Asks of one span; gives it back where that has to wait. */
  const take = (span: RawSpan): boolean => {
    said.length = 0;
    let outcome: ReturnType<typeof addObservations> | "later" = addObservations(span, said);
    if (outcome === "taken") outcome = admit?.(said) ?? admission?.admit(said) ?? outcome;
    if (outcome === "later") return false;
    if (outcome === "taken" || outcome === "ignored") observations.push(...said);
    if (outcome === "taken" && !resources.has(span.resource)) {
      resources.add(span.resource);
      const life = signOfLife(span);
      if (life !== undefined) observations.push(life);
    }
    if (outcome === "ignored") ignored++;
    else if (outcome !== "taken") rejections.push(outcome);
    return true;
  };

  let kept = false;
  try {
    let later = spans.filter((span) => !take(span));
    while (later.length > 0) {
      await admission?.learn();
      later = later.filter((span) => !take(span));
    }
    if (observations.length > 0) await accept(observations);
    kept = true;
  } catch (cause) {
    // Whatever the cause, what can't be kept now may be later: the sender shall try again.
    if (cause instanceof WeirError) throw cause;
    throw new WeirError("unavailable", "the store did not keep the spans; send them again", { cause });
  } finally {
    admission?.settle(kept);
  }

  // After the commit: what was not kept will be sent, and counted, again.
  counters.accepted += spans.length - ignored - rejections.length;
  counters.ignored += ignored;
  for (const { reason } of rejections)
    counters.rejected.set(reason, (counters.rejected.get(reason) ?? 0) + 1);
  return {
    rejectedSpans: rejections.length,
    errorMessage: tell([...countBy(rejections), ...(admission?.leftOut ?? [])]),
  };
}

function countBy(rejections: Rejection[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { message } of rejections) counts.set(message, (counts.get(message) ?? 0) + 1);
  return counts;
}

/** The first few reasons, each with how often it holds. */
function tell(counts: [message: string, count: number][]): string {
  const told = counts.slice(0, REASONS_TOLD).map(([message, count]) => `${message} (${count})`);
  if (counts.length > REASONS_TOLD) told.push(`and ${counts.length - REASONS_TOLD} more reasons`);
  return told.join("; ");
}
