import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Attempts } from "../src/auth/attempts.ts";
import { idIn } from "../src/auth/secret.ts";
import { flowBody, type Guarded, json, NOW, startGuarded } from "./access-support.ts";
import type { AppOptions } from "./created-app.ts";

/** Where each attempt comes an hour after the last. */
let hours = 0;
const attempts = new Attempts(() => ++hours * 3_600_000);
let weir: Guarded;
beforeAll(async () => {
  weir = await startGuarded("never", { attempts });
});
afterAll(() => weir.close());

/** Another for a while, with its own count of failures. */
async function beside(options: Partial<AppOptions>, look: () => Promise<void>): Promise<void> {
  const usual = weir;
  weir = await startGuarded("never", options);
  try {
    await look();
  } finally {
    await weir.close();
    weir = usual;
  }
}

function logIn(key: string, headers: Record<string, string> = {}, next = "/") {
  return weir.fetch("/login", undefined, {
    method: "POST",
    body: new URLSearchParams({ key, next }),
    headers,
  });
}

/** What a browser would send back. */
async function cookieOf(key: string): Promise<string> {
  const set = (await logIn(key)).headers.get("set-cookie") ?? "";
  return set.split(";", 1)[0] as string;
}

function asBrowser(path: string, cookie: string, headers: Record<string, string> = {}, method = "GET") {
  return weir.fetch(path, undefined, { method, headers: { cookie, ...headers } });
}

