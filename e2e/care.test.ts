/** The commands that look after a store, as real processes beside a real collector. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { afterAll, afterEach, expect, test } from "vitest";
import { until } from "./support/api.ts";
import { type RunningCollector, startCollector, startNode, startProgram } from "./support/processes.ts";

const WEIR = join(import.meta.dirname, "../collector/bin/weir.mjs");
const top = mkdtempSync(join(tmpdir(), "weir-care-"));
const collectors: RunningCollector[] = [];
afterEach(async () => {
  for (const collector of collectors.splice(0)) await collector.stop("SIGKILL");
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

const newFolder = () => mkdtempSync(join(top, "test-"));

async function weir(...args: string[]): Promise<{ code: number | null; output: string }> {
  const running = startNode(WEIR, args);
  const code = await running.exited;
  return { code, output: running.output() };
}

async function serve(path: string, env: Record<string, string> = {}): Promise<RunningCollector> {
  const collector = await startCollector({ path, env });
  collectors.push(collector);
  return collector;
}

const DAY = 86_400_000;

/** Flows of one span each that ended so many days ago; half of them of another tenant. */
async function send(url: string, from: number, count: number, daysAgo: number): Promise<void> {
  const at = Date.now() - daysAgo * DAY;
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const spans = Array.from({ length: count }, (_, i) => ({
    traceId: "1".repeat(32),
    spanId: (from + i + 1).toString(16).padStart(16, "0"),
    name: "import",
    startTimeUnixNano: `${at + i - 1000}000000`,
    endTimeUnixNano: `${at}000000`,
    attributes: [
      attribute("weir.kind", "flow"),
      attribute("weir.flow.id", `${from + i}`),
      attribute("weir.flow.name", "import"),
      attribute("weir.tenant", i % 2 === 0 ? "acme" : "globex"),
      attribute("weir.label.payload", `${from + i} ${"x".repeat(200)}`),
    ],
  }));
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/v1/traces`, { method: "POST", headers, body });
  expect(answer.status).toBe(200);
}

/** Ingest beside something that goes on. @returns how many flows were acknowledged. */
async function sendUntil(done: Promise<unknown>, url: string, from: number): Promise<number> {
  let going = true;
  void done.then(() => {
    going = false;
  });
  let sent = 0;
  for (; going; sent += 10) await send(url, from + sent, 10, 0);
  return sent;
}

async function totals(url: string): Promise<Record<string, number>> {
  const ofTenant = async (tenant: string) => {
    const answer = await fetch(`${url}/api/v1/stats?groupBy=name&tenant=${tenant}`);
    const { groups } = (await answer.json()) as { groups: { total: number }[] };
    return groups[0]?.total ?? 0;
  };
  return { acme: await ofTenant("acme"), globex: await ofTenant("globex") };
}

/** Another text where one of them was written to. */
function filesIn(folder: string): string {
  const files = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]);
  return JSON.stringify(files);
}

function isSound(path: string): void {
  const db = new Database(path);
  expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
  expect(db.pragma("foreign_key_check")).toEqual([]);
  // What is counted of each tenant is what is there.
  expect(
    db
      .prepare(
        "SELECT tenant FROM tenants t WHERE flows != (SELECT count(*) FROM flows WHERE tenant = t.number)",
      )
      .all(),
  ).toEqual([]);
  expect(
    db.prepare("SELECT count(*) FROM label_flows WHERE flow NOT IN (SELECT pk FROM flows)").pluck().get(),
  ).toBe(0);
  // So is what is told of shapes and labels before one looks.
  const miscounted =
    "SELECT number FROM shapes s WHERE flows != (SELECT count(*) FROM flows WHERE shape = s.number)";
  const untold = `SELECT f.pk FROM label_flows p JOIN flows f ON f.pk = p.flow
    WHERE NOT EXISTS (SELECT 1 FROM label_shapes l WHERE l.label = p.label AND l.shape = f.shape)`;
  for (const wrong of [miscounted, untold]) expect(db.prepare(wrong).all()).toEqual([]);
  db.close();
}

test("a server keeps what its retention says, by tenant, from its start on", async () => {
  const path = join(newFolder(), "weir.db");
  const first = await serve(path);
  await send(first.url, 0, 400, 40);
  await send(first.url, 1000, 100, 1);
  await first.stop();
  const env = { WEIR_RETENTION: "30d", WEIR_RETENTION_OF: "globex=8w" };
  const second = await serve(path, env);
  await expect.poll(() => totals(second.url), { timeout: 20_000 }).toEqual({ acme: 50, globex: 250 });
  await second.stop();
  expect(second.output()).not.toContain("retention");
  isSound(path);
});

test("prune works beside a server, and without one; space is given back", async () => {
  const path = join(newFolder(), "weir.db");
  const store = ["--store", `sqlite:${path}`];
  const collector = await serve(path);
  for (let n = 0; n < 10; n += 1) await send(collector.url, n * 400, 400, 40);
  await send(collector.url, 10_000, 100, 1);
  const pruned = weir("prune", "--older-than", "30d", "--tenant", "globex", ...store);
  const sent = await sendUntil(pruned, collector.url, 20_000);
  expect(await pruned).toEqual({
    code: 0,
    output: expect.stringMatching(
      /^weir: deleted 2,000 flows(, [\d.]+ [KM]B given back)?; the store takes [\d.]+ [KM]B\n$/,
    ),
  });
  expect(await totals(collector.url)).toEqual({ acme: 2050 + sent / 2, globex: 50 + sent / 2 });
  // The server knows: what comes of a flow that is gone begins it anew.
  await send(collector.url, 1, 1, 0);
  await collector.stop();
  const before = statSync(path).size;
  expect(await weir("prune", "--retention", "30d", ...store)).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^weir: deleted 2,000 flows, [\d.]+ [KM]B given back/),
  });
  expect(statSync(path).size).toBeLessThan(before / 2);
  expect(await weir("prune", "--older-than", "30d", ...store)).toMatchObject({
    output: expect.stringMatching(/^weir: deleted 0 flows; the store takes/),
  });
  isSound(path);
});

test("backup beside a server, restore into a new place, not over a server; the keys come too", async () => {
  const folder = newFolder();
  const [path, file, other] = ["weir.db", "copy.db", "other.db"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const made = await weir("keys", "create", "--role", "admin", "--store", `sqlite:${path}`);
  const key = /^(weir\S+)$/m.exec(made.output)?.[1];
  const fill = await serve(path, { WEIR_INSECURE_OPEN: "1" });
  await send(fill.url, 0, 200, 1);
  expect(await weir("backup", file, "--store", `sqlite:${path}`)).toEqual({
    code: 0,
    output: expect.stringMatching(/^weir: backed up \S+ to \S+copy\.db, [\d.]+ KB\n$/),
  });
  expect(await weir("backup", file, "--store", `sqlite:${path}`)).toEqual({
    code: 1,
    output: expect.stringContaining("is there already: name another, or overwrite it with --force"),
  });
  expect(await weir("restore", file, "--force", "--store", `sqlite:${path}`)).toEqual({
    code: 1,
    output: expect.stringContaining("is in use: stop the server"),
  });
  expect(await totals(fill.url)).toEqual({ acme: 100, globex: 100 });
  expect(await weir("restore", file, "--store", `sqlite:${other}`)).toMatchObject({ code: 0 });
  const restored = await serve(other);
  const list = (authorization: string, from = "") =>
    fetch(`${restored.url}/api/v1/flows?limit=500${from}`, { headers: { authorization } });
  expect((await list("")).status).toBe(401);
  // A page may be cut short by its time: the next one goes on.
  const flows: unknown[] = [];
  for (let from: string | undefined = ""; from !== undefined; ) {
    const answer = await list(`Bearer ${key}`, from);
    expect(answer.status).toBe(200);
    const page = (await answer.json()) as { flows: unknown[]; nextCursor: string | null };
    flows.push(...page.flows);
    from = page.nextCursor === null ? undefined : `&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
  expect(flows).toHaveLength(200);
});

