/** What became of the spans that came, since the process started. */
import type { Reason } from "./rejection.ts";

export interface OtlpCounters {
  accepted: number;
  /** Spans that are none of Weir's. */
  ignored: number;
  rejected: Map<Reason, number>;
}

export function createCounters(): OtlpCounters {
  return { accepted: 0, ignored: 0, rejected: new Map() };
}
