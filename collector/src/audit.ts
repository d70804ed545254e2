/** The list of who changed what: who may use the collector, and what is set. */
import type { Micros } from "./flow.ts";

export interface AuditEntry {
  /** Grows with time: what a page of the list goes on from. */
  number: number;
  at: Micros;
  /** Who did it, such as `key 4k2m9x1q`, `command line`. */
  by: string;
  action: "key.create" | "key.revoke" | "share.create" | "share.revoke" | "settings.change";
  /** Id of the key or the link; `settings`. */
  subject: string;
  tenant: string | null;
  detail: string;
}

export interface AuditQuery {
  tenant: string | null;
  limit: number;
  /** Only older ones than this number. */
  before?: number | undefined;
}

/** Who does something, and when: for the audit list. */
export interface Act {
  by: string;
  at: Micros;
}
