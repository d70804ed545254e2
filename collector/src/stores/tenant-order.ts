/** Customers in the order in which someone wants to see them, and pages of them. */
import type { Micros } from "../flow.ts";
import type { Page, TenantOrder } from "../store.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";

/** What the orders go by. */
export interface RankedTenant {
  tenant: string;
  stalled: number;
  lost: number;
  failingMore: unknown;
  lastActivityAt: Micros;
}

/** Rank, time and name: the orders differ in which of them they leave at 0. */
type Place = [rank: number, at: Micros, tenant: string];

export function pageOfTenants<T extends RankedTenant>(
  tenants: readonly T[],
  {
    order = "name",
    cursor,
    limit,
  }: { order?: TenantOrder | undefined; cursor?: string | undefined; limit: number },
): Page<T> {
  const after = cursor === undefined ? undefined : placeIn(cursor);
  const found = tenants
    .map((tenant) => ({ tenant, place: placeOf(tenant, order) }))
    .filter(({ place }) => after === undefined || compare(after, place) < 0)
    .sort((a, b) => compare(a.place, b.place));
  const last = found[limit - 1];
  return {
    items: found.slice(0, limit).map(({ tenant }) => tenant),
    nextCursor: found.length > limit && last !== undefined ? encodeCursor(last.place) : null,
  };
}

/** Marks a list by name behind a name. */
export function cursorAt(tenant: string): string {
  return encodeCursor([0, 0, tenant] satisfies Place);
}

/** The name behind which a list by name goes on. */
export function nameAt(cursor: string): string {
  return placeIn(cursor)[2];
}

function placeIn(cursor: string): Place {
  return decodeCursor(cursor, ["number", "number", "string"]) as Place;
}

function placeOf(tenant: RankedTenant, order: TenantOrder): Place {
  return [
    order === "attention" ? rankOf(tenant) : 0,
    order === "name" ? 0 : tenant.lastActivityAt,
    tenant.tenant,
  ];
}

function rankOf({ lost, stalled, failingMore }: RankedTenant): number {
  if (lost > 0) return 0;
  if (stalled > 0) return 1;
  return failingMore === null ? 3 : 2;
}

/** The latest first, within a rank. */
function compare(a: Place, b: Place): number {
  if (a[0] !== b[0]) return a[0] - b[0];
  if (a[1] !== b[1]) return b[1] - a[1];
  return compareTexts(a[2], b[2]);
}

/** By code points, as every store can: JavaScript compares halves of the characters beyond U+FFFF. */
function compareTexts(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1);
}
