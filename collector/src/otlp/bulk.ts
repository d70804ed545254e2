/**
 * How much one request may hold: read, a span of two bytes takes a hundred times its size, so a bound on bytes alone
 * would be none on memory. Far above what a sender puts into a batch.
 */
import { WeirError } from "../errors.ts";
import type { RawSpan } from "./raw-span.ts";

const MOST_SPANS = 200_000;
export const MOST_VALUES = 4_000_000;

/** @throws {WeirError} `too_large` */
export function addSpan(spans: RawSpan[], span: RawSpan): void {
  if (spans.length === MOST_SPANS) throw tooMany(MOST_SPANS, "spans");
  spans.push(span);
}

export function tooManyValues(): WeirError {
  return tooMany(MOST_VALUES, "values");
}

function tooMany(most: number, what: string): WeirError {
  return new WeirError("too_large", `expected at most ${most} ${what} in a request; send smaller batches`);
}
