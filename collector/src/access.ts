/**
 * Who may use the collector: keys, log-ins made from them, shared links, and the list of who made and revoked what.
 * Of every secret only the SHA-256 hash is here.
 *
 * The contract of what keeps them. Its promises:
 *
 * - What one process has written (`weir keys revoke`) every other sees at its next question; no answer is from before.
 * - What changes who may do what is on the disk, with its line in the audit list, when the call resolves.
 * - Lists are bounded; the oldest lines of the audit list give way.
 */
import type { Act, AuditEntry, AuditQuery } from "./audit.ts";
import type { Micros } from "./flow.ts";
import type { SettingsStore } from "./settings.ts";

/** `ingest` may only send, `read` may only read, `admin` may do both and manage keys and links. */
export type Role = "admin" | "ingest" | "read";

export const ROLES: readonly Role[] = ["admin", "ingest", "read"];

export interface KeyRecord {
  /** Public: stands in the key itself, in lists and in the audit list. */
  id: string;
  role: Role;
  /** Bound to this tenant, for sending and for reading; `null`: to none. */
  tenant: string | null;
  /** What it is for, in its maker's words. */
  name: string | null;
  hash: Buffer;
  createdAt: Micros;
  createdBy: string;
  expiresAt: Micros | null;
  revokedAt: Micros | null;
  /** Up to a minute old. */
  lastUsedAt: Micros | null;
}

/** A browser that logged in with a key; ends with the key, or sooner. */
export interface SessionRecord {
  /** Hex, of the cookie's value. */
  hash: string;
  keyId: string;
  createdAt: Micros;
  expiresAt: Micros;
}

/** A link that shows one flow, or one tenant's flows of one name, to whoever has it. */
export interface ShareRecord {
  id: string;
  hash: Buffer;
  tenant: string;
  /** What it shows: exactly one of these is not `null`. */
  flowId: string | null;
  name: string | null;
  /** Whether labels, attributes, services and error texts are left out. */
  redact: boolean;
  createdAt: Micros;
  createdBy: string;
  expiresAt: Micros;
  revokedAt: Micros | null;
}

export interface AccessStore extends SettingsStore {
  /** Whether a key was ever made: revoked and expired ones count, so that a revocation never opens the door. */
  hasKeys(): Promise<boolean>;
  key(id: string): Promise<KeyRecord | undefined>;
  /** Newest first, at most 1,000. Of one tenant where it is not `null`. */
  keys(tenant: string | null): Promise<KeyRecord[]>;
  addKey(key: KeyRecord): Promise<void>;
  /** Adds it where there is none yet, and says whether it did: of two processes that start at once one does. */
  addFirstKey(key: KeyRecord): Promise<boolean>;
  /** Also ends the log-ins made from it. Nothing happens to one that is revoked already. */
  revokeKey(id: string, act: Act): Promise<void>;
  /** Notes that keys were used, by id. */
  noteUse(used: ReadonlyMap<string, Micros>): Promise<void>;

  session(hash: string): Promise<SessionRecord | undefined>;
  /** Expired ones give way, and the oldest of this key where it has 100. */
  addSession(session: SessionRecord): Promise<void>;
  removeSession(hash: string): Promise<void>;

  share(id: string): Promise<ShareRecord | undefined>;
  /** Those that still work, newest first, at most 1,000. Of one tenant where it is not `null`. */
  shares(tenant: string | null, now: Micros): Promise<ShareRecord[]>;
  addShare(share: ShareRecord): Promise<void>;
  revokeShare(id: string, act: Act): Promise<void>;

  /** Newest first; the latest 10,000 are kept. Of one tenant where it is not `null`. */
  audit(query: AuditQuery): Promise<AuditEntry[]>;

  close(): Promise<void>;
}
