/**
 * What the doors hand on: the bytes of a message → spans → observations → the store, and what became of them.
 *
 * Bytes, not spans, and nothing but plain data, so that all of this can run on another thread than the doors: decoding
 * and folding are most of its work.
 */
import type { LimitFigures } from "../limits.ts";
import type { Observation } from "../observation.ts";
import { type Admit, admitFor } from "./admit.ts";
import type { Delivery } from "./delivery.ts";
import type { Limiter } from "./limits/limiter.ts";
import { orLater } from "./or-later.ts";
import { decode, Understanding } from "./reading.ts";
import { type Receipt, receiptOf } from "./receipt.ts";

export interface Ingest {
  /**
   * Resolves when what is to be kept of it is durable; rejects when nothing of it is kept.
   *
   * @throws {WeirError} `invalid_argument` for what can't be parsed; `overloaded` or `unavailable` where it may be
   * sent again later.
   */
  take(delivery: Delivery): Promise<Receipt>;
  /** Which tenants came to limits of theirs, since it began. */
  limits(): Promise<LimitFigures>;
}

export interface IngestOptions {
  /** Resolves when the observations are durable; rejects when none of them is kept. */
  accept: (observations: Observation[]) => Promise<void>;
  /** What anyone may say. Default: everything. */
  admit?: Admit | undefined;
  /** Holds tenants to what they may use. Default: no limits. */
  limiter?: Limiter | undefined;
  /** Hears, in one line, what an operator should know. Default: nobody. */
  warn?: (line: string) => void;
}

/** An ingest that does its work where it is called. */
export function createIngest({ accept, admit, limiter, warn = () => {} }: IngestOptions): Ingest {
  return {
    async take(delivery) {
      let spans = decode(delivery);
      const { length } = spans;
      const mayBeSaid = admitFor(delivery, admit);
      const admission = limiter?.admission();
      let kept = false;
      try {
        const understanding = new Understanding(mayBeSaid, admission);
        // As they came they are needed no longer: held until the commit, all of them would outlive the young garbage.
        spans = spans.filter((span) => !understanding.take(span));
        while (spans.length > 0) {
          if (admission !== undefined) await orLater(admission.learn(), warn);
          spans = spans.filter((span) => !understanding.take(span));
        }
        const { observations, ignored, rejections, leftOut } = understanding;
        if (observations.length > 0) await orLater(accept(observations), warn);
        kept = true;
        return receiptOf(length, ignored, rejections, [...leftOut, ...(admission?.leftOut ?? [])]);
      } finally {
        admission?.settle(kept);
      }
    },
    limits: async () => limiter?.reached.figures() ?? { reached: [], counts: new Map() },
  };
}
