/** `weir serve`: the collector as one process. */
import { isIP } from "node:net";
import { fileURLToPath } from "node:url";
import type { Metadata } from "@grpc/grpc-js";
import type { AccessStore } from "../access.ts";
import type { AppOptions } from "../app.ts";
import { makeFirstKey } from "../auth/keys.ts";
import type { RetentionPolicy } from "../care/policy.ts";
import { keepRetention } from "../care/retention.ts";
import { SYSTEM_CLOCK } from "../care/system-clock.ts";
import { RETENTION_FLAGS, RETENTION_LISTS, retentionOf } from "../care-flags.ts";
import { type Env, type Flag, readDuration, readGiven, STORE, SWITCH, settingOf } from "../flags.ts";
import type { StalledAfter } from "../health.ts";
import { isLoopback } from "../host.ts";
import { DEFAULT_LIMITS, type LimitName, type Limits } from "../limits.ts";
import { LOG_LEVELS, type LogLevel } from "../log-level.ts";
import type { Addresses } from "../serve.ts";
import { readTraceLink, TRACE_LINK_TAKES } from "../settings.ts";
import type { SqliteAccess } from "../sqlite/access.ts";
import { collectAsThreadsNeed } from "../threads/garbage.ts";
import type { Command } from "./command.ts";

/** What `weir serve` was asked for. */
interface ServeConfig extends Omit<Addresses, "access"> {
  /** File of the embedded store; `:memory:` where nothing is to be kept. */
  storePath: string;
  /** Ask nobody for a key. */
  insecureOpen: boolean;
  durability: "full" | "normal";
  retention: RetentionPolicy;
  corsOrigins: string[];
  trustedProxy: string[];
  stalledAfter: StalledAfter;
  traceLink: string | null;
  limits: Limits;
  logLevel: LogLevel;
}

const LIMIT_FLAGS: Record<LimitName, string> = {
  spansPerSecond: "limit-spans-per-second",
  openFlows: "limit-open-flows",
  flowNames: "limit-flow-names",
  labelKeys: "limit-label-keys",
};
const LIMIT_NAMES = Object.keys(LIMIT_FLAGS) as LimitName[];
const SWITCHES = ["insecure-open"];
const LISTS = ["stalled-after", ...RETENTION_LISTS];
const FLAGS = [
  "host",
  "port",
  "grpc-port",
  "store",
  "cors-origin",
  "trusted-proxy",
  "durability",
  "log-level",
  ...RETENTION_FLAGS,
  ...SWITCHES,
  "stalled-after",
  "trace-link",
  ...Object.values(LIMIT_FLAGS),
];

const HOST: Flag<string> = {
  fallback: "127.0.0.1",
  takes: "a host name or an IP address",
  read: (text) => (/^[\w.:[\]%-]+$/.test(text) ? text.replace(/^\[(.*)\]$/, "$1") : undefined),
};

const PORT: Flag<number> = {
  fallback: 4318,
  takes: "a whole number from 0 to 65535",
  read: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
};

const GRPC_PORT: Flag<number | "off" | undefined> = {
  fallback: undefined,
  takes: `${PORT.takes}, or off`,
  read: (text) => (text === "off" ? text : PORT.read(text)),
};

const IN_MEMORY = ":memory:";

/** Only a server can have one in memory: to another command it would be empty. */
const SERVED_STORE: Flag<string> = {
  ...STORE,
  takes: `${STORE.takes}, or memory:`,
  read: (text) => (text === "memory:" ? IN_MEMORY : STORE.read(text)),
};

const DURABILITY: Flag<"full" | "normal"> = {
  fallback: "full",
  takes: "full or normal",
  read: (text) => (text === "full" || text === "normal" ? text : undefined),
};

const CORS_ORIGIN: Flag<string[]> = {
  fallback: [],
  takes: "origins such as https://app.example.com, with commas between them",
  read: (text) => listOf(text, (each) => URL.parse(each)?.origin === each),
};

const TRUSTED_PROXY: Flag<string[]> = {
  fallback: [],
  takes: "addresses or networks such as 10.0.0.0/8, with commas between them",
  read: (text) => listOf(text, isNetwork),
};

const STALLED_AFTER: Flag<StalledAfter> = {
  fallback: new Map(),
  takes: "NAME=DURATION, such as data_import=10m, more of them with commas between",
  read(text) {
    const limits = new Map<string, number>();
    for (const each of text.split(",")) {
      const at = each.lastIndexOf("=");
      const limitMs = readDuration(each.slice(at + 1).trim());
      const name = each.slice(0, Math.max(at, 0)).trim();
      if (name === "" || limitMs === undefined) return undefined;
      limits.set(name, limitMs);
    }
    return limits;
  },
};

