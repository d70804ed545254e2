/** `weir prune`: deletes finished flows by hand, beside a server that runs or without one. */
import { type Outdated, outdated, type RetentionPolicy } from "../care/policy.ts";
import { RETENTION_FLAGS, RETENTION_LISTS, readAge, retentionOf } from "../care-flags.ts";
import { type Env, type Flag, readGiven, STORE, settingOf, show, UsageError } from "../flags.ts";
import type { Command } from "./command.ts";
import { fileThere } from "./file-there.ts";

/** For a server that writes all the time. */
const WAIT_MS = 10_000;
/** Someone waits for the end of it, so it may take more than what a server deletes by itself. */
const SHARE = 0.5;

const OLDER_THAN: Flag<number | undefined> = {
  fallback: undefined,
  takes: "an age such as 12h, 30d or 8w",
  read: readAge,
};

const TENANT: Flag<string | undefined> = {
  fallback: undefined,
  takes: "the name of a tenant",
  read: (text) => text || undefined,
};

export const prune: Command = {
  help: `  weir prune [--older-than 30d] [--tenant T] [--store sqlite:./data/weir.db]

    deletes finished flows for good and gives their space back; a server may run meanwhile. What is open stays

    --older-than     those that ended longer ago: 12h, 30d, 8w (WEIR_OLDER_THAN); default: as weir serve would by
                     itself, by --retention and --retention-of
    --tenant         of this tenant only (WEIR_TENANT)
    --store          where flows are kept (WEIR_STORE)
`,

  async run(args, env) {
    const { path, queries } = readWish(args, env, Date.now());
    const [{ openSqliteStore }, { sweep }, { SYSTEM_CLOCK }, { bytesText, countText, flowsText, Progress }] =
      await Promise.all([
        import("../sqlite/index.ts"),
        import("../care/sweep.ts"),
        import("../care/system-clock.ts"),
        import("../progress.ts"),
      ]);
    const store = openSqliteStore({ path: fileThere(path), busyTimeoutMs: WAIT_MS });
    try {
      const before = await store.bytes();
      const counts = await Promise.all(queries.map((query) => store.prunable(query)));
      const progress = new Progress({
        doing: "deleting flows",
        total: counts.reduce((sum, count) => sum + count, 0),
        show: countText,
      });
      const clock = { ...SYSTEM_CLOCK, sleep: pause };
      let deleted = 0;
      try {
        for (const query of queries) {
          deleted += await sweep(store, query, { clock, share: SHARE, onPiece: (n) => progress.add(n) });
        }
      } finally {
        progress.end();
      }
      const after = await store.bytes();
      const given = before > after ? `, ${bytesText(before - after)} given back` : "";
      process.stdout.write(
        `weir: deleted ${flowsText(deleted)}${given}; the store takes ${bytesText(after)}\n`,
      );
    } finally {
      await store.close();
    }
  },
};

/** Unlike a server's, these waits are all that keeps the process going. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function readWish(args: readonly string[], env: Env, nowMs: number): { path: string; queries: Outdated[] } {
  const given = readGiven(args, ["older-than", "tenant", "store", ...RETENTION_FLAGS], {
    lists: RETENTION_LISTS,
  });
  const path = settingOf("store", STORE, given, env);
  const age = settingOf("older-than", OLDER_THAN, given, env);
  const tenant = settingOf("tenant", TENANT, given, env);
  const policy = retentionOf(given, env);
  if (age !== undefined) {
    const endedBefore = (nowMs - age) * 1000;
    return { path, queries: [tenant === undefined ? { endedBefore } : { endedBefore, tenant }] };
  }
  const queries = outdated(tenant === undefined ? policy : policyOf(policy, tenant), nowMs);
  if (queries.length > 0) return { path, queries };
  const of = tenant === undefined ? "" : ` of tenant ${show(tenant)}`;
  throw new UsageError(
    `prune: expected --older-than, such as --older-than 30d, for nothing else says how long flows${of} are kept ` +
      "(--retention, WEIR_RETENTION)",
  );
}

/** The part of a policy that is about one tenant. */
function policyOf({ everyone, tenants }: RetentionPolicy, tenant: string): RetentionPolicy {
  const own = tenants.get(tenant);
  return { everyone: null, tenants: new Map([[tenant, own === undefined ? everyone : own]]) };
}
