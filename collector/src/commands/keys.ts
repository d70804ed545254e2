/** `weir keys`: who may use the collector. Works on the store's file, beside a server that runs or without one. */
import { existsSync } from "node:fs";
import { type AccessStore, type KeyRecord, ROLES, type Role } from "../access.ts";
import type { Act } from "../audit.ts";
import { EXPIRY_TAKES, readExpiry } from "../auth/expiry.ts";
import { type KeyWish, LONGEST_KEY_NAME, LONGEST_TENANT, makeKey, works } from "../auth/keys.ts";
import { type Env, type Flag, type Given, readGiven, STORE, settingOf, show, UsageError } from "../flags.ts";
import type { Micros } from "../flow.ts";
import type { Command } from "./command.ts";

const ROLE: Flag<Role | undefined> = {
  fallback: undefined,
  takes: `one of ${ROLES.join(", ")}`,
  read: (text) => ROLES.find((role) => role === text),
};

const EXPIRES: Flag<Micros | null> = { fallback: null, takes: EXPIRY_TAKES, read: readExpiry };
const TENANT = textOf(LONGEST_TENANT);
const NAME = textOf(LONGEST_KEY_NAME);

/** For a server that writes all the time. */
const WAIT_MS = 10_000;

interface Action {
  flags: readonly string[];
  /** What it takes besides flags, as it is called in messages. */
  words: readonly string[];
  /** Reads the whole command line before anything is done. */
  read(given: Given, env: Env): (access: AccessStore, path: string) => Promise<void>;
  /** Makes the store's file where it is not there yet. */
  makesStore: boolean;
}

const ACTIONS: Record<string, Action> = {
  create: {
    flags: ["role", "tenant", "expires", "name"],
    words: [],
    read: (given, env) => {
      const wish = readWish(given, env);
      return (access, path) => create(access, wish, path);
    },
    makesStore: true,
  },
  list: { flags: [], words: [], read: () => list, makesStore: false },
  revoke: {
    flags: [],
    words: ["the id of a key"],
    read:
      ({ words: [id = ""] }) =>
      (access) =>
        revoke(access, id),
    makesStore: false,
  },
};

export const keys: Command = {
  help: `  weir keys create --role admin|ingest|read [--tenant T] [--expires 90d] [--name …]
  weir keys list
  weir keys revoke ID

    makes, lists and revokes keys; what it does holds at once, also in a server that runs. The key itself goes to
    stdout, this once

    --role           ingest: may only send; read: may only read; admin: both, and manages keys and links (WEIR_ROLE)
    --tenant         binds the key to one tenant, for sending and for reading (WEIR_TENANT)
    --expires        how long it works, such as 12h or 90d; default: until it is revoked (WEIR_EXPIRES)
    --name           what it is for, in your words (WEIR_NAME)
    --store          as of weir serve (WEIR_STORE)
`,

  async run([name = "", ...args], env) {
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action === undefined) {
      const got = name === "" ? "nothing" : show(name);
      throw new UsageError(`keys: expected ${Object.keys(ACTIONS).join(", ")}, got ${got}`);
    }
    const given = readGiven(args, [...action.flags, "store"], { takesWords: true });
    const { length } = action.words;
    if (given.words.length !== length) {
      const got = given.words.map(show).join(" ") || "nothing";
      throw new UsageError(`keys ${name}: expected ${action.words.join(" ") || "flags only"}, got ${got}`);
    }
    const path = settingOf("store", STORE, given, env);
    const act = action.read(given, env);
    if (!action.makesStore && !existsSync(path)) {
      throw new UsageError(
        `keys ${name}: expected the store of a collector (--store), there is none at ${show(path)}`,
      );
    }
    const { openSqliteAccess } = await import("../sqlite/access.ts");
    const access = openSqliteAccess({ path, busyTimeoutMs: WAIT_MS });
    try {
      await act(access, path);
    } finally {
      await access.close();
    }
  },
};

async function create(access: AccessStore, wish: KeyWish, path: string): Promise<void> {
  const { key, text } = await makeKey(access, wish, now());
  process.stdout.write(`${text}\n`);
  const bound = key.tenant === null ? "" : `, bound to tenant ${show(key.tenant)}`;
  const until = key.expiresAt === null ? "" : `, until ${timeOf(key.expiresAt)}`;
  const what = `${key.id}, ${key.role}${bound}${until}, in ${path}`;
  process.stderr.write(`weir: made key ${what}; it is not shown again\n`);
}

async function list(access: AccessStore): Promise<void> {
  const head = ["ID", "ROLE", "TENANT", "NAME", "CREATED", "LAST USED", "STATE"];
  const { at } = now();
  const rows = (await access.keys(null)).map((key) => [
    key.id,
    key.role,
    key.tenant === null ? "-" : oneLine(key.tenant),
    key.name === null ? "-" : oneLine(key.name),
    timeOf(key.createdAt),
    timeOf(key.lastUsedAt),
    stateOf(key, at),
  ]);
  process.stdout.write(table([head, ...rows]));
}

async function revoke(access: AccessStore, id: string): Promise<void> {
  const key = await access.key(id);
  if (key === undefined) {
    throw new UsageError(
      `keys revoke: expected the id of a key, as weir keys list shows it, got ${show(id)}`,
    );
  }
  await access.revokeKey(id, now());
  const when = key.revokedAt === null ? "" : ` since ${timeOf(key.revokedAt)}`;
  process.stderr.write(`weir: key ${id} is revoked${when}\n`);
}

function readWish(given: Given, env: Env): KeyWish {
  const role = settingOf("role", ROLE, given, env);
  if (role === undefined) throw new UsageError(`--role: expected ${ROLE.takes}, got nothing`);
  return {
    role,
    tenant: settingOf("tenant", TENANT, given, env),
    name: settingOf("name", NAME, given, env),
    expiresIn: settingOf("expires", EXPIRES, given, env),
  };
}

function textOf(longest: number): Flag<string | null> {
  return {
    fallback: null,
    takes: `text of 1 to ${longest} characters`,
    read: (text) => (text.length >= 1 && text.length <= longest ? text : undefined),
  };
}

function now(): Act {
  return { by: "command line", at: Date.now() * 1000 };
}

function stateOf(key: KeyRecord, at: Micros): string {
  if (key.revokedAt !== null) return `revoked ${timeOf(key.revokedAt)}`;
  if (!works(key, at)) return `expired ${timeOf(key.expiresAt)}`;
  return key.expiresAt === null ? "works" : `works until ${timeOf(key.expiresAt)}`;
}

function timeOf(at: Micros | null): string {
  return at === null ? "-" : `${new Date(at / 1000).toISOString().slice(0, 16)}Z`;
}

/** Whatever it holds: no line break, no colour codes. */
function oneLine(text: string): string {
  return /^[\w.@:/-]+$/.test(text) ? text : show(text);
}

function table(rows: readonly string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