test("export and import from one collector to another, with both running, and resumed", async () => {
  const folder = newFolder();
  const [path, other, file] = ["weir.db", "other.db", "flows.ndjson"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const [from, to] = [await serve(path), await serve(other)];
  await send(from.url, 0, 500, 1);
  const cut = new Date(Date.now() - DAY / 2).toISOString();
  const stdout = await weir("export", "--tenant", "acme", "--store", `sqlite:${path}`);
  expect(stdout.output.split("\n")).toHaveLength(250 + 2);
  expect(await weir("export", "--to-file", file, "--store", `sqlite:${path}`)).toEqual({
    code: 0,
    output: expect.stringMatching(/^weir: exported 500 flows to \S+, [\d.]+ KB\n$/),
  });
  const whole = readFileSync(file, "utf8");

  writeFileSync(`${file}.partial`, whole);
  truncateSync(`${file}.partial`, Math.floor(whole.length / 2));
  rmSync(file);
  const others = ["--tenant", "acme", "--store", `sqlite:${path}`];
  expect(await weir("export", "--to-file", file, "--resume", ...others)).toEqual({
    code: 1,
    output: `weir: export ${file}: expected an export of the same tenants, names and times to go on with, got another: leave --resume away to begin anew\n`,
  });
  await weir("export", "--to-file", file, "--resume", "--store", `sqlite:${path}`);
  expect(readFileSync(file, "utf8")).toBe(whole);
  expect(existsSync(`${file}.partial`)).toBe(false);
  expect(await weir("export", "--to-file", file, "--store", `sqlite:${path}`)).toMatchObject({
    code: 1,
    output: expect.stringContaining("is there already"),
  });

  expect(await weir("export", "--to-file", path, "--force", "--store", `sqlite:${path}`)).toEqual({
    code: 1,
    output: `weir: export ${path}: is the store itself: name another with --to-file\n`,
  });

  const importing = weir("import", file, "--store", `sqlite:${other}`);
  const sent = await sendUntil(importing, to.url, 20_000);
  expect(await importing).toEqual({ code: 0, output: "weir: imported 500 flows\n" });
  expect(await totals(to.url)).toEqual({ acme: 250 + sent / 2, globex: 250 + sent / 2 });
  writeFileSync(file, whole.replace("\n", "\nnonsense\n"));
  expect(await weir("import", file, "--store", `sqlite:${other}`)).toEqual({
    code: 1,
    output:
      'weir: line 2: expected a JSON object, got "nonsense"\n' +
      "weir: imported 0 flows, 500 flows there already, 1 line not taken\n",
  });
  const again = await weir("export", "--to", cut, "--store", `sqlite:${other}`);
  expect(again.output.split("\n").slice(1)).toEqual(whole.split("\n").slice(1));
  await to.stop();
  isSound(other);
  // A reader that has read enough is no error.
  const head = `"${process.execPath}" "${WEIR}" export --store "sqlite:${path}" | head -n 1`;
  expect(execFileSync("bash", ["-o", "pipefail", "-c", head], { encoding: "utf8" })).toMatch(/^\{"format"/);
});

test("kill -9 in the middle of prune, backup, import and restore leaves a sound store each time", async () => {
  const folder = newFolder();
  const [path, file, lines] = ["weir.db", "copy.db", "flows.ndjson"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const store = ["--store", `sqlite:${path}`];
  const collector = await serve(path);
  for (let n = 0; n < 8; n += 1) await send(collector.url, n * 500, 500, 40);
  await collector.stop();
  await weir("backup", file, ...store);
  await weir("export", "--to-file", lines, ...store);

  const commands = [
    ["prune", "--older-than", "30d"],
    ["import", lines],
    ["backup", join(folder, "again.db"), "--force"],
    ["restore", file, "--force"],
  ];
  let killed = 0;
  for (let round = 0; round < 3; round += 1) {
    for (const command of commands) {
      const before = filesIn(folder);
      const running = startNode(WEIR, [...command, ...store]);
      let ended = false;
      void running.exited.then(() => {
        ended = true;
      });
      await until("it writes", async () => ended || filesIn(folder) !== before);
      await sleep(Math.random() * 200);
      await running.stop("SIGKILL");
      if ((await running.exited) === null) killed += 1;
      isSound(path);
      if (existsSync(join(folder, "again.db"))) isSound(join(folder, "again.db"));
    }
  }
  expect(killed).toBeGreaterThan(3);
  // What was stopped is simply done again.
  expect(await weir("restore", file, "--force", ...store)).toMatchObject({ code: 0 });
  expect(await weir("prune", "--older-than", "30d", ...store)).toMatchObject({
    code: 0,
    output: expect.stringContaining("deleted 4,000 flows"),
  });
  expect(await weir("import", lines, ...store)).toMatchObject({ output: "weir: imported 4,000 flows\n" });
  const again = await serve(path);
  expect(await totals(again.url)).toEqual({ acme: 2000, globex: 2000 });
});

test("memory: serves, and keeps nothing", async () => {
  const folder = newFolder();
  const args = ["serve", "--port", "0", "--grpc-port", "off", "--store", "memory:"];
  const running = startProgram(process.execPath, [WEIR, ...args], {}, { cwd: folder });
  const [, url = ""] = await running.printed(/^weir: listening on (http:\/\/\S+)/m);
  await send(url, 0, 100, 0);
  expect(await totals(url)).toEqual({ acme: 50, globex: 50 });
  await running.stop();
  expect(await running.exited).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});
