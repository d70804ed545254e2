/** Keys, log-ins, links and the audit list, in the file of the flows, by a connection of their own. */
import type { AccessStore, KeyRecord, SessionRecord, ShareRecord } from "../access.ts";
import type { Act, AuditEntry, AuditQuery } from "../audit.ts";
import type { Micros } from "../flow.ts";
import type { StalledLimits } from "../health.ts";
import { ask } from "./file/ask.ts";
import { openDatabase } from "./file/open.ts";
import { Fresh } from "./fresh.ts";
import { limitsInForce, settingsRows } from "./settings.ts";

export interface SqliteAccessOptions {
  /** The database file; made where it is not there yet. */
  path: string;
  /** Milliseconds to wait for another program that writes. */
  busyTimeoutMs?: number;
  /** Hears, in one line, what an operator should know: that an older file is brought up. */
  warn?: (line: string) => void;
}

export interface SqliteAccess extends AccessStore {
  /** The limits that hold, where `fixed` ones win: for a store that has no file to find them in. */
  limitsInForce(fixed: StalledLimits): StalledLimits;
}

const MOST_LISTED = 1_000;
const SESSIONS_PER_KEY = 100;
const AUDIT_KEPT = 10_000;
/** A link that no longer works is known for this long, in microseconds: 30 days. */
const DEAD_SHARE_KEPT = 30 * 86_400 * 1_000_000;

const KEY = `id, role, tenant, name, hash, created_at AS createdAt, created_by AS createdBy, expires_at AS expiresAt,
  revoked_at AS revokedAt, last_used_at AS lastUsedAt`;
const SHARE = `id, hash, tenant, flow_id AS flowId, name, redact, created_at AS createdAt, created_by AS createdBy,
  expires_at AS expiresAt, revoked_at AS revokedAt`;

type ShareRow = Omit<ShareRecord, "redact"> & { redact: number };

/**
 * Opens it; several processes may at the same time.
 *
 * @throws {WeirError} `unavailable` where the file can't be opened, with the reason and what to do.
 * @example const access = openSqliteAccess({ path: "./data/weir.db" });
 */
