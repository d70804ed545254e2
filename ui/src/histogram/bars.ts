/** Where the bars of a histogram stand. Pure: counts in, shares of the width and height out. */
import type { FlowHistogram, Status } from "@weir/collector/schemas";

export type Bucket = FlowHistogram["buckets"][number];

/** From the ground up: what failed stands on it, so that its bars can be compared. */
export const stacked = ["failed", "running", "paused", "cancelled", "succeeded"] as const satisfies Status[];

export interface Bar {
  bucket: Bucket;
  total: number;
  /** Left edge, of a width of 1. */
  x: number;
  width: number;
  /** From the ground up, of a height of 1; those of nothing are left out. */
  parts: { status: Status; y: number; height: number }[];
}

export interface Scale {
  /** Milliseconds since 1970 at the left and the right edge. */
  start: number;
  end: number;
  bucketMs: number;
}

export function totalOf(bucket: Bucket): number {
  return stacked.reduce((sum, status) => sum + bucket[status], 0);
}

/** The edges are whole buckets. */
export function scaleOf({ from, to, bucketMs, buckets }: FlowHistogram): Scale {
  const first = Date.parse(buckets[0]?.at ?? from ?? "");
  const last = Date.parse(buckets.at(-1)?.at ?? to ?? "");
  const start = from === null ? first : Math.min(first, floor(Date.parse(from), bucketMs, first));
  const end = Math.max(last + bucketMs, to === null ? 0 : Date.parse(to));
  return { start, end: start + Math.max(1, Math.ceil((end - start) / bucketMs)) * bucketMs, bucketMs };
}

export function barsOf({ buckets }: FlowHistogram, { start, end, bucketMs }: Scale): Bar[] {
  const most = Math.max(1, ...buckets.map(totalOf));
  return buckets.map((bucket) => {
    const parts: Bar["parts"] = [];
    let y = 0;
    for (const status of stacked) {
      const height = bucket[status] / most;
      if (height > 0) parts.push({ status, y, height });
      y += height;
    }
    return {
      bucket,
      total: totalOf(bucket),
      x: (Date.parse(bucket.at) - start) / (end - start),
      width: bucketMs / (end - start),
      parts,
    };
  });
}

/** The whole buckets between two places of the width, in whichever order. */
export function spanOf({ start, end, bucketMs }: Scale, a: number, b: number): { from: number; to: number } {
  const at = (share: number) => (Math.min(1, Math.max(0, share)) * (end - start)) / bucketMs;
  const first = Math.min(Math.floor(at(Math.min(a, b))), Math.round((end - start) / bucketMs) - 1);
  const behind = Math.max(first + 1, Math.ceil(at(Math.max(a, b))));
  return { from: start + first * bucketMs, to: start + behind * bucketMs };
}

/** The begin of the bucket that a time lies in, counted from the begin of any of them. */
function floor(time: number, bucketMs: number, anyBucket: number): number {
  return anyBucket + Math.floor((time - anyBucket) / bucketMs) * bucketMs;
}