describe("logging in", () => {
  test("changes a key for a cookie that no script and no other site can use", async () => {
    const response = await logIn(await weir.key("read"), {}, "/tenants/acme-corp?status=failed");
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe("/tenants/acme-corp?status=failed");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const set = response.headers.get("set-cookie") ?? "";
    expect(set).toMatch(/^weir_session=\w+; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/);
    const cookie = set.split(";", 1)[0] as string;
    expect((await asBrowser("/api/v1/flows", cookie)).status).toBe(200);
    expect(await (await asBrowser("/api/v1/me", cookie)).json()).toMatchObject({
      via: "session",
      role: "read",
    });
    expect((await asBrowser("/api/v1/flows", `${cookie}x`)).status).toBe(401);
    expect((await asBrowser("/api/v1/flows", `theme=dark; ${cookie}; a=b`)).status).toBe(200);
    expect((await asBrowser("/api/v1/flows", `not_${cookie}`)).status).toBe(401);
    expect((await asBrowser("/api/v1/flows", `a=b; ${cookie}; c=d`)).status).toBe(200);
  });

  test("the cookie never goes over plain http where the page came by https", async () => {
    const response = await logIn(await weir.key("read"), { "x-forwarded-proto": "https" });
    expect(response.headers.get("set-cookie")).toMatch(/; Secure$/);
  });

  test("a wrong key, one that was revoked, and one that may not read get the same answer", async () => {
    const ended = await weir.key("admin");
    await weir.access.revokeKey(idIn(ended) as string, { by: "test", at: NOW });
    const answers = await Promise.all(
      ["nonsense", "", ended, await weir.key("ingest")].map(async (key) => {
        const response = await logIn(key);
        return [response.status, response.headers.get("set-cookie"), await response.text()];
      }),
    );
    expect(answers[0]?.[0]).toBe(401);
    expect(answers[0]?.[2]).toContain('role="alert"');
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  test("after ten that failed an address waits, also with a right key", async () => {
    const from = { "x-forwarded-for": "203.0.113.7" };
    await beside({}, async () => {
      const key = await weir.key("read");
      for (let n = 0; n < 10; n++) expect((await logIn("nonsense")).status).toBe(401);
      const late = await logIn(key);
      expect(late.status).toBe(429);
      expect(Number(late.headers.get("retry-after"))).toBeGreaterThan(0);
      // A proxy's word on who asks counts only where it was said that there is one.
      expect((await logIn(key, from)).status).toBe(429);
    });
    await beside({ trustedProxy: ["127.0.0.1"] }, async () => {
      const key = await weir.key("read");
      for (let n = 0; n < 10; n++) expect((await logIn("nonsense", from)).status).toBe(401);
      expect((await logIn(key, from)).status).toBe(429);
      expect((await logIn(key, { "x-forwarded-for": "203.0.113.8" })).status).toBe(303);
    });
  });

  test.each([
    ["//evil.example/x", "/"],
    ["https://evil.example", "/"],
    ["/\\evil.example", "/"],
    ["/\t/evil.example", "/"],
    ["javascript:alert(1)", "/"],
    ["/login?next=/login", "/"],
    ["/logout", "/"],
    ["/./\\/evil.example", "/"],
    ["", "/"],
    ["/a?b=c&d=%2F#e", "/a?b=c&d=%2F"],
    ['/"><script>', "/%22%3E%3Cscript%3E"],
  ])("from ?next=%j leads to %j", async (next, path) => {
    const response = await logIn(await weir.key("read"), {}, next);
    expect(response.headers.get("location")).toBe(path);
    const page = await (await weir.fetch(`/login?next=${encodeURIComponent(next)}`)).text();
    expect(page).not.toContain("<script>");
  });

  test("a body that is no form, or too long, gets no further", async () => {
    expect((await weir.fetch("/login", undefined, json("POST", { key: "x" }))).status).toBe(401);
    const long = { method: "POST", body: new URLSearchParams({ key: "x".repeat(5_000) }) };
    expect((await weir.fetch("/login", undefined, long)).status).toBe(413);
  });

  test("logging out for another key leads back to the page that was refused, and to no other site", async () => {
    const leads = async (next: string) => {
      const body = new URLSearchParams({ next });
      const out = await weir.fetch("/logout", undefined, { method: "POST", body, redirect: "manual" });
      return out.headers.get("location");
    };
    expect(await leads("/stuck?tenant=a%26b")).toBe("/login?next=%2Fstuck%3Ftenant%3Da%2526b");
    expect(await leads("https://evil.example/x")).toBe("/login");
  });

  test("logging out ends it on the server too", async () => {
    const cookie = await cookieOf(await weir.key("read"));
    const out = await asBrowser("/logout", cookie, { origin: weir.url }, "POST");
    expect([out.status, out.headers.get("location")]).toEqual([303, "/login"]);
    expect(out.headers.get("set-cookie")).toContain("Max-Age=0");
    expect((await asBrowser("/api/v1/flows", cookie)).status).toBe(401);
    expect((await asBrowser("/logout", cookie, { origin: weir.url }, "POST")).status).toBe(303);
    const other = { origin: "https://evil.example" };
    expect((await asBrowser("/logout", cookie, other, "POST")).status).toBe(403);
  });

  test("revoking the key ends what was logged in with it at once", async () => {
    const key = await weir.key("read");
    const cookie = await cookieOf(key);
    expect((await asBrowser("/api/v1/flows", cookie)).status).toBe(200);
    await weir.access.revokeKey(idIn(key) as string, { by: "test", at: NOW });
    expect((await asBrowser("/api/v1/flows", cookie)).status).toBe(401);
    expect((await asBrowser("/", cookie)).headers.get("location")).toBe("/login?next=%2F");
  });

  test("a page that another site links to is reached through one of ours, as the cookie is not sent before", async () => {
    const page = await weir.fetch("/flows?q=<x>", undefined, { headers: { "sec-fetch-site": "cross-site" } });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(
      'http-equiv="refresh" content="0; url=/login?next=%2Fflows%3Fq%3D%253Cx%253E"',
    );
    const cookie = await cookieOf(await weir.key("read"));
    const on = await asBrowser("/login?next=%2Fflows", cookie);
    expect([on.status, on.headers.get("location")]).toEqual([303, "/flows"]);
  });
});

test("keys that come all at once are as many attempts", async () => {
  await beside({}, async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => logIn("weir_read_guessed")));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(20);
    expect((await logIn(await weir.key("read"))).status).toBe(429);
  });
});

