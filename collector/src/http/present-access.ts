/** Keys, links and audit entries → JSON. No hash leaves. */
import type { KeyRecord, ShareRecord } from "../access.ts";
import type { AuditEntry } from "../audit.ts";
import { time, timeOrNull } from "./present.ts";
import type * as Json from "./schemas.ts";

export function presentKey(key: KeyRecord): Json.Key {
  return {
    id: key.id,
    role: key.role,
    tenant: key.tenant,
    name: key.name,
    createdAt: time(key.createdAt),
    createdBy: key.createdBy,
    expiresAt: timeOrNull(key.expiresAt),
    revokedAt: timeOrNull(key.revokedAt),
    lastUsedAt: timeOrNull(key.lastUsedAt),
  };
}

export function presentShare(share: ShareRecord): Json.Share {
  return {
    id: share.id,
    tenant: share.tenant,
    flowId: share.flowId,
    name: share.name,
    redact: share.redact,
    createdAt: time(share.createdAt),
    createdBy: share.createdBy,
    expiresAt: time(share.expiresAt),
  };
}

export function presentAudit({ at, by, action, subject, tenant, detail }: AuditEntry): Json.AuditEntry {
  return { at: time(at), by, action, subject, tenant, detail };
}
