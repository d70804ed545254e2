/**
 * Every route × every kind of key × own, other and no tenant × open and closed. The routes are the application's own
 * list: one that is added without a line in `ROUTES` fails here, one without a rule keeps the server from starting.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Attempts } from "../src/auth/attempts.ts";
import { makeKey } from "../src/auth/keys.ts";
import { mint } from "../src/auth/secret.ts";
import { makeShare } from "../src/auth/shares.ts";
import { DAY, flowBody, type Guarded, json, NOW, startGuarded } from "./access-support.ts";
import { createApp } from "./created-app.ts";
import { createFakeStore } from "./fake-store.ts";

const OWN = "acme-corp";
const OTHER = "globex";

type Kind = "public" | "send" | "read" | "read-all" | "admin" | "admin-all" | "key" | "page";

interface Case {
  kind: Kind;
  /** What is asked; `tenant`: of whom. */
  ask(
    tenant: string,
    weir: Guarded,
  ): Promise<[path: string, init?: RequestInit]> | [path: string, init?: RequestInit];
  /** What one gets who may. Default 200. */
  status?: number;
  /** What one gets who is bound to another tenant. Default: the same, without anything of the other. */
  foreign?: number;
}

const act = { by: "test", at: NOW };
const newKey = (weir: Guarded, tenant: string) =>
  makeKey(weir.access, { role: "read", tenant, name: null, expiresIn: null }, act);
const newShare = (weir: Guarded, tenant: string) =>
  makeShare(weir.access, { tenant, flowId: "flow-1", name: null, expiresIn: DAY, redact: false }, act);

