/** What can be set while the collector runs, and how it is told how it is. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readTraceLink } from "../src/settings.ts";
import { openSqliteAccess } from "../src/sqlite/access.ts";
import { flowBody, type Guarded, json, NOW, startGuarded } from "./access-support.ts";

const LINK = "https://jaeger.example.com/trace/{traceId}";

let weir: Guarded;
let admin: string;
beforeEach(async () => {
  weir = await startGuarded("never");
  admin = await weir.key("admin");
});
afterEach(() => weir.close());

async function ask(
  path: string,
  key = admin,
  init?: RequestInit,
): Promise<{ status: number; body: unknown }> {
  const response = await weir.fetch(`/api/v1${path}`, key, init);
  return { status: response.status, body: await response.json() };
}

const set = (change: unknown, key = admin) => ask("/settings", key, json("PATCH", change));

describe("settings", () => {
  test("are nothing at first, stay once they are set, and can be taken away again", async () => {
    const nothing = { traceLink: null, traceLinkFixed: false, stalledAfter: [] };
    expect(await ask("/settings")).toEqual({ status: 200, body: nothing });
    const limits = [
      { name: "sync", limitMs: 60_000 },
      { name: "import", limitMs: 600_000 },
    ];
    const answer = {
      traceLink: LINK,
      traceLinkFixed: false,
      stalledAfter: [
        { name: "import", limitMs: 600_000, fixed: false },
        { name: "sync", limitMs: 60_000, fixed: false },
      ],
    };
    expect(await set({ traceLink: LINK, stalledAfter: limits })).toEqual({ status: 200, body: answer });
    expect((await ask("/settings", await weir.key("read"))).body).toEqual(answer);
    // Each change leaves alone what it does not name.
    const left = { ...answer, stalledAfter: answer.stalledAfter.slice(0, 1) };
    expect((await set({ stalledAfter: [{ name: "sync", limitMs: null }] })).body).toEqual(left);
    expect((await set({ traceLink: null })).body).toEqual({ ...left, traceLink: null });
  });

  test("a limit of a name is what its open flows are measured by, from the next second on", async () => {
    await weir.fetch("/v1/traces", admin, flowBody("acme-corp", "flow-1", { "weir.pending": "true" }));
    weir.clock.now = NOW + 120_000_000;
    const health = async () =>
      ((await ask("/tenants/acme-corp/flows/flow-1")).body as { health: string }).health;
    expect(await health()).toBe("ok");
    await set({ stalledAfter: [{ name: "acme-corp-import", limitMs: 60_000 }] });
    await expect.poll(health, { timeout: 5_000 }).toBe("stalled");
  });

  test("another process sees them, and the audit list has a line for each that changed", async () => {
    await set({ traceLink: LINK, stalledAfter: [{ name: "import", limitMs: 600_000 }] });
    await set({ traceLink: LINK });
    const other = openSqliteAccess({ path: weir.path });
    expect(await other.settings()).toEqual({ traceLink: LINK, stalledAfter: new Map([["import", 600_000]]) });
    await other.close();
    const { entries } = (await ask("/audit?limit=2")).body as { entries: object[] };
    expect(entries).toMatchObject([
      { action: "settings.change", subject: "settings", detail: "import stalled after 600000 ms" },
      { action: "settings.change", subject: "settings", detail: `trace link ${LINK}` },
    ]);
  });

  test.each([
    [
      { traceLink: "javascript:alert('{traceId}')" },
      "traceLink: expected an http or https URL with {traceId}",
    ],
    [{ traceLink: "https://jaeger.example.com/trace/" }, "traceLink: expected"],
    [{ traceLink: 7 }, "traceLink: expected"],
    [{ stalledAfter: {} }, "stalledAfter: expected a list"],
    [{ stalledAfter: [{ name: "", limitMs: 1_000 }] }, "stalledAfter: expected a list"],
    [{ stalledAfter: [null] }, "stalledAfter: expected a list"],
    [{ stalledAfter: [{ name: "a", limitMs: 999 }] }, "limitMs as whole milliseconds"],
    [{ stalledAfter: [{ name: "a" }] }, "limitMs as whole milliseconds"],
    [{ retention: "1h" }, "the body: expected only traceLink, stalledAfter"],
    [[], "the body: expected a JSON object"],
  ])("%j is refused, by name", async (change, message) => {
    const { status, body } = await set(change);
    expect(status).toBe(400);
    expect((body as { error: { message: string } }).error.message).toContain(message);
    expect(await weir.access.settings()).toEqual({ traceLink: null, stalledAfter: new Map() });
  });

  test("a thousand names have a limit, and not one more", async () => {
    const limits = Array.from({ length: 500 }, (_, n) => ({ name: `flow ${n}`, limitMs: 1_000 }));
    const renamed = limits.map(({ name, limitMs }) => ({ name: `other ${name}`, limitMs }));
    // As many as a body has room for.
    for (const part of [limits.slice(0, 250), limits.slice(250), renamed.slice(0, 250), renamed.slice(250)]) {
      expect((await set({ stalledAfter: part })).status).toBe(200);
    }
    const { status, body } = await set({ stalledAfter: [{ name: "one more", limitMs: 1_000 }] });
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining("at most 1000 names")]);
    expect((await weir.access.settings()).stalledAfter.size).toBe(1_000);
  });

  test("names of flows are not told to who is bound to one customer", async () => {
    await set({ traceLink: LINK, stalledAfter: [{ name: "globex-import", limitMs: 1_000 }] });
    const bound = await weir.key("read", "acme-corp");
    expect((await ask("/settings", bound)).body).toMatchObject({ traceLink: LINK, stalledAfter: [] });
  });
});

test("what a flag has set can't be changed, and is shown as such", async () => {
  const fixedSettings = { traceLink: LINK, stalledAfter: new Map([["import", 5_000]]) };
  const fixed = await startGuarded("always", { fixedSettings });
  try {
    const change = async (body: unknown) =>
      (await fixed.fetch("/api/v1/settings", "", json("PATCH", body))).json();
    expect(await change({ traceLink: null })).toMatchObject({
      error: { message: expect.stringContaining("--trace-link") },
    });
    const limit = { name: "import", limitMs: 1_000 };
    expect(await change({ stalledAfter: [limit] })).toMatchObject({
      error: { message: expect.stringContaining("--stalled-after import") },
    });
    expect(await change({ stalledAfter: [{ ...limit, name: "sync" }] })).toEqual({
      traceLink: LINK,
      traceLinkFixed: true,
      stalledAfter: [
        { name: "import", limitMs: 5_000, fixed: true },
        { name: "sync", limitMs: 1_000, fixed: false },
      ],
    });
  } finally {
    await fixed.close();
  }
});

test("the server tells how it is", async () => {
  await weir.fetch("/v1/traces", admin, flowBody("acme-corp", "flow-1"));
  const { body } = await ask("/server");
  expect(body).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    node: process.versions.node,
    startedAt: expect.any(String),
    store: { sizeBytes: { database: expect.any(Number) }, flows: { succeeded: 1 } },
    commits: { count: 1, failed: 0, p50Ms: expect.any(Number), p99Ms: expect.any(Number) },
    retention: { everyoneMs: null, tenants: [] },
    openStreams: 0,
  });
});

test.each([
  [LINK, LINK],
  [
    "http://localhost:16686/trace/{traceId}?x={traceId}",
    "http://localhost:16686/trace/{traceId}?x={traceId}",
  ],
  ["ftp://example.com/{traceId}", undefined],
  [" javascript:{traceId}", undefined],
  ["//example.com/{traceId}", undefined],
  ["https://{traceId}/", "https://{traceId}/"],
  [`https://example.com/{traceId}${"x".repeat(2_000)}`, undefined],
])("%s as the link of a trace", (text, expected) => {
  expect(readTraceLink(text)).toBe(expected);
});
