/** What can be set while the collector runs, who may come in, and how the collector itself is. */
import { queryOptions } from "@tanstack/react-query";
import type { AuditEntry, Key, MadeKey, Server, Settings, Share } from "@weir/collector/schemas";
import { get, segment, send } from "./client.ts";
import { keys } from "./keys.ts";

const serverEvery = 5_000;

export interface SettingsChange {
  traceLink?: string | null;
  stalledAfter?: { name: string; limitMs: number | null }[];
}

export interface KeyWish {
  role: Key["role"];
  tenant: string | null;
  name: string | null;
  expiresIn: string | null;
}

export function settingsQuery() {
  return queryOptions({
    queryKey: keys.settings,
    queryFn: ({ signal }) => get<Settings>("/settings", undefined, signal),
    staleTime: 60_000,
  });
}

export function changeSettings(change: SettingsChange): Promise<Settings> {
  return send<Settings>("PATCH", "/settings", change);
}

export function serverQuery() {
  return queryOptions({
    queryKey: keys.server,
    queryFn: ({ signal }) => get<Server>("/server", undefined, signal),
    refetchInterval: serverEvery,
  });
}

export function keysQuery() {
  return queryOptions({
    queryKey: keys.keys,
    queryFn: async ({ signal }) => (await get<{ keys: Key[] }>("/keys", undefined, signal)).keys,
  });
}

export function makeKey(wish: KeyWish): Promise<MadeKey> {
  return send<MadeKey>("POST", "/keys", wish);
}

export function revokeKey(id: string): Promise<void> {
  return send<void>("DELETE", `/keys/${segment(id)}`);
}

/** Links to all customers. */
export function allSharesQuery() {
  return queryOptions({
    queryKey: keys.allShares,
    queryFn: async ({ signal }) => (await get<{ shares: Share[] }>("/shares", undefined, signal)).shares,
  });
}

/** The last things that admins did. */
export function auditQuery() {
  return queryOptions({
    queryKey: keys.audit,
    queryFn: async ({ signal }) =>
      (await get<{ entries: AuditEntry[] }>("/audit", new URLSearchParams({ limit: "20" }), signal)).entries,
  });
}