export function openSqliteAccess({ path, busyTimeoutMs = 1_000, warn }: SqliteAccessOptions): SqliteAccess {
  const db = openDatabase(path, { busyTimeoutMs, durability: "full", warn });
  db.pragma("cache_size = -1024");
  const keys = new Fresh<KeyRecord>(db);
  const sessions = new Fresh<SessionRecord>(db);

  const anyKey = db.prepare<[], number>("SELECT EXISTS (SELECT 1 FROM keys)").pluck();
  const selectKey = db.prepare<[string], KeyRecord>(`SELECT ${KEY} FROM keys WHERE id = ?`);
  const listKeys = db.prepare<[string | null, number], KeyRecord>(
    `SELECT ${KEY} FROM keys WHERE tenant IS coalesce(?, tenant) ORDER BY created_at DESC, id LIMIT ?`,
  );
  const insertKey = db.prepare<[KeyRecord]>(
    `INSERT INTO keys VALUES (@id, @role, @tenant, @name, @hash, @createdAt, @createdBy, @expiresAt, @revokedAt,
       @lastUsedAt)`,
  );
  const revokeKey = db.prepare<[Micros, string]>(
    "UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
  );
  const useKey = db.prepare<[Micros, string]>("UPDATE keys SET last_used_at = ? WHERE id = ?");

  const selectSession = db.prepare<[string], SessionRecord>(
    `SELECT hash, key_id AS keyId, created_at AS createdAt, expires_at AS expiresAt FROM sessions WHERE hash = ?`,
  );
  const insertSession = db.prepare<[SessionRecord]>(
    "INSERT INTO sessions VALUES (@hash, @keyId, @createdAt, @expiresAt)",
  );
  const deleteSession = db.prepare<[string]>("DELETE FROM sessions WHERE hash = ?");
  const deleteSessionsOf = db.prepare<[string]>("DELETE FROM sessions WHERE key_id = ?");
  const deleteExpired = db.prepare<[Micros]>("DELETE FROM sessions WHERE expires_at <= ?");
  const deleteOldest = db.prepare<[string, number]>(
    `DELETE FROM sessions WHERE hash IN
       (SELECT hash FROM sessions WHERE key_id = ? ORDER BY created_at DESC LIMIT -1 OFFSET ?)`,
  );

  const selectShare = db.prepare<[string], ShareRow>(`SELECT ${SHARE} FROM shares WHERE id = ?`);
  const listShares = db.prepare<[string | null, Micros, number], ShareRow>(
    `SELECT ${SHARE} FROM shares WHERE tenant = coalesce(?, tenant) AND revoked_at IS NULL AND expires_at > ?
     ORDER BY created_at DESC, id LIMIT ?`,
  );
  const insertShare = db.prepare<[ShareRow]>(
    `INSERT INTO shares VALUES (@id, @hash, @tenant, @flowId, @name, @redact, @createdAt, @createdBy, @expiresAt,
       @revokedAt)`,
  );
  const revokeShare = db.prepare<[Micros, string]>(
    "UPDATE shares SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
  );
  const deleteDeadShares = db.prepare<[Micros, Micros]>(
    "DELETE FROM shares WHERE expires_at <= ? OR revoked_at <= ?",
  );

  const insertAudit = db.prepare<[Omit<AuditEntry, "number">]>(
    `INSERT INTO audit (at, by, action, subject, tenant, detail)
     VALUES (@at, @by, @action, @subject, @tenant, @detail)`,
  );
  const trimAudit = db.prepare<[number]>(
    "DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - ?",
  );
  const listAudit = db.prepare<[string | null, number, number], AuditEntry>(
    `SELECT number, at, by, action, subject, tenant, detail FROM audit
     WHERE tenant IS coalesce(?, tenant) AND number < ? ORDER BY number DESC LIMIT ?`,
  );

  const settings = settingsRows(db);

  /** One commit; what is remembered of before is forgotten. */
  function write<T>(change: () => T): Promise<T> {
    return ask(() => {
      try {
        return db.transaction(change).immediate();
      } finally {
        keys.forget();
        sessions.forget();
      }
    });
  }

  function note(entry: Omit<AuditEntry, "number">): void {
    insertAudit.run(entry);
    trimAudit.run(AUDIT_KEPT);
  }

  function insert(key: KeyRecord): void {
    insertKey.run(key);
    const { id: subject, createdBy: by, createdAt: at, role, tenant, name } = key;
    note({
      at,
      by,
      action: "key.create",
      subject,
      tenant,
      detail: name === null ? role : `${role}, ${name}`,
    });
  }

  return {
    hasKeys: () => ask(() => anyKey.get() === 1),
    key: (id) => ask(() => keys.get(id, () => selectKey.get(id))),
    keys: (tenant) => ask(() => listKeys.all(tenant, MOST_LISTED)),
    addKey: (key) => write(() => insert(key)),
    addFirstKey: (key) =>
      write(() => {
        if (anyKey.get() === 1) return false;
        insert(key);
        return true;
      }),
    revokeKey: (id, { by, at }: Act) =>
      write(() => {
        const key = selectKey.get(id);
        if (key === undefined || revokeKey.run(at, id).changes === 0) return;
        deleteSessionsOf.run(id);
        note({ at, by, action: "key.revoke", subject: id, tenant: key.tenant, detail: key.role });
      }),
    noteUse: (used) =>
      write(() => {
        for (const [id, at] of used) useKey.run(at, id);
      }),

    session: (hash) => ask(() => sessions.get(hash, () => selectSession.get(hash))),
    addSession: (session) =>
      write(() => {
        deleteExpired.run(session.createdAt);
        deleteOldest.run(session.keyId, SESSIONS_PER_KEY - 1);
        insertSession.run(session);
      }),
    removeSession: (hash) => write(() => void deleteSession.run(hash)),

    share: (id) =>
      ask(() => {
        const row = selectShare.get(id);
        return row && shareOf(row);
      }),
    shares: (tenant, now) => ask(() => listShares.all(tenant, now, MOST_LISTED).map(shareOf)),
    addShare: (share) =>
      write(() => {
        const { createdAt: at, createdBy: by, id: subject, tenant } = share;
        deleteDeadShares.run(at - DEAD_SHARE_KEPT, at - DEAD_SHARE_KEPT);
        insertShare.run({ ...share, redact: share.redact ? 1 : 0 });
        note({ at, by, action: "share.create", subject, tenant, detail: detailOf(share) });
      }),
    revokeShare: (id, { by, at }: Act) =>
      write(() => {
        const share = selectShare.get(id);
        if (share === undefined || revokeShare.run(at, id).changes === 0) return;
        const { tenant } = share;
        note({ at, by, action: "share.revoke", subject: id, tenant, detail: detailOf(share) });
      }),

    audit: ({ tenant, limit, before = Number.MAX_SAFE_INTEGER }: AuditQuery) =>
      ask(() => listAudit.all(tenant, before, limit)),

    settings: () => ask(() => settings.read()),
    changeSettings: (change, { by, at }) =>
      write(() => {
        for (const detail of settings.change(change)) {
          note({ at, by, action: "settings.change", subject: "settings", tenant: null, detail });
        }
      }),
    limitsInForce: (fixed) => limitsInForce(db, fixed),

    async close() {
      db.close();
    },
  };
}

function shareOf(row: ShareRow): ShareRecord {
  return { ...row, redact: row.redact === 1 };
}

function detailOf({ flowId, name }: Pick<ShareRecord, "flowId" | "name">): string {
  return flowId === null ? `flows named ${name}` : `flow ${flowId}`;
}
