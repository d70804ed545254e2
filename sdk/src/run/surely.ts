/** Asking a journal until it answers. */
import { diagnose } from "../diagnostics.ts";
import { realClock } from "./clock.ts";
import { JournalUnavailable } from "./errors/journal-unavailable.ts";
import { LeaseLost } from "./errors/lease-lost.ts";
import type { Journal, Lease } from "./journal.ts";
import { never } from "./never.ts";

/** A run that this process has. */
export interface Leased {
  readonly journal: Journal;
  readonly lease: Lease;
  /** Aborted when nobody waits any more for what the journal has not answered. */
  readonly closed: AbortSignal;
  /** Called when another process has the run: nothing more can be written. */
  lost(): void;
}

/** Between two tries while the journal can't be reached. */
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2000;

/**
 * Asks until there is an answer: work that was done and could not be noted would be done again by whoever comes next.
 * What is no longer this process' to write is never answered, so that the work which waits for it goes no further.
 *
 * @example
 * await surely(leased, (journal, lease) => journal.write(lease, entry));
 */
export async function surely<T>(
  { journal, lease, closed, lost }: Leased,
  ask: (journal: Journal, lease: Lease) => Promise<T>,
): Promise<T> {
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 2, LONGEST_DELAY_MS)) {
    try {
      return await ask(journal, lease);
    } catch (error) {
      if (error instanceof LeaseLost) lost();
      if (error instanceof LeaseLost || closed.aborted) return await never();
      if (!(error instanceof JournalUnavailable)) throw error;
      diagnose(
        "journal-unavailable",
        `run ${lease.runId} waits for its journal. ${error.message}`,
        journal.name,
      );
      await realClock.sleep(delay, closed).catch(() => {});
    }
  }
}
