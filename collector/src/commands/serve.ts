/** `weir serve`: the collector as one process. */
import { fileURLToPath } from "node:url";
import { type Env, type Flag, readGiven, STORE, SWITCH, settingOf, UsageError } from "../flags.ts";
import { isLoopback } from "../host.ts";
import type { Addresses } from "../serve.ts";
import type { Command } from "./command.ts";

/** What `weir serve` was asked for. */
interface ServeConfig extends Addresses {
  /** File of the embedded store. */
  storePath: string;
  /** Serve without keys on a host that others can reach. */
  insecureOpen: boolean;
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

const GRPC_PORT: Flag<number | "off" | undefined> = {
  fallback: undefined,
  takes: `${PORT.takes}, or off`,
  read: (text) => (text === "off" ? text : PORT.read(text)),
};

export const serve: Command = {
  help: `  weir serve [--host 127.0.0.1] [--port 4318] [--grpc-port 4317] [--store sqlite:./data/weir.db] [--insecure-open]

    --host           address to listen on (WEIR_HOST)
    --port           port to listen on, 0 picks a free one (WEIR_PORT)
    --grpc-port      port for OTLP over gRPC, 0 picks a free one, off is none (WEIR_GRPC_PORT)
    --store          where flows are kept (WEIR_STORE)
    --insecure-open  allow a host that others can reach, without keys (WEIR_INSECURE_OPEN=1)
`,

  async run(args, env) {
    const config = readConfig(args, env);
    // Only here: the other commands, and mistakes, need no server and no database driver.
    const [{ createApp }, { createGrpcDoor }, { serve: listen }, { openSqliteStore }] = await Promise.all([
      import("../app.ts"),
      import("../otlp/grpc.ts"),
      import("../serve.ts"),
      import("../sqlite/index.ts"),
    ]);
    const warn = (line: string) => void process.stderr.write(`weir: ${line}\n`);
    const store = openSqliteStore({ path: config.storePath });
    const app = createApp({
      store,
      pageDir: fileURLToPath(new URL("../../page", import.meta.url)),
      ...(isLoopback(config.host) ? { ownHost: config.host } : {}),
      warn,
    });
    const grpc = config.grpc === null ? null : createGrpcDoor(app.intake);
    await listen({ app, grpc, store, warn }, config);
  },
};

function readConfig(args: readonly string[], env: Env): ServeConfig {
  const given = readGiven(args, ["host", "port", "grpc-port", "store", "insecure-open"], {
    switches: ["insecure-open"],
  });
  const port = settingOf("port", PORT, given, env);
  const config = {
    host: settingOf("host", HOST, given, env),
    port,
    grpc: grpcAddress(settingOf("grpc-port", GRPC_PORT, given, env), port),
    storePath: settingOf("store", STORE, given, env),
    insecureOpen: settingOf("insecure-open", SWITCH, given, env),
  };
  if (!isLoopback(config.host) && !config.insecureOpen) {
    throw new UsageError(
      `--host ${config.host} can be reached by others and there are no keys yet: expected a loopback host such as ` +
        "127.0.0.1, or --insecure-open (WEIR_INSECURE_OPEN=1) to let everyone in",
    );
  }
  return config;
}

/** Who lets one port be picked has no use for a fixed one beside it. */
function grpcAddress(port: number | "off" | undefined, httpPort: number): Addresses["grpc"] {
  if (port === "off") return null;
  if (port !== undefined) return { port, asked: true };
  return { port: httpPort === 0 ? 0 : 4317, asked: false };
}