const TRACE_LINK: Flag<string | null> = { fallback: null, takes: TRACE_LINK_TAKES, read: readTraceLink };

const LOG_LEVEL: Flag<LogLevel> = {
  fallback: "info",
  takes: `one of ${LOG_LEVELS.join(", ")}`,
  read: (text) => LOG_LEVELS.find((level) => level === text),
};

function limitFlag(fallback: number): Flag<number> {
  return {
    fallback,
    takes: "a whole number, 0 for no limit",
    read: (text) => (/^\d{1,12}$/.test(text) ? Number(text) : undefined),
  };
}

export const serve: Command = {
  help: `  weir serve [--host 127.0.0.1] [--port 4318] [--grpc-port 4317] [--store sqlite:./data/weir.db] [--cors-origin O]
             [--trusted-proxy P] [--insecure-open] [--stalled-after NAME=10m] [--log-level info] [--limit-… N]

    --host           address to listen on (WEIR_HOST); where others can reach it, everyone needs a key
    --port           port to listen on, 0 picks a free one (WEIR_PORT)
    --grpc-port      port for OTLP over gRPC, 0 picks a free one, off is none (WEIR_GRPC_PORT)
    --store          where flows and keys are kept; memory: keeps a bounded number until the end (WEIR_STORE)
    --durability     full: what was acknowledged survives a loss of power too; normal: the end of the process, but a
                     loss of power may take the last moments (WEIR_DURABILITY)
    --retention      how long finished flows are kept: 12h, 30d, 8w; default: forever (WEIR_RETENTION)
    --retention-of   the same for one tenant: acme-corp=90d; may repeat (WEIR_RETENTION_OF=acme-corp=90d,globex=7d)
    --cors-origin    origins whose pages may ask, with a key; default: none (WEIR_CORS_ORIGIN)
    --trusted-proxy  proxies whose word on a caller's address is taken; default: none (WEIR_TRUSTED_PROXY)
    --insecure-open  asks nobody for a key, whoever can reach it (WEIR_INSECURE_OPEN=1)
    --stalled-after  how long flows of a name may be open before they count as stalled: data_import=10m;
                     may repeat (WEIR_STALLED_AFTER=data_import=10m,sync=1h)
    --trace-link     where a flow's trace can be seen: https://jaeger.example.com/trace/{traceId}; set by this flag
                     it can't be changed from the page, nor can names of --stalled-after (WEIR_TRACE_LINK)
    --log-level      ${LOG_LEVELS.join(", ")}; the log is on stderr (WEIR_LOG_LEVEL)

    what one tenant may use, 0 for no limit:
    --limit-spans-per-second  ${DEFAULT_LIMITS.spansPerSecond} (WEIR_LIMIT_SPANS_PER_SECOND)
    --limit-open-flows        ${DEFAULT_LIMITS.openFlows} (WEIR_LIMIT_OPEN_FLOWS)
    --limit-flow-names        ${DEFAULT_LIMITS.flowNames} (WEIR_LIMIT_FLOW_NAMES)
    --limit-label-keys        ${DEFAULT_LIMITS.labelKeys} (WEIR_LIMIT_LABEL_KEYS)
`,

  async run(args, env) {
    const config = readConfig(args, env);
    // Only here: the other commands, and mistakes, need no server and no database driver.
    const [{ createApp }, { createLog }, { createGrpcDoor }, { serve: listen }, { openSqliteAccess }] =
      await Promise.all([
        import("../app.ts"),
        import("../log.ts"),
        import("../otlp/grpc.ts"),
        import("../serve.ts"),
        import("../sqlite/access.ts"),
      ]);
    const log = createLog(config.logLevel, process.stderr.isTTY);
    const isOwn = isLoopback(config.host);
    const warn = (line: string) => log.warn(line);
    const access = openSqliteAccess({ path: config.storePath, warn });
    const opened = await openStore(config, access, warn);
    const { store } = opened;
    const { stalledAfter, traceLink, durability, retention, limits } = config;
    const isKept = config.storePath !== IN_MEMORY;
    const app = createApp({
      ...opened,
      auth: { access, openWhen: config.insecureOpen ? "always" : isOwn ? "no-keys" : "never" },
      corsOrigins: config.corsOrigins,
      trustedProxy: config.trustedProxy,
      fixedSettings: { traceLink, stalledAfter },
      serving: {
        kind: isKept ? "sqlite" : "memory",
        durability: isKept ? durability : null,
        retention,
        limits,
      },
      pageDir: fileURLToPath(new URL("../../page", import.meta.url)),
      ...(isOwn ? { ownHost: config.host } : {}),
      log,
    });
    app.addHook("onClose", () => access.close());
    const stopRetention = keepRetention({ store, policy: config.retention, clock: SYSTEM_CLOCK, warn });
    app.addHook("onClose", stopRetention);
    const tenantOf = (metadata: Metadata) => app.admitSender(metadata.get("authorization")[0]?.toString());
    const grpc = config.grpc === null ? null : createGrpcDoor(app.intake, { tenantOf });
    await listen({ app, grpc, store }, { ...config, access: await whoMayComeIn(config, isOwn, access) });
    if (!isOwn && !config.insecureOpen) await tellFirstKey(access);
  },
};

