/** A collector with real stores in a folder of its own, two customers' flows in it, and keys of every kind. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { AccessStore, Role } from "../src/access.ts";
import type { Attempts } from "../src/auth/attempts.ts";
import type { OpenWhen } from "../src/auth/gate.ts";
import { makeKey } from "../src/auth/keys.ts";
import type { Micros } from "../src/flow.ts";
import { openSqliteAccess } from "../src/sqlite/access.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import type { Store } from "../src/store.ts";
import { type AppOptions, createApp } from "./created-app.ts";
import { aSpan, jsonBody } from "./otlp-support.ts";

/** 2026-11-22T10:00:00.000Z */
export const NOW = 1_795_341_600_000_000;
export const DAY = 86_400_000_000;

export interface Guarded {
  url: string;
  path: string;
  app: FastifyInstance;
  access: AccessStore;
  store: Store;
  /** The clock, to be moved. */
  clock: { now: Micros };
  key(role: Role, tenant?: string | null, expiresIn?: Micros | null): Promise<string>;
  fetch(path: string, key?: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export async function startGuarded(
  openWhen: OpenWhen,
  { attempts, ...options }: Partial<AppOptions> & { attempts?: Attempts } = {},
): Promise<Guarded> {
  const folder = mkdtempSync(join(tmpdir(), "weir-access-"));
  const path = join(folder, "weir.db");
  const clock = { now: NOW };
  const store = openSqliteStore({ path, now: () => clock.now });
  const access = openSqliteAccess({ path });
  const app = createApp({
    store,
    auth: { access, openWhen, ...(attempts && { attempts }) },
    now: () => clock.now,
    ...options,
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return {
    url,
    path,
    app,
    access,
    store,
    clock,
    async key(role, tenant = null, expiresIn = null) {
      const wish = { role, tenant, name: null, expiresIn };
      return (await makeKey(access, wish, { by: "test", at: clock.now })).text;
    },
    fetch: (route, key, init = {}) => {
      const headers = { ...init.headers, ...(key !== undefined && { authorization: `Bearer ${key}` }) };
      return fetch(url + route, { redirect: "manual", ...init, headers });
    },
    async close() {
      // `fetch` opens a connection to spare where one was broken off, and Node waits for a first request on it.
      app.server.closeAllConnections();
      await app.close();
      await access.close();
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A flow span as an OTLP request. */
export function flowBody(tenant: string, id: string, more: Record<string, string> = {}): RequestInit {
  const attributes = {
    "weir.kind": "flow",
    "weir.tenant": tenant,
    "weir.flow.id": id,
    "weir.flow.name": `${tenant}-import`,
    "weir.label.owner": `${tenant}-label`,
    ...more,
  };
  const spanId = Buffer.from(id.padEnd(8).slice(0, 8)).toString("hex");
  const body = jsonBody([aSpan({ spanId, attributes })]).toString();
  return { method: "POST", headers: { "content-type": "application/json" }, body };
}

export function json(method: string, body: unknown): RequestInit {
  return { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
