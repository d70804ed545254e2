/** `weir serve`: the collector as one process. */
import { fileURLToPath } from "node:url";
import {
  type Env,
  type Flag,
  readDuration,
  readGiven,
  STORE,
  SWITCH,
  settingOf,
  UsageError,
} from "../flags.ts";
import type { StalledAfter } from "../health.ts";
import { isLoopback } from "../host.ts";
import { DEFAULT_LIMITS, type LimitName, type Limits } from "../limits.ts";
import { LOG_LEVELS, type LogLevel } from "../log-level.ts";
import type { Command } from "./command.ts";

/** What `weir serve` was asked for. */
interface ServeConfig {
  host: string;
  /** 0 picks a free port. */
  port: number;
  /** File of the embedded store. */
  storePath: string;
  /** Serve without keys on a host that others can reach. */
  insecureOpen: boolean;
  stalledAfter: StalledAfter;
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
const FLAGS = [
  "host",
  "port",
  "store",
  "insecure-open",
  "stalled-after",
  "log-level",
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
  help: `  weir serve [--host 127.0.0.1] [--port 4318] [--store sqlite:./data/weir.db] [--insecure-open]

    --host           address to listen on (WEIR_HOST)
    --port           port to listen on, 0 picks a free one (WEIR_PORT)
    --store          where flows are kept (WEIR_STORE)
    --insecure-open  allow a host that others can reach, without keys (WEIR_INSECURE_OPEN=1)
    --stalled-after  how long flows of a name may be open before they count as stalled: data_import=10m;
                     may repeat (WEIR_STALLED_AFTER=data_import=10m,sync=1h)
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
    const [{ createApp }, { createLog }, { serve: listen }, { openSqliteStore }] = await Promise.all([
      import("../app.ts"),
      import("../log.ts"),
      import("../serve.ts"),
      import("../sqlite/index.ts"),
    ]);
    const store = openSqliteStore({ path: config.storePath, stalledAfter: config.stalledAfter });
    const app = createApp({
      store,
      pageDir: fileURLToPath(new URL("../../page", import.meta.url)),
      ...(isLoopback(config.host) ? { ownHost: config.host } : {}),
      limits: config.limits,
      log: createLog(config.logLevel, process.stderr.isTTY),
    });
    const access = isLoopback(config.host) ? "open to this machine" : "open to all who can reach it";
    await listen(app, store, { ...config, access: `${access}: no keys are asked for` });
  },
};

function readConfig(args: readonly string[], env: Env): ServeConfig {
  const given = readGiven(args, FLAGS, { switches: ["insecure-open"], lists: ["stalled-after"] });
  const config = {
    host: settingOf("host", HOST, given, env),
    port: settingOf("port", PORT, given, env),
    storePath: settingOf("store", STORE, given, env),
    insecureOpen: settingOf("insecure-open", SWITCH, given, env),
    stalledAfter: settingOf("stalled-after", STALLED_AFTER, given, env),
    logLevel: settingOf("log-level", LOG_LEVEL, given, env),
    limits: Object.fromEntries(
      LIMIT_NAMES.map((name) => [
        name,
        settingOf(LIMIT_FLAGS[name], limitFlag(DEFAULT_LIMITS[name]), given, env),
      ]),
    ) as Record<LimitName, number>,
  };
  if (!isLoopback(config.host) && !config.insecureOpen) {
    throw new UsageError(
      `--host ${config.host} can be reached by others and there are no keys yet: expected a loopback host such as ` +
        "127.0.0.1, or --insecure-open (WEIR_INSECURE_OPEN=1) to let everyone in",
    );
  }
  return config;
}