/** The store, and what it does better than the app would with a store alone. */
async function openStore(
  { storePath: path, durability, stalledAfter, limits }: ServeConfig,
  access: SqliteAccess,
  warn: (line: string) => void,
): Promise<Pick<AppOptions, "store" | "ingest" | "answers" | "limits" | "threads">> {
  if (path === IN_MEMORY) {
    const { openMemoryStore } = await import("../memory/index.ts");
    return { store: openMemoryStore({ stalledAfter: access.limitsInForce(stalledAfter) }), limits };
  }
  const { openThreadedStore } = await import("../workers/index.ts");
  collectAsThreadsNeed();
  const store = await openThreadedStore({ path, durability, stalledAfter, limits, warn });
  return { store, ingest: store.ingest, answers: store.answers, threads: store.threads };
}

/** In words, for the log. */
async function whoMayComeIn(
  { insecureOpen }: ServeConfig,
  isOwn: boolean,
  access: AccessStore,
): Promise<string> {
  if (insecureOpen) return "open to all who can reach it: no keys are asked for";
  if (isOwn && !(await access.hasKeys())) return "open to this machine: no keys are asked for";
  return "closed: everyone is asked for a key";
}

/** Once it listens: a key that was made by a server which then did not start would be lost. */
async function tellFirstKey(access: AccessStore): Promise<void> {
  const made = await makeFirstKey(access, { by: "weir serve", at: Date.now() * 1000 });
  if (made === undefined) return;
  process.stdout.write(
    `weir: there was no key yet, and others can reach this address: made one for the admin. It is not shown again:\n${made.text}\n`,
  );
}

function readConfig(args: readonly string[], env: Env): ServeConfig {
  const given = readGiven(args, FLAGS, { switches: SWITCHES, lists: LISTS });
  const port = settingOf("port", PORT, given, env);
  return {
    host: settingOf("host", HOST, given, env),
    port,
    grpc: grpcAddress(settingOf("grpc-port", GRPC_PORT, given, env), port),
    storePath: settingOf("store", SERVED_STORE, given, env),
    insecureOpen: settingOf("insecure-open", SWITCH, given, env),
    durability: settingOf("durability", DURABILITY, given, env),
    retention: retentionOf(given, env),
    corsOrigins: settingOf("cors-origin", CORS_ORIGIN, given, env),
    trustedProxy: settingOf("trusted-proxy", TRUSTED_PROXY, given, env),
    stalledAfter: settingOf("stalled-after", STALLED_AFTER, given, env),
    traceLink: settingOf("trace-link", TRACE_LINK, given, env),
    logLevel: settingOf("log-level", LOG_LEVEL, given, env),
    limits: Object.fromEntries(
      LIMIT_NAMES.map((name) => [
        name,
        settingOf(LIMIT_FLAGS[name], limitFlag(DEFAULT_LIMITS[name]), given, env),
      ]),
    ) as Record<LimitName, number>,
  };
}

function listOf(text: string, isOne: (each: string) => boolean): string[] | undefined {
  const all = text.split(",").map((each) => each.trim());
  return all.every(isOne) ? all : undefined;
}

function isNetwork(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  const most = { 4: 32, 6: 128 }[isIP(address)];
  if (most === undefined || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}

/** Who lets one port be picked has no use for a fixed one beside it. */
function grpcAddress(port: number | "off" | undefined, httpPort: number): Addresses["grpc"] {
  if (port === "off") return null;
  if (port !== undefined) return { port, asked: true };
  return { port: httpPort === 0 ? 0 : 4317, asked: false };
}
