/** What a server does by itself: every few minutes it deletes what is older than it is to keep. */
import type { Store } from "../store.ts";
import { outdated, type RetentionPolicy } from "./policy.ts";
import { type Clock, sweep } from "./sweep.ts";

const EVERY_MS = 10 * 60_000;
/** Ingest and questions come first. */
const SHARE = 0.1;

export interface RetentionOptions {
  store: Pick<Store, "prune">;
  policy: RetentionPolicy;
  clock: Clock;
  /** Hears, in one line, why a round was given up. */
  warn: (line: string) => void;
}

/**
 * Begins at once, where the policy deletes anything at all.
 *
 * @returns what ends it; resolves when nothing of it goes on.
 * @example
 * const stop = keepRetention({ store, policy, clock: SYSTEM_CLOCK, warn });
 */
export function keepRetention({ store, policy, clock, warn }: RetentionOptions): () => Promise<void> {
  const end = new AbortController();
  const { signal } = end;
  const done = run();
  return () => {
    end.abort();
    return done;
  };

  async function run(): Promise<void> {
    if (outdated(policy, clock.now()).length === 0) return;
    while (!signal.aborted) {
      try {
        for (const query of outdated(policy, clock.now())) {
          await sweep(store, query, { clock, share: SHARE, signal });
        }
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        warn(`retention: ${reason}: it is tried again in ${EVERY_MS / 60_000} minutes`);
      }
      await clock.sleep(EVERY_MS, signal).catch(() => undefined);
    }
  }
}
