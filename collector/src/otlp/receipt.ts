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

/**
 * @param spans how many there were.
 * @param leftOut what was left out of spans that were taken: why, and how often.
 */
export function receiptOf(
  spans: number,
  ignored: number,
  rejections: Rejection[],
  leftOut: [why: string, times: number][] = [],
): Receipt {
  return {
    accepted: spans - ignored - rejections.length,
    ignored,
    partial: { rejectedSpans: rejections.length, errorMessage: tell(rejections, leftOut) },
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

/** The first few reasons, each with how often it holds. */
function tell(rejections: Rejection[], leftOut: [why: string, times: number][]): string {
  if (rejections.length === 0 && leftOut.length === 0) return "";
  const reasons = [...countBy(rejections, ({ message }) => message), ...leftOut];
  const told = reasons.slice(0, REASONS_TOLD).map(([message, times]) => `${message} (${times})`);
  if (reasons.length > REASONS_TOLD) told.push(`and ${reasons.length - REASONS_TOLD} more reasons`);
  return told.join("; ");
}

function countBy<T, K>(items: T[], keyOf: (item: T) => K): Map<K, number> {
  const counts = new Map<K, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
