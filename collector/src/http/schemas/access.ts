/** Who may do what, as the API gives it: keys, links, and the list of who did what. */
import { type Static, Type } from "typebox";
import { Cursor, Nullable, Time } from "./parts.ts";

const Role = Type.Union([Type.Literal("admin"), Type.Literal("ingest"), Type.Literal("read")]);

/** Answer of `GET /me`. */
export const Me = Type.Object({
  role: Role,
  tenant: Nullable(Type.String({ description: "the only tenant that is seen and sent; null: all" })),
  via: Type.Union([Type.Literal("open"), Type.Literal("key"), Type.Literal("session")]),
  key: Nullable(Type.Object({ id: Type.String(), name: Nullable(Type.String()) })),
  notice: Nullable(Type.String({ description: "set while nobody is asked for a key" })),
});

export type Me = Static<typeof Me>;

export const Key = Type.Object({
  id: Type.String(),
  role: Role,
  tenant: Nullable(Type.String()),
  name: Nullable(Type.String()),
  createdAt: Time,
  createdBy: Type.String(),
  expiresAt: Nullable(Time),
  revokedAt: Nullable(Time),
  lastUsedAt: Nullable(Time),
});

export type Key = Static<typeof Key>;

export const Keys = Type.Object({ keys: Type.Array(Key) });

export const MadeKey = Type.Object({
  ...Key.properties,
  key: Type.String({ description: "the key itself: in this answer and never again" }),
});

export type MadeKey = Static<typeof MadeKey>;

export const Share = Type.Object({
  id: Type.String(),
  tenant: Type.String(),
  flowId: Nullable(Type.String()),
  name: Nullable(Type.String()),
  redact: Type.Boolean(),
  createdAt: Time,
  createdBy: Type.String(),
  expiresAt: Time,
});

export type Share = Static<typeof Share>;

export const Shares = Type.Object({ shares: Type.Array(Share) });

export const MadeShare = Type.Object({
  ...Share.properties,
  path: Type.String({ description: "the link without its host, /s/<token>: in this answer and never again" }),
});

export type MadeShare = Static<typeof MadeShare>;

/** What a link shows. */
export const Shared = Type.Object({
  tenant: Type.String(),
  flowId: Nullable(Type.String()),
  name: Nullable(Type.String()),
  redact: Type.Boolean(),
  expiresAt: Time,
});

export type Shared = Static<typeof Shared>;

export const AuditEntry = Type.Object({
  at: Time,
  by: Type.String(),
  action: Type.Union([
    Type.Literal("key.create"),
    Type.Literal("key.revoke"),
    Type.Literal("share.create"),
    Type.Literal("share.revoke"),
    Type.Literal("settings.change"),
  ]),
  subject: Type.String({ description: "id of the key or the link; `settings`" }),
  tenant: Nullable(Type.String()),
  detail: Type.String(),
});

export type AuditEntry = Static<typeof AuditEntry>;

export const AuditPage = Type.Object({ entries: Type.Array(AuditEntry), nextCursor: Cursor });

export type AuditPage = Static<typeof AuditPage>;
