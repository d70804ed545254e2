import { setTimeout as sleep } from "node:timers/promises";
import type { Metadata } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { confinedTo } from "../src/auth/confined.ts";
import { idIn } from "../src/auth/secret.ts";
import { createGrpcDoor } from "../src/otlp/grpc.ts";
import { openSqliteAccess } from "../src/sqlite/access.ts";
import { DAY, flowBody, type Guarded, json, NOW, startGuarded } from "./access-support.ts";
import { aFlow, createFakeStore } from "./fake-store.ts";
import { aSpan, jsonBody, protobufBody } from "./otlp-support.ts";
import { outcomeOf, RawGrpc } from "./raw-grpc.ts";

let weir: Guarded;
let admin: string;
beforeEach(async () => {
  weir = await startGuarded("never");
  admin = await weir.key("admin");
});
afterEach(() => weir.close());

async function ask<T>(path: string, key: string | undefined = admin, init?: RequestInit): Promise<T> {
  return (await (await weir.fetch(`/api/v1${path}`, key, init)).json()) as T;
}

interface Made {
  id: string;
  key: string;
  path: string;
  error: { message: string };
}

describe("keys", () => {
  test("are made, listed without what opens doors, and revoked at once", async () => {
    const wish = { role: "ingest", tenant: "acme-corp", name: "the importer", expiresIn: "90d" };
    const made = await ask<Made>("/keys", admin, json("POST", wish));
    expect(made).toMatchObject({
      role: "ingest",
      tenant: "acme-corp",
      name: "the importer",
      createdAt: "2026-11-22T10:00:00.000Z",
      createdBy: `key ${idIn(admin)}`,
      expiresAt: "2027-02-20T10:00:00.000Z",
      revokedAt: null,
      lastUsedAt: null,
    });
    expect((await weir.fetch("/v1/traces", made.key, flowBody("acme-corp", "flow-1"))).status).toBe(200);
    const list = await weir.fetch("/api/v1/keys", admin);
    const text = await list.text();
    expect(text).toContain(made.id);
    expect(text).not.toContain(made.key.split("_").at(-1));
    expect(text).not.toContain("hash");

    expect((await weir.fetch(`/api/v1/keys/${made.id}`, admin, { method: "DELETE" })).status).toBe(204);
    expect((await weir.fetch("/v1/traces", made.key, flowBody("acme-corp", "flow-2"))).status).toBe(401);
    const { entries } = await ask<{ entries: { action: string; by: string }[] }>("/audit?limit=2");
    expect(entries.map(({ action }) => action)).toEqual(["key.revoke", "key.create"]);
  });

  test("another process's revocation holds at the next request", async () => {
    const key = await weir.key("read");
    expect((await weir.fetch("/api/v1/flows", key)).status).toBe(200);
    const other = openSqliteAccess({ path: weir.path });
    await other.revokeKey(idIn(key) as string, { by: "command line", at: NOW });
    await other.close();
    expect((await weir.fetch("/api/v1/flows", key)).status).toBe(401);
  });

  test.each([
    [{}, "role: expected one of admin, ingest, read, got nothing"],
    [{ role: "root" }, 'role: expected one of admin, ingest, read, got "root"'],
    [{ role: "read", tenant: "" }, 'tenant: expected text of 1 to 256 characters, got ""'],
    [{ role: "read", tenant: 7 }, "tenant: expected text of 1 to 256 characters, got 7"],
    [{ role: "read", name: "x".repeat(101) }, "name: expected text of 1 to 100 characters"],
    [{ role: "read", expiresIn: "soon" }, "expiresIn: expected a time such as 30m, 12h, 90d or 2w"],
    [{ role: "read", expiresIn: "0m" }, "expiresIn: expected a time such as 30m, 12h, 90d or 2w"],
    [{ role: "read", admin: true }, 'the body: expected only role, tenant, name, expiresIn, got "admin"'],
    [[], "the body: expected a JSON object, got []"],
  ])("%j is 400", async (body, message) => {
    const response = await weir.fetch("/api/v1/keys", admin, json("POST", body));
    expect(response.status).toBe(400);
    expect(((await response.json()) as Made).error.message).toContain(message);
  });

  test("no JSON is 415, broken JSON 400, too much 413", async () => {
    expect((await weir.fetch("/api/v1/keys", admin, { method: "POST", body: "role=admin" })).status).toBe(
      415,
    );
    const post = (body: string) =>
      weir.fetch("/api/v1/keys", admin, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
    expect((await post("{")).status).toBe(400);
    expect((await post(JSON.stringify({ role: "x".repeat(20_000) }))).status).toBe(413);
  });

  test("an admin of one tenant makes and sees keys of this tenant", async () => {
    const bound = await weir.key("admin", "acme-corp");
    const made = await ask<Made & { tenant: string }>("/keys", bound, json("POST", { role: "admin" }));
    expect(made.tenant).toBe("acme-corp");
    const { keys } = await ask<{ keys: { tenant: string }[] }>("/keys", bound);
    expect(keys.map(({ tenant }) => tenant)).toEqual(["acme-corp", "acme-corp"]);
    expect((await weir.fetch(`/api/v1/keys/${idIn(admin)}`, bound, { method: "DELETE" })).status).toBe(404);
  });

  test("a span of another tenant is rejected by itself, and its neighbour is kept", async () => {
    const key = await weir.key("ingest", "acme-corp");
    const identity = { "weir.kind": "flow", "weir.flow.name": "data_import" };
    const spans = ["acme-corp", "globex"].map((tenant, n) =>
      aSpan({
        spanId: `00f067aa0ba902b${n}`,
        attributes: { ...identity, "weir.tenant": tenant, "weir.flow.id": "flow-1" },
      }),
    );
    const body = { ...flowBody("x", "x"), body: jsonBody(spans).toString() };
    const response = await weir.fetch("/v1/traces", key, body);
    expect(await response.json()).toEqual({
      partialSuccess: {
        rejectedSpans: "1",
        errorMessage: 'weir.tenant: the key is bound to tenant "acme-corp", got "globex" (1)',
      },
    });
    const { flows } = await ask<{ flows: { tenant: string }[] }>("/flows");
    expect(flows.map(({ tenant }) => tenant)).toEqual(["acme-corp"]);
  });

  test("gRPC asks for the same keys", async () => {
    const tenantOf = (metadata: Metadata) =>
      weir.app.admitSender(metadata.get("authorization")[0]?.toString());
    const door = createGrpcDoor(weir.app.intake, { tenantOf });
    const client = new RawGrpc(`http://127.0.0.1:${await door.listen("127.0.0.1:0")}`);
    const message = protobufBody([aSpan({ attributes: { "weir.tenant": "globex" } })]);
    const call = async (key?: string) =>
      outcomeOf(
        await client.call({ message, headers: key === undefined ? {} : { authorization: `Bearer ${key}` } }),
      );
    expect(await call()).toMatchObject({ is: "refused", code: 16 });
    expect(await call("nonsense")).toMatchObject({ is: "refused", code: 16 });
    expect(await call(await weir.key("read"))).toMatchObject({ is: "refused", code: 7 });
    expect(await call(await weir.key("ingest", "acme-corp"))).toMatchObject({
      is: "taken",
      rejectedSpans: 1,
    });
    const key = await weir.key("ingest", "globex");
    expect(await call(key)).toMatchObject({ is: "taken", rejectedSpans: 0 });
    await weir.access.revokeKey(idIn(key) as string, { by: "test", at: NOW });
    expect(await call(key)).toMatchObject({ is: "refused", code: 16 });
    client.close();
    await door.close();
  });

  test("who sees one tenant hears nothing of the others that its flows are joined with", async () => {
    const parent = { "weir.parent_flow.id": "parent", "weir.parent_flow.tenant": "globex" };
    await weir.fetch("/v1/traces", admin, flowBody("globex", "parent"));
    await weir.fetch("/v1/traces", admin, flowBody("acme-corp", "child", parent));
    await weir.fetch("/v1/traces", admin, flowBody("acme-corp", "alone"));
    const [acme, globex] = [await weir.key("read", "acme-corp"), await weir.key("read", "globex")];
    const child = "/tenants/acme-corp/flows/child";
    expect(await ask(child)).toMatchObject({ parent: { tenant: "globex", id: "parent" } });
    expect(await ask(child, acme)).toMatchObject({ parent: null });
    expect(JSON.stringify(await ask("/flows", acme))).not.toContain("globex");
    expect(await ask("/tenants/globex/flows/parent")).toMatchObject({ children: [{ tenant: "acme-corp" }] });
    expect(await ask("/tenants/globex/flows/parent", globex)).toMatchObject({ children: [] });
    const stuck = { usual: null, step: null, runner: null, earlierError: null, stuckSince: NOW };
    const store = createFakeStore();
    store.stuck = async () => ({
      items: [{ ...aFlow({ parent: { tenant: "globex", id: "parent" } }), ...stuck }],
      counts: { lost: 1, stalled: 0 },
      nextCursor: null,
    });
    expect((await confinedTo(store, "acme-corp").stuck({ limit: 1 })).items[0]?.parent).toBeNull();
    // Names that are a part of each other are not each other.
    await weir.fetch("/v1/traces", admin, flowBody("acme", "flow-1"));
    expect(await ask("/tenants", await weir.key("read", "acme"))).toMatchObject({
      tenants: [{ tenant: "acme" }],
      nextCursor: null,
    });
    const count = async (query: string) => (await ask<{ total: number }>(`/flows/count${query}`, acme)).total;
    expect([await count(""), await count("?tenant=globex"), await count("?q=parent")]).toEqual([2, 0, 0]);
    for (const path of [
      "/flows?tenant=globex&tenant=initech",
      "/names?tenant=globex",
      "/labels?tenant=globex",
    ]) {
      expect(JSON.stringify(await ask(path, acme))).not.toMatch(/globex|acme-corp/);
    }
  });
});

describe("an open collector", () => {
  test("says so, and closes with the first key that anyone makes", async () => {
    const open = await startGuarded("no-keys");
    const me = async () => (await open.fetch("/api/v1/me")).json();
    expect(await me()).toEqual({
      role: "admin",
      tenant: null,
      via: "open",
      key: null,
      notice: expect.stringMatching(/^Open: anyone who can reach this address/),
    });
    const stream = await open.fetch("/api/v1/stream");
    const other = openSqliteAccess({ path: open.path });
    await other.addFirstKey({
      ...{ id: "4k2m9x1q", role: "admin", tenant: null, name: null, hash: Buffer.alloc(32) },
      ...{ createdAt: NOW, createdBy: "command line", expiresAt: null, revokedAt: null, lastUsedAt: null },
    });
    expect((await open.fetch("/api/v1/flows")).status).toBe(401);
    await stream.text();
    // And stays closed.
    await other.revokeKey("4k2m9x1q", { by: "command line", at: NOW });
    await other.close();
    expect((await open.fetch("/api/v1/flows")).status).toBe(401);
    await open.close();
  });

  test("on request stays open whatever keys there are", async () => {
    const open = await startGuarded("always");
    await open.key("admin");
    expect((await open.fetch("/api/v1/flows")).status).toBe(200);
    expect(await (await open.fetch("/api/v1/me")).json()).toMatchObject({
      notice: expect.stringContaining("start it without --insecure-open"),
    });
    await open.close();
  });
});

describe("the stream", () => {
  test("tells who is bound to a tenant of it alone, and ends when the key does", async () => {
    const key = await weir.key("read", "acme-corp", DAY);
    const stream = await weir.fetch("/api/v1/stream", key);
    expect(stream.status).toBe(200);
    const parent = { "weir.parent_flow.id": "parent", "weir.parent_flow.tenant": "globex" };
    await weir.fetch("/v1/traces", admin, flowBody("globex", "parent"));
    await weir.fetch("/v1/traces", admin, flowBody("acme-corp", "child", parent));
    await sleep(200);
    weir.clock.now += DAY;
    const heard = await stream.text();
    expect(heard).toContain('"id":"child"');
    expect(heard).not.toContain("globex");
  });

  test.each(["key", "log-in", "logged out"])("ends when its %s is no more", async (what) => {
    const key = await weir.key("read");
    const login = await weir.fetch("/login", undefined, {
      method: "POST",
      body: new URLSearchParams({ key }),
    });
    const cookie = (login.headers.get("set-cookie") ?? "").split(";", 1)[0] as string;
    const init = { headers: { cookie, origin: weir.url } };
    const stream = await (what === "key"
      ? weir.fetch("/api/v1/stream", key)
      : weir.fetch("/api/v1/stream", undefined, init));
    expect(stream.status).toBe(200);
    if (what === "logged out") await weir.fetch("/logout", undefined, { ...init, method: "POST" });
    else await weir.access.revokeKey(idIn(key) as string, { by: "test", at: NOW });
    expect(await stream.text()).toContain("retry: 1000");
  });
});

describe("links", () => {
  const failed = {
    "weir.kind": "step",
    "weir.tenant": "acme-corp",
    "weir.flow.id": "flow-1",
    "weir.flow.name": "acme-corp-import",
    secret: "attribute-text",
  };

  beforeEach(async () => {
    for (const id of ["flow-1", "flow-2"]) await weir.fetch("/v1/traces", admin, flowBody("acme-corp", id));
    await weir.fetch("/v1/traces", admin, flowBody("acme-corp", "other", { "weir.flow.name": "other-name" }));
    await weir.fetch("/v1/traces", admin, flowBody("globex", "flow-1"));
    const events = [
      {
        name: "exception",
        attributes: {
          "exception.type": "ValueError",
          "exception.message": "message-text",
          "exception.stacktrace": "stack-text",
        },
      },
    ];
    const children = [
      { id: "0.0", type: "race", children: [{ id: "0.0.0", type: "run", detail: "detail-text" }] },
    ];
    const definition = {
      kind: "tree",
      name: "acme-corp-import",
      root: { id: "0", type: "repeat", children },
    };
    const shape = { "weir.definition": JSON.stringify(definition) };
    await weir.fetch("/v1/traces", admin, flowBody("acme-corp", "flow-1", shape));
    const child = { "weir.parent_flow.id": "flow-1" };
    await weir.fetch("/v1/traces", admin, flowBody("acme-corp", "child", child));
    const step = aSpan({ spanId: "00f067aa0ba902c1", attributes: failed, events, status: { code: 2 } });
    const body = { ...flowBody("x", "x"), body: jsonBody([step]).toString() };
    await weir.fetch("/v1/traces", admin, body);
  });

  async function share(wish: Record<string, unknown>): Promise<{ id: string; api: string }> {
    const made = await ask<Made>(
      "/shares",
      admin,
      json("POST", { tenant: "acme-corp", expiresIn: "7d", ...wish }),
    );
    return { id: made.id, api: `/shared/${made.path.replace("/s/", "")}` };
  }

  async function statusOf(path: string): Promise<number> {
    return (await weir.fetch(`/api/v1${path}`)).status;
  }

  test("to a flow show it and nothing else", async () => {
    const { api } = await share({ flowId: "flow-1" });
    expect(await ask(api, undefined)).toEqual({
      tenant: "acme-corp",
      flowId: "flow-1",
      name: null,
      redact: false,
      expiresAt: "2026-11-29T10:00:00.000Z",
    });
    const flow = await weir.fetch(`/api/v1${api}/flows/flow-1`);
    expect(flow.headers.get("cache-control")).toBe("no-store");
    const text = await flow.text();
    for (const shown of ["attribute-text", "message-text", "stack-text", "acme-corp-label", "detail-text"]) {
      expect(text).toContain(shown);
    }
    const inner = { children: [{ children: [{ id: "0.0.0", type: "run" }] }] };
    expect(JSON.parse(text)).toMatchObject({
      tenant: "acme-corp",
      children: [],
      parent: null,
      definition: { kind: "tree", root: inner },
    });
    for (const id of ["flow-2", "other", "child", "unknown"])
      expect(await statusOf(`${api}/flows/${id}`)).toBe(404);
    const { flows } = await ask<{ flows: { id: string }[] }>(`${api}/flows`, undefined);
    expect(flows.map(({ id }) => id)).toEqual(["flow-1"]);
  });

  test("to the flows of a name show those, in pages, and no question is known that asks for more", async () => {
    const { api } = await share({ name: "acme-corp-import" });
    const first = await ask<{ flows: { id: string }[]; nextCursor: string }>(
      `${api}/flows?limit=2`,
      undefined,
    );
    const rest = await ask<{ flows: { id: string }[] }>(`${api}/flows?cursor=${first.nextCursor}`, undefined);
    const ids = [...first.flows, ...rest.flows].map(({ id }) => id);
    expect(ids.sort()).toEqual(["child", "flow-1", "flow-2"]);
    expect(await statusOf(`${api}/flows/flow-2`)).toBe(200);
    expect(await statusOf(`${api}/flows/other`)).toBe(404);
    for (const more of ["tenant=globex", "name=other-name", "q=stack-text", "status=failed"]) {
      expect(await statusOf(`${api}/flows?${more}`)).toBe(400);
    }
    for (const path of ["/flows", "/tenants", "/stream", "/stats?groupBy=name", "/me"]) {
      const token = api.replace("/shared/", "");
      for (const key of [token, `share_${token}`]) {
        expect((await weir.fetch(`/api/v1${path}`, key)).status).toBe(401);
      }
    }
  });

  test("without details leave out what the service wrote in its own words", async () => {
    const event = { ...failed, "weir.kind": "event", secret: "event-text" };
    const hold = { ...failed, "weir.kind": "end", "weir.status": "paused", "weir.reason": "reason-text" };
    const spans = [event, { ...hold, "weir.flow.id": "on-hold" }].map((attributes, at) =>
      aSpan({ spanId: `00f067aa0ba902d${at}`, attributes }),
    );
    await weir.fetch("/v1/traces", admin, { ...flowBody("x", "x"), body: jsonBody(spans).toString() });
    const texts = ["attribute-text", "message-text", "stack-text", "acme-corp-label", "detail-text"];
    const told = [...texts, "event-text", "reason-text", "import-api"];
    const shown = async (wish: Record<string, unknown>) => {
      const { api } = await share(wish);
      const paths = ["flows", "flows/flow-1", "flows/on-hold"];
      const answers = await Promise.all(paths.map((path) => ask(`${api}/${path}`, undefined)));
      return told.filter((text) => JSON.stringify(answers).includes(text));
    };
    expect(await shown({ name: "acme-corp-import" })).toEqual(told);
    expect(await shown({ name: "acme-corp-import", redact: true })).toEqual([]);
    expect(await shown({ flowId: "flow-1", redact: true })).toEqual([]);
    const { api } = await share({ flowId: "flow-1", redact: true });
    expect(JSON.stringify(await ask(`${api}/flows/flow-1`, undefined))).toContain("ValueError");
  });

  test("end when they expire and when they are revoked, and look then as if they had never been", async () => {
    const { api } = await share({ flowId: "flow-1" });
    const { id, api: second } = await share({ flowId: "flow-1", expiresIn: "30d" });
    expect(await statusOf(second)).toBe(200);
    weir.clock.now = NOW + 7 * DAY;
    const never = await ask(`/shared/${"x".repeat(8)}_${"y".repeat(50)}`, undefined);
    expect([await statusOf(api), await ask(api, undefined)]).toEqual([404, never]);
    await weir.fetch(`/api/v1/shares/${id}`, admin, { method: "DELETE" });
    expect([await statusOf(second), await ask(second, undefined)]).toEqual([404, never]);
    expect(await ask("/shares")).toEqual({ shares: [] });
  });

  test.each([
    [{ flowId: null, name: null }, "expected either flowId or name"],
    [{ flowId: "a", name: "b" }, "expected either flowId or name"],
    [{ flowId: "a", expiresIn: null }, "expiresIn: expected a time"],
    [{ flowId: "a", redact: "yes" }, "redact: expected true or false"],
  ])("%j is 400", async (wish, message) => {
    const body = { tenant: "acme-corp", expiresIn: "7d", ...wish };
    const response = await weir.fetch("/api/v1/shares", admin, json("POST", body));
    expect(response.status).toBe(400);
    expect(((await response.json()) as Made).error.message).toContain(message);
  });
});