const ROUTES: Record<string, Case> = {
  "GET /healthz": { kind: "public", ask: () => ["/healthz"] },
  "GET /readyz": { kind: "key", ask: () => ["/readyz"] },
  "POST /v1/traces": { kind: "send", ask: (tenant) => ["/v1/traces", flowBody(tenant, "sent-1")] },
  "POST /v1/logs": { kind: "send", ask: () => ["/v1/logs", json("POST", {})] },
  "POST /v1/metrics": { kind: "send", ask: () => ["/v1/metrics", json("POST", {})] },
  "ALL /v1/*": { kind: "send", ask: () => ["/v1/profiles", json("POST", {})], status: 404 },
  "GET /api/v1/me": { kind: "key", ask: () => ["/api/v1/me"] },
  "GET /api/v1/tenants": { kind: "read", ask: (tenant) => [`/api/v1/tenants?q=${tenant}`] },
  "GET /api/v1/flows": { kind: "read", ask: (tenant) => [`/api/v1/flows?tenant=${tenant}`] },
  "GET /api/v1/flows/count": { kind: "read", ask: (tenant) => [`/api/v1/flows/count?tenant=${tenant}`] },
  "GET /api/v1/tenants/:tenant/flows": {
    kind: "read",
    ask: (tenant) => [`/api/v1/tenants/${tenant}/flows`],
    foreign: 404,
  },
  "GET /api/v1/tenants/:tenant/flows/:id": {
    kind: "read",
    ask: (tenant) => [`/api/v1/tenants/${tenant}/flows/flow-1`],
    foreign: 404,
  },
  "GET /api/v1/tenants/:tenant/flows/:id/stages": {
    kind: "read",
    ask: (tenant) => [`/api/v1/tenants/${tenant}/flows/flow-1/stages`],
    foreign: 404,
  },
  "GET /api/v1/stats": { kind: "read", ask: (tenant) => [`/api/v1/stats?tenant=${tenant}&groupBy=name`] },
  "GET /api/v1/stats/errors": { kind: "read", ask: (tenant) => [`/api/v1/stats/errors?tenant=${tenant}`] },
  "GET /api/v1/flows/histogram": {
    kind: "read",
    ask: (tenant) => [`/api/v1/flows/histogram?tenant=${tenant}`],
  },
  "GET /api/v1/stuck": { kind: "read", ask: (tenant) => [`/api/v1/stuck?tenant=${tenant}`] },
  "GET /api/v1/names": { kind: "read", ask: (tenant) => [`/api/v1/names?tenant=${tenant}`] },
  "GET /api/v1/labels": { kind: "read", ask: (tenant) => [`/api/v1/labels?tenant=${tenant}`] },
  "GET /api/v1/limits": { kind: "read", ask: (tenant) => [`/api/v1/limits?tenant=${tenant}`] },
  "GET /api/v1/openapi.json": { kind: "key", ask: () => ["/api/v1/openapi.json"] },
  "GET /docs": { kind: "page", ask: () => ["/docs"] },
  "GET /docs.css": { kind: "public", ask: () => ["/docs.css"] },
  ...Object.fromEntries(
    ["flows", "tenants", "stuck", "stats", "stats/errors"].flatMap((list) =>
      ["csv", "ndjson"].map((ending): [string, Case] => {
        const path = `/api/v1/${list}.${ending}`;
        const kind = "read";
        const filter = list === "tenants" ? "q" : "tenant";
        return [`GET ${path}`, { kind, ask: (tenant) => [`${path}?${filter}=${tenant}`] }];
      }),
    ),
  ),
  "GET /metrics": { kind: "read-all", ask: () => ["/metrics"] },
  "GET /api/v1/stream": { kind: "read", ask: (tenant) => [`/api/v1/stream?tenant=${tenant}`], foreign: 404 },
  "GET /api/v1/keys": { kind: "admin", ask: () => ["/api/v1/keys"] },
  "POST /api/v1/keys": {
    kind: "admin",
    ask: (tenant) => ["/api/v1/keys", json("POST", { role: "read", tenant })],
    status: 201,
    foreign: 403,
  },
  "DELETE /api/v1/keys/:id": {
    kind: "admin",
    ask: async (tenant, weir) => [
      `/api/v1/keys/${(await newKey(weir, tenant)).key.id}`,
      { method: "DELETE" },
    ],
    status: 204,
    foreign: 404,
  },
  "GET /api/v1/audit": { kind: "admin", ask: () => ["/api/v1/audit?limit=500"] },
  "GET /api/v1/shares": { kind: "admin", ask: (tenant) => [`/api/v1/shares?tenant=${tenant}`] },
  "POST /api/v1/shares": {
    kind: "admin",
    ask: (tenant) => ["/api/v1/shares", json("POST", { tenant, flowId: "flow-1", expiresIn: "1d" })],
    status: 201,
    foreign: 403,
  },
  "DELETE /api/v1/shares/:id": {
    kind: "admin",
    ask: async (tenant, weir) => [
      `/api/v1/shares/${(await newShare(weir, tenant)).share.id}`,
      { method: "DELETE" },
    ],
    status: 204,
    foreign: 404,
  },
  "GET /api/v1/settings": { kind: "read", ask: () => ["/api/v1/settings"] },
  "PATCH /api/v1/settings": {
    kind: "admin-all",
    ask: () => ["/api/v1/settings", json("PATCH", { stalledAfter: [{ name: "import", limitMs: 60_000 }] })],
  },
  "GET /api/v1/server": { kind: "read-all", ask: () => ["/api/v1/server"] },
  "GET /api/v1/shared/:token": { kind: "public", ask: () => ["/api/v1/shared/nonsense"], status: 404 },
  "GET /api/v1/shared/:token/flows": {
    kind: "public",
    ask: () => ["/api/v1/shared/nonsense/flows"],
    status: 404,
  },
  "GET /api/v1/shared/:token/flows/:id": {
    kind: "public",
    ask: () => ["/api/v1/shared/nonsense/flows/flow-1"],
    status: 404,
  },
  "GET /login": { kind: "public", ask: () => ["/login"] },
  "POST /login": {
    kind: "public",
    ask: () => ["/login", { method: "POST", body: new URLSearchParams({ key: "nonsense" }) }],
    status: 401,
  },
  "GET /login.css": { kind: "public", ask: () => ["/login.css"] },
  "POST /logout": { kind: "public", ask: () => ["/logout", { method: "POST" }], status: 303 },
  "GET /s/:token": { kind: "public", ask: () => ["/s/nonsense"] },
  "GET /s/:token/flows/:id": { kind: "public", ask: () => ["/s/nonsense/flows/flow-1"] },
  "GET /*": { kind: "page", ask: () => ["/"] },
};

const MAY: Record<Kind, readonly string[]> = {
  public: ["ingest", "read", "admin"],
  key: ["ingest", "read", "admin"],
  send: ["ingest", "admin"],
  read: ["read", "admin"],
  "read-all": ["read", "admin"],
  page: ["read", "admin"],
  admin: ["admin"],
  "admin-all": ["admin"],
};

/** Of log-in: in an open collector one is in already. */
const OPEN_STATUS: Record<string, number> = { "GET /login": 303 };

const pageDir = mkdtempSync(join(tmpdir(), "weir-matrix-"));
writeFileSync(join(pageDir, "index.html"), "<title>The page</title>");
/** Where each attempt comes an hour after the last. */
let hours = 0;
const attempts = new Attempts(() => ++hours * 3_600_000);
let closed: Guarded;
let open: Guarded;
let keys: Record<string, string> = {};

beforeAll(async () => {
  [closed, open] = await Promise.all([
    startGuarded("never", { pageDir, attempts }),
    startGuarded("no-keys", { pageDir, attempts }),
  ]);
  const admin = await closed.key("admin");
  for (const tenant of [OWN, OTHER]) {
    await closed.fetch("/v1/traces", admin, flowBody(tenant, "flow-1"));
    await open.fetch("/v1/traces", undefined, flowBody(tenant, "flow-1"));
  }
  const ended = await closed.key("admin");
  await closed.access.revokeKey(ended.split("_")[2] as string, { by: "test", at: NOW });
  keys = {
    ingest: await closed.key("ingest"),
    read: await closed.key("read"),
    admin,
    "ingest, bound": await closed.key("ingest", OWN),
    "read, bound": await closed.key("read", OWN),
    "admin, bound": await closed.key("admin", OWN),
    "admin, expired": await closed.key("admin", null, 1),
    "admin, revoked": ended,
    "admin, of another collector": mint("weir_admin").text,
    "admin, one letter off": admin.slice(0, -1) + (admin.endsWith("0") ? "1" : "0"),
    "read, made to look like admin": (await closed.key("read")).replace("read", "admin"),
  };
  closed.clock.now = NOW + 1_000;
});

