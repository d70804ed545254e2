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
}

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

export const serve: Command = {
  help: `  weir serve [--host 127.0.0.1] [--port 4318] [--store sqlite:./data/weir.db] [--insecure-open]

    --host           address to listen on (WEIR_HOST)
    --port           port to listen on, 0 picks a free one (WEIR_PORT)
    --store          where flows are kept (WEIR_STORE)
    --insecure-open  allow a host that others can reach, without keys (WEIR_INSECURE_OPEN=1)
    --stalled-after  how long flows of a name may be open before they count as stalled: data_import=10m;
                     may repeat (WEIR_STALLED_AFTER=data_import=10m,sync=1h)
`,

  async run(args, env) {
    const config = readConfig(args, env);
    // Only here: the other commands, and mistakes, need no server and no database driver.
    const [{ createApp }, { serve: listen }, { openSqliteStore }] = await Promise.all([
      import("../app.ts"),
      import("../serve.ts"),
      import("../sqlite/index.ts"),
    ]);
    const store = openSqliteStore({ path: config.storePath, stalledAfter: config.stalledAfter });
    const app = createApp({
      store,
      pageDir: fileURLToPath(new URL("../../page", import.meta.url)),
      ...(isLoopback(config.host) ? { ownHost: config.host } : {}),
      warn: (line) => void process.stderr.write(`weir: ${line}\n`),
    });
    await listen(app, store, config);
  },
};

function readConfig(args: readonly string[], env: Env): ServeConfig {
  const given = readGiven(args, ["host", "port", "store", "insecure-open", "stalled-after"], {
    switches: ["insecure-open"],
    lists: ["stalled-after"],
  });
  const config = {
    host: settingOf("host", HOST, given, env),
    port: settingOf("port", PORT, given, env),
    storePath: settingOf("store", STORE, given, env),
    insecureOpen: settingOf("insecure-open", SWITCH, given, env),
    stalledAfter: settingOf("stalled-after", STALLED_AFTER, given, env),
  };
  if (!isLoopback(config.host) && !config.insecureOpen) {
    throw new UsageError(
      `--host ${config.host} can be reached by others and there are no keys yet: expected a loopback host such as ` +
        "127.0.0.1, or --insecure-open (WEIR_INSECURE_OPEN=1) to let everyone in",
    );
  }
  return config;
}
