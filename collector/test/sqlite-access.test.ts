import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import type { AccessStore, SessionRecord } from "../src/access.ts";
import { makeFirstKey, makeKey } from "../src/auth/keys.ts";
import { makeShare } from "../src/auth/shares.ts";
import { openSqliteAccess } from "../src/sqlite/access.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import { DAY, NOW } from "./access-support.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-access-store-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
let path = "";
/** Two processes' views of one file. */
let here: AccessStore;
let there: AccessStore;
const act = { by: "test", at: NOW };
const wish = { role: "read", tenant: null, name: null, expiresIn: null } as const;
const share = { tenant: "acme-corp", flowId: null, name: "data_import", expiresIn: DAY, redact: true };

beforeEach(() => {
  path = join(folder, `${++files}.db`);
  here = openSqliteAccess({ path });
  there = openSqliteAccess({ path });
});
afterEach(() => Promise.all([here.close(), there.close()]));

function session(keyId: string, hash: string, at = NOW): SessionRecord {
  return { hash, keyId, createdAt: at, expiresAt: at + DAY };
}

test("what one process writes the other sees at its next question", async () => {
  expect(await there.hasKeys()).toBe(false);
  const { key } = await makeKey(here, { ...wish, tenant: "acme-corp", name: "the page" }, act);
  expect(await there.hasKeys()).toBe(true);
  expect(await there.key(key.id)).toEqual({ ...key, hash: expect.any(Buffer) });
  await here.addSession(session(key.id, "a"));
  expect(await there.session("a")).toEqual(session(key.id, "a"));

  await there.revokeKey(key.id, { by: "someone else", at: NOW + 5 });
  expect((await here.key(key.id))?.revokedAt).toBe(NOW + 5);
  expect(await here.session("a")).toBeUndefined();
});

test("beside a store that is written to all the time", async () => {
  const store = openSqliteStore({ path });
  const { key } = await makeKey(here, wish, act);
  for (let round = 0; round < 20; round++) {
    await store.append([{ kind: "heartbeat", instance: `${round}`, service: null, at: NOW, intervalMs: 1 }]);
    expect((await here.key(key.id))?.revokedAt).toBeNull();
    await here.noteUse(new Map([[key.id, NOW + round]]));
    expect((await there.key(key.id))?.lastUsedAt).toBe(NOW + round);
  }
  await there.revokeKey(key.id, act);
  expect((await here.key(key.id))?.revokedAt).toBe(NOW);
  await store.close();
});

test("of a key, a log-in and a link nothing but hashes is in the file", async () => {
  const { text } = await makeKey(here, wish, act);
  const { token } = await makeShare(here, share, act);
  await here.close();
  await there.close();
  const bytes = readFileSync(path).toString("latin1");
  for (const secret of [text, token]) expect(bytes).not.toContain(secret.split("_").at(-1));
  here = openSqliteAccess({ path });
  there = openSqliteAccess({ path });
});

test("of processes that start at once on a new file one makes the first key", async () => {
  const module = (name: string) => JSON.stringify(new URL(`../src/${name}`, import.meta.url).href);
  const script = `const { openSqliteAccess } = await import(${module("sqlite/access.ts")});
    const { makeFirstKey } = await import(${module("auth/keys.ts")});
    const access = openSqliteAccess({ path: ${JSON.stringify(join(folder, "race.db"))} });
    console.log((await makeFirstKey(access, { by: "test", at: 1 }))?.key.role ?? "none"); await access.close();`;
  const run = promisify(execFile);
  const starts = [1, 2, 3].map(() => run(process.execPath, ["--input-type=module", "-e", script]));
  const made = (await Promise.all(starts)).map(({ stdout }) => stdout.trim());
  expect(made.sort()).toEqual(["admin", "none", "none"]);
});

test("a first key is made once, and a revoked one counts", async () => {
  const made = await makeFirstKey(here, act);
  expect(made?.key).toMatchObject({ role: "admin", tenant: null });
  await here.revokeKey(made?.key.id as string, act);
  expect(await makeFirstKey(there, act)).toBeUndefined();
  expect(await there.hasKeys()).toBe(true);
});

test("lists are of one tenant where that is asked for, newest first", async () => {
  await makeKey(here, { ...wish, tenant: "acme-corp" }, act);
  await makeKey(here, { ...wish, tenant: "globex" }, { by: "test", at: NOW + 1 });
  await makeKey(here, wish, { by: "test", at: NOW + 2 });
  expect((await there.keys(null)).map(({ tenant }) => tenant)).toEqual([null, "globex", "acme-corp"]);
  expect((await there.keys("globex")).map(({ tenant }) => tenant)).toEqual(["globex"]);
  expect((await there.audit({ tenant: "globex", limit: 10 })).map(({ tenant }) => tenant)).toEqual([
    "globex",
  ]);
});

test("links that expired or were revoked are not listed, and in the end forgotten", async () => {
  const { share: first } = await makeShare(here, share, act);
  const { share: second } = await makeShare(here, { ...share, expiresIn: 40 * DAY }, act);
  expect((await there.shares("acme-corp", NOW)).map(({ id }) => id).sort()).toEqual(
    [first.id, second.id].sort(),
  );
  expect(await there.shares("globex", NOW)).toEqual([]);
  await here.revokeShare(second.id, act);
  expect(await there.shares(null, NOW + DAY)).toEqual([]);
  expect((await there.share(second.id))?.revokedAt).toBe(NOW);
  await makeShare(here, share, { by: "test", at: NOW + 32 * DAY });
  expect(await there.share(first.id)).toBeUndefined();
  expect(await there.share(second.id)).toBeUndefined();
});

test("a key has at most a hundred log-ins, and those that expired give way", async () => {
  const { key } = await makeKey(here, wish, act);
  for (let n = 0; n < 101; n++) await here.addSession(session(key.id, `${n}`, NOW + n));
  expect(await here.session("0")).toBeUndefined();
  expect(await here.session("1")).toBeDefined();
  await here.addSession(session(key.id, "later", NOW + 2 * DAY));
  expect(await here.session("100")).toBeUndefined();
  await here.removeSession("later");
  expect(await there.session("later")).toBeUndefined();
});

test("the audit list says who made and revoked what, in pages, and a repetition adds nothing", async () => {
  const { key } = await makeKey(here, { ...wish, name: "the page" }, act);
  const { share: made } = await makeShare(here, share, { by: "key a", at: NOW + 1 });
  await there.revokeShare(made.id, { by: "key b", at: NOW + 2 });
  for (let twice = 0; twice < 2; twice++) await there.revokeKey(key.id, { by: "command line", at: NOW + 3 });
  await there.revokeKey("unknown", act);
  const entries = await here.audit({ tenant: null, limit: 10 });
  expect(entries.map(({ number: _, ...entry }) => entry)).toEqual([
    { at: NOW + 3, by: "command line", action: "key.revoke", subject: key.id, tenant: null, detail: "read" },
    {
      at: NOW + 2,
      by: "key b",
      action: "share.revoke",
      subject: made.id,
      tenant: "acme-corp",
      detail: "flows named data_import",
    },
    {
      at: NOW + 1,
      by: "key a",
      action: "share.create",
      subject: made.id,
      tenant: "acme-corp",
      detail: "flows named data_import",
    },
    { at: NOW, by: "test", action: "key.create", subject: key.id, tenant: null, detail: "read, the page" },
  ]);
  const older = await here.audit({ tenant: null, limit: 2, before: entries[1]?.number });
  expect(older).toEqual(entries.slice(2));
});