afterAll(async () => {
  await Promise.all([closed.close(), open.close()]);
  rmSync(pageDir, { recursive: true });
});

/** Every route by method and path, without those that only say 405 or that a GET brings with it. */
function routesOf({ app }: Guarded): string[] {
  return app.routeRules
    .filter(({ config }) => !config?.refusesMethod)
    .flatMap(({ method, url }) => {
      const methods = [method].flat();
      return methods.length > 2 ? [`ALL ${url}`] : methods.map((each) => `${each} ${url}`);
    })
    .filter((route) => !route.startsWith("HEAD "))
    .sort();
}

async function ask(weir: Guarded, route: string, key: string | undefined, tenant: string) {
  const [path, init] = await (ROUTES[route] as Case).ask(tenant, weir);
  const response = await weir.fetch(path, key, init);
  // The stream does not end; what it says is tested with the stream.
  if (route.endsWith("/stream")) await response.body?.cancel();
  return { status: response.status, text: route.endsWith("/stream") ? "" : await response.text() };
}

test("every route of the application has its line here, and there is none that it has not", () => {
  expect(routesOf(closed)).toEqual(Object.keys(ROUTES).sort());
});

test("a route that does not say who may use it keeps the server from starting", async () => {
  const app = createApp({ store: createFakeStore() });
  app.get("/forgotten", async () => "anything");
  await expect(app.ready()).rejects.toThrow("GET /forgotten does not say who may use it");
});

test("what is nowhere says so only to who may ask", async () => {
  for (const path of ["/api/v1/nothing", "/assets/gone.js?x"]) {
    const asset = path.startsWith("/assets");
    expect((await closed.fetch(path)).status).toBe(asset ? 404 : 401);
    expect((await closed.fetch(path, keys["read"])).status).toBe(404);
  }
  expect((await closed.fetch("/nothing", undefined, { method: "POST" })).status).toBe(401);
});

describe.each(Object.entries(ROUTES))("%s", (route, { kind, status = 200, foreign = status }) => {
  test("closed: not without a key that works", async () => {
    const refused = kind === "page" ? 303 : kind === "public" ? status : 401;
    const bad = [undefined, "nonsense", ...Object.keys(keys).filter((name) => /admin, |look/.test(name))];
    for (const name of bad) {
      if (name === "admin, bound") continue;
      const got = await ask(closed, route, name === undefined ? name : (keys[name] ?? name), OWN);
      expect([name, got.status]).toEqual([name, refused]);
    }
  });

  test("closed: each role, bound and not, for its own and for others", async () => {
    for (const role of ["ingest", "read", "admin"]) {
      const may = MAY[kind].includes(role);
      for (const tenant of [OWN, OTHER]) {
        const free = await ask(closed, route, keys[role], tenant);
        expect([role, tenant, free.status]).toEqual([role, tenant, may ? status : 403]);
        const bound = await ask(closed, route, keys[`${role}, bound`], tenant);
        const expected = !may || kind.endsWith("-all") ? 403 : tenant === OWN ? status : foreign;
        expect([role, "bound", tenant, bound.status]).toEqual([role, "bound", tenant, expected]);
        // Nothing of the other customer but the name that was asked for.
        expect(bound.text).not.toMatch(/globex-import|globex-label|"tenant":"globex"/);
      }
    }
  });

  test("HEAD asks as much as GET", async () => {
    if (!route.startsWith("GET ") || kind === "public") return;
    const [path] = await (ROUTES[route] as Case).ask(OWN, closed);
    const { status: got } = await closed.fetch(path, undefined, { method: "HEAD" });
    expect(got).toBe(kind === "page" ? 303 : 401);
  });

  test("no other method gets further", async () => {
    const [path] = await (ROUTES[route] as Case).ask(OWN, closed);
    for (const method of ["PUT", "PATCH", "OPTIONS"]) {
      const { status: got } = await closed.fetch(path, undefined, { method });
      expect([method, got]).toEqual([method, kind === "public" ? 405 : 401]);
    }
  });

  test("open: everyone, with whatever key", async () => {
    // The first key closes it: that has a test of its own.
    if (/^(POST|DELETE) .*keys/.test(route)) return;
    for (const key of [undefined, "nonsense"]) {
      for (const tenant of [OWN, OTHER]) {
        expect((await ask(open, route, key, tenant)).status).toBe(OPEN_STATUS[route] ?? status);
      }
    }
  });
});
