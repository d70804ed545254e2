/** What became of the spans of one request. */
import type { OtlpCounters } from "./counters.ts";
import type { Reason, Rejection } from "./rejection.ts";

/** What the sender is told. Nothing of it is set when all was taken. */
export interface PartialSuccess {
  rejectedSpans: number;
  errorMessage: string;
}

/** Plain data. */
export interface Receipt {
  accepted: number;
  /** Spans that are none of Weir's. */
  ignored: number;
  partial: PartialSuccess;
  /** How many of the rejected spans there are for each reason. */
  rejected: [Reason, number][];
}

const REASONS_TOLD = 5;

/** @param spans how many there were. */
export function receiptOf(spans: number, ignored: number, rejections: Rejection[]): Receipt {
  return {
    accepted: spans - ignored - rejections.length,
    ignored,
    partial: { rejectedSpans: rejections.length, errorMessage: tell(rejections) },
    rejected: [...countBy(rejections, ({ reason }) => reason)],
  };
}

export function count(counters: OtlpCounters, { accepted, ignored, rejected }: Receipt): void {
  counters.accepted += accepted;
  counters.ignored += ignored;
  for (const [reason, spans] of rejected) {
    counters.rejected.set(reason, (counters.rejected.get(reason) ?? 0) + spans);
  }
}

/** The first few reasons, each with the number of its spans. */
function tell(rejections: Rejection[]): string {
  if (rejections.length === 0) return "";
  const counts = countBy(rejections, ({ message }) => message);
  const told = [...counts].slice(0, REASONS_TOLD).map(([message, spans]) => `${message} (${spans})`);
  if (counts.size > REASONS_TOLD) told.push(`and ${counts.size - REASONS_TOLD} more reasons`);
  return told.join("; ");
}

function countBy<T, K>(items: T[], keyOf: (item: T) => K): Map<K, number> {
  const counts = new Map<K, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
