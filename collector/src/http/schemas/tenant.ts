/** Customers, as the API gives them. */
import { type Static, Type } from "typebox";
import { Cursor, Nullable, Rate, Time } from "./parts.ts";

export const TenantSummary = Type.Object({
  tenant: Type.String(),
  running: Type.Integer(),
  failed: Type.Integer(),
  stalled: Type.Integer(),
  lost: Type.Integer(),
  lastActivityAt: Time,
  history: Type.Array(
    Type.Object({
      day: Time,
      succeeded: Type.Integer(),
      failed: Type.Integer(),
      cancelled: Type.Integer(),
      running: Type.Integer(),
    }),
  ),
  failingMore: Nullable(Type.Object({ failed: Type.Integer(), finished: Type.Integer(), usualRate: Rate })),
});

export type TenantSummary = Static<typeof TenantSummary>;

export const TenantPage = Type.Object({
  tenants: Type.Array(TenantSummary),
  nextCursor: Cursor,
  complete: Type.Boolean({
    description: "false: there are more than could be looked at in time; never so in the order of names",
  }),
});

export type TenantPage = Static<typeof TenantPage>;