describe("what another site begins", () => {
  test.each<[string, Record<string, string>, number]>([
    ["our own page", { "sec-fetch-site": "same-origin" }, 204],
    ["our own page, over plain http to another machine", { origin: "OWN" }, 204],
    [
      "our own page, behind a proxy",
      { origin: "https://weir.example", "x-forwarded-host": "weir.example" },
      204,
    ],
    ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }, 403],
    ["another site that claims our origin", { "sec-fetch-site": "cross-site", origin: "OWN" }, 403],
    ["another port", { "sec-fetch-site": "same-site" }, 403],
    ["another site, without Sec-Fetch-Site", { origin: "https://evil.example" }, 403],
    ["a sandboxed page", { origin: "null" }, 403],
    ["nobody knows whom", {}, 403],
  ])("%s: a log-in's change", async (_name, headers, status) => {
    const cookie = await cookieOf(await weir.key("admin"));
    const id = idIn(await weir.key("read")) as string;
    const real = headers["origin"] === "OWN" ? { ...headers, origin: weir.url } : headers;
    expect((await asBrowser(`/api/v1/keys/${id}`, cookie, real, "DELETE")).status).toBe(status);
  });

  test("does not log anyone in, and does not reach an open collector", async () => {
    const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    expect((await logIn(await weir.key("read"), headers)).status).toBe(403);
    const open = await startGuarded("no-keys");
    const { headers: type, ...sent } = flowBody("acme-corp", "flow-1");
    const tried = await open.fetch("/v1/traces", undefined, { ...sent, headers: { ...type, ...headers } });
    expect(tried.status).toBe(403);
    expect((await open.fetch("/v1/traces", undefined, flowBody("acme-corp", "flow-1"))).status).toBe(200);
    await open.close();
  });

  test("gets no answer that it could read, but from origins that were named, with a key", async () => {
    const origin = "https://app.example.com";
    const ask = (from: string) =>
      weir.fetch("/api/v1/flows", undefined, {
        method: "OPTIONS",
        headers: { origin: from, "access-control-request-method": "GET" },
      });
    expect((await ask(origin)).headers.get("access-control-allow-origin")).toBeNull();
    await beside({ corsOrigins: [origin] }, async () => {
      const allowed = await ask(origin);
      expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
      expect(allowed.headers.get("access-control-allow-credentials")).toBeNull();
      const other = await ask("https://evil.example");
      expect([other.status, other.headers.get("access-control-allow-origin")]).toEqual([401, null]);
      const key = await weir.key("ingest");
      const body = flowBody("acme-corp", "flow-1");
      const sent = await weir.fetch("/v1/traces", key, { ...body, headers: { ...body.headers, origin } });
      expect([sent.status, sent.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
      expect(sent.headers.get("vary")).toContain("Origin");
    });
  });

  test("an origin that was named has no use of a cookie, though a browser sends it to the same domain", async () => {
    const origin = "https://app.example.com";
    await beside({ corsOrigins: [origin] }, async () => {
      const id = idIn(await weir.key("read")) as string;
      const cookie = await cookieOf(await weir.key("admin"));
      const headers = { origin, "sec-fetch-site": "same-site" };
      expect((await asBrowser(`/api/v1/keys/${id}`, cookie, headers, "DELETE")).status).toBe(403);
      const authorization = `Bearer ${await weir.key("admin")}`;
      const withKey = await asBrowser(`/api/v1/keys/${id}`, cookie, { ...headers, authorization }, "DELETE");
      expect(withKey.status).toBe(204);
    });
  });
});

test("the pages before the page are held to the same policy, and have no script and no style in them", async () => {
  for (const path of ["/login", "/s/nonsense", "/login.css", "/%ZZ"]) {
    const response = await weir.fetch(path);
    const { headers } = response;
    expect(headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'");
    expect(headers.get("content-security-policy")).not.toContain("unsafe");
    expect(headers.get("permissions-policy")).toContain("camera=()");
    expect(headers.get("referrer-policy")).toBe("same-origin");
    expect(await response.text()).not.toMatch(/<script|<style|style=|onload=/);
  }
});
