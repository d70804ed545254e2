/** Keeps messages that were decoded and folded elsewhere, by the same limits as those that an ingest takes whole. */

import type { Limiter } from "./limits/limiter.ts";
import type { Need } from "./limits/needs.ts";
import { orLater } from "./or-later.ts";

/** What has to be known of such a message. */
export interface Keepable {
  /** How many it is of. */
  observations: number;
  /** What it needs of whose limits. */
  needs: readonly Need[];
}

export interface KeeperOptions<M extends Keepable> {
  /** Resolves when it is durable; rejects when nothing of it is kept. */
  accept: (message: M) => Promise<void>;
  limiter: Limiter | undefined;
  /** Hears, in one line, what an operator should know. */
  warn: (line: string) => void;
}

export interface Keeper<M extends Keepable> {
  /**
   * Resolves when the message is durable: `true`. Where a tenant of it is near a limit nothing of it is kept: `false`.
   * Which of its spans are over the limit only an ingest can tell, span by span.
   *
   * @throws {WeirError} `overloaded` or `unavailable`
   */
  keep(message: M): Promise<boolean>;
}

export function createKeeper<M extends Keepable>({ accept, limiter, warn }: KeeperOptions<M>): Keeper<M> {
  return {
    async keep(message) {
      const admission = limiter?.admission();
      let kept = false;
      try {
        if (admission !== undefined && !(await orLater(admission.admitAll(message.needs), warn)))
          return false;
        if (message.observations > 0) await orLater(accept(message), warn);
        kept = true;
        return true;
      } finally {
        admission?.settle(kept);
      }
    },
  };
}
