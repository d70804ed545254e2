/** One server's life: listening, saying so, and going away without losing what it holds. */
import type { FastifyInstance } from "fastify";
import { WeirError } from "./errors.ts";
import { urlHost } from "./host.ts";
import type { GrpcDoor } from "./otlp/grpc.ts";
import type { Store } from "./store.ts";

/** How long requests under way may take once the process was told to go. */
const DRAIN_MS = 10_000;

export interface ServeParts {
  app: FastifyInstance;
  /** `null`: none is wanted. */
  grpc: GrpcDoor | null;
  store: Store;
}

/** Where to listen. */
export interface Addresses {
  host: string;
  /** 0 picks a free port. */
  port: number;
  /**
   * `null`: nowhere. `asked`: whether someone asked for this port; where nobody did, going without gRPC is better than
   * not serving.
   */
  grpc: { port: number; asked: boolean } | null;
  /** Who may come in, for the log. */
  access: string;
}

/**
 * Listens until SIGTERM or SIGINT; then takes no more requests, answers those under way, commits and exits 0.
 *
 * @throws {WeirError} when an address can't be had; the store is closed then.
 */
export async function serve(parts: ServeParts, config: Addresses): Promise<void> {
  let addresses: string;
  try {
    addresses = await listen(parts, config);
  } catch (error) {
    await closeDoors(parts);
    await parts.store.close();
    throw error;
  }

  let going = false;
  const stop = (signal: NodeJS.Signals) => {
    // The second signal is someone who does not want to wait.
    if (going) process.exit(1);
    going = true;
    parts.app.log.info({ signal }, "going: no more requests, those under way are answered");
    void drain(parts);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // Last: who reads it may tell us to go at once.
  process.stdout.write(addresses);
}

/** @returns where, as lines */
async function listen(parts: ServeParts, { host, port, grpc, access }: Addresses): Promise<string> {
  const { app } = parts;
  let grpcLine = "";
  let noGrpc: string | undefined;
  // First: that HTTP is listened for is logged at once, and should be true of a server that has started.
  if (parts.grpc !== null && grpc !== null) {
    try {
      const grpcPort = await parts.grpc.listen(`${urlHost(host)}:${grpc.port}`);
      grpcLine = `weir: gRPC on ${urlHost(host)}:${grpcPort}\n`;
    } catch (cause) {
      noGrpc = cannotListen(cause, host, grpc.port, "--grpc-port");
      if (grpc.asked) throw new WeirError("unavailable", noGrpc, { cause });
    }
  }
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `listening on ${address}, ${access}` });
  } catch (cause) {
    throw new WeirError("unavailable", cannotListen(cause, host, port, "--port"), { cause });
  }
  if (noGrpc !== undefined) app.log.warn(`${noGrpc}; going on without gRPC`);
  const bound = app.server.address();
  const realPort = typeof bound === "object" && bound !== null ? bound.port : port;
  return `weir: listening on http://${urlHost(host)}:${realPort}\n${grpcLine}`;
}

async function drain(parts: ServeParts): Promise<void> {
  const late = setTimeout(() => {
    parts.app.server.closeAllConnections();
    parts.grpc?.abort();
  }, DRAIN_MS);
  try {
    await closeDoors(parts);
    clearTimeout(late);
    await parts.store.close();
    process.exit(0);
  } catch (error) {
    parts.app.log.error({ err: error }, "the store did not close");
    process.exit(1);
  }
}

async function closeDoors({ app, grpc }: ServeParts): Promise<void> {
  await Promise.all([app.close(), grpc?.close()]);
}

function cannotListen(cause: unknown, host: string, port: number, flag: string): string {
  const where = `${urlHost(host)}:${port}`;
  const { message } = cause as Error;
  // gRPC's server gives the system's code within its message only.
  switch (/\b(?:EADDRINUSE|EACCES|EADDRNOTAVAIL|ENOTFOUND)\b/.exec(message)?.[0]) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is in use: stop the other program, or choose another with ${flag}`;
    case "EACCES":
      return `may not listen on ${where}: ports below 1024 need more rights, choose another with ${flag}`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `--host ${host} is no address of this machine`;
    default:
      return `can't listen on ${where}: ${message}`;
  }
}
