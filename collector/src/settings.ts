/**
 * What can be set while the collector runs, from the page: kept in the store's file, and noted in the audit list. What a
 * flag sets is fixed for as long as the process runs: who reads how it was started can rely on it.
 */
import type { Act } from "./audit.ts";

export interface Settings {
  /** Where a flow's trace can be seen: a URL with `{traceId}` in it; `null`: nowhere. */
  traceLink: string | null;
  /** Flow name → milliseconds after which an open flow of that name is stalled. */
  stalledAfter: ReadonlyMap<string, number>;
}

/** What is absent stays as it is; of `stalledAfter` each name that is not named, too, and `null` takes one away. */
export interface SettingsChange {
  traceLink?: string | null | undefined;
  stalledAfter?: ReadonlyMap<string, number | null> | undefined;
}

/** Names with a limit of their own. */
export const MOST_STALLED_LIMITS = 1_000;

export interface SettingsStore {
  settings(): Promise<Settings>;
  /** On the disk, with its line in the audit list, when it resolves. @throws {WeirError} `invalid_argument` over the bound. */
  changeSettings(change: SettingsChange, act: Act): Promise<void>;
}

const LONGEST_LINK = 2_000;
const PLACE = "{traceId}";

/** Completes "expected …". */
export const TRACE_LINK_TAKES = `an http or https URL with ${PLACE} in it, such as https://jaeger.example.com/trace/${PLACE}`;

/** @returns `undefined` for what is no such URL: it becomes a link on a page, so that no other scheme may be in it. */
export function readTraceLink(text: string): string | undefined {
  if (text.length > LONGEST_LINK || !text.includes(PLACE)) return undefined;
  const url = URL.parse(text.replaceAll(PLACE, "0".repeat(32)));
  return url?.protocol === "https:" || url?.protocol === "http:" ? text : undefined;
}
