/** What keeps parts of deliveries back until they are complete: what joins and batches are to the queue of a job. */
import type { Delivery } from "./delivery.ts";

/** What came of a part. */
export type Gathered =
  | { readonly kind: "kept" }
  /** To be handled now. */
  | { readonly kind: "complete"; readonly delivery: Delivery }
  /** Its join has gone on without it. */
  | { readonly kind: "late" };

/** Given up as it is. `error`: it fails without being handled. */
export interface Released {
  readonly delivery: Delivery;
  readonly error: Error | undefined;
}

export interface Gatherer {
  add(part: Delivery): Gathered;
  /** What it gave to be handled is finished. */
  settled(delivery: Delivery): void;
  /**
   * A part of a job that is taken up again, in the order in which they were sent. @param as `"again"`: it comes anew; `"late"`: its join
   * had gone on without it, which may not be finished itself
   */
  known(part: Delivery, as: "finished" | "late" | "again"): void;
  /** What has waited long enough. @param now or, with Infinity, what has waited at all, as nothing more can come */
  release(now: number): Released[];
  /** When something will have waited long enough, in milliseconds since the epoch; `undefined`: nothing does by time. */
  nextAt(): number | undefined;
  /** What waits has just begun to: a pause took the time. */
  restart(): void;
  /** All that is kept back. */
  kept(): Delivery[];
  /**
   * What has to be known of parts that were finished, as plain data, and how it is taken up again. The others are to be added
   * anew, also those of a delivery that is not settled.
   */
  data(): unknown;
  load(data: unknown): void;
}

export const KEPT: Gathered = { kind: "kept" };

/** The last one stands for all: its number is the delivery's. */
export function together(parts: readonly Delivery[], payload: unknown): Delivery {
  const last = parts.at(-1) as Delivery;
  const live = parts.some((part) => part.live);
  return { ...last, edge: undefined, payload, live, parts, turns: mostTurns(parts) };
}

/** Each went round its cycles for itself; the most of them counts. */
function mostTurns(parts: readonly Delivery[]): Delivery["turns"] {
  const most: Record<string, number> = {};
  for (const { turns } of parts)
    for (const [edge, times] of Object.entries(turns ?? {})) most[edge] = Math.max(most[edge] ?? 0, times);
  return Object.keys(most).length === 0 ? undefined : most;
}
