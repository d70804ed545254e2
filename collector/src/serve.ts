/** One server's life: listening, saying so, and going away without losing what it holds. */
import type { FastifyInstance } from "fastify";
import { WeirError } from "./errors.ts";
import { urlHost } from "./host.ts";
import type { Store } from "./store.ts";

/** How long requests under way may take once the process was told to go. */
const DRAIN_MS = 10_000;

export interface Address {
  host: string;
  port: number;
  /** Who may come in, for the log. */
  access: string;
}

/**
 * Listens until SIGTERM or SIGINT; then takes no more requests, answers those under way, commits and exits 0.
 *
 * @throws {WeirError} when the address can't be had; the store is closed then.
 */
export async function serve(
  app: FastifyInstance,
  store: Store,
  { host, port, access }: Address,
): Promise<void> {
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `listening on ${address}, ${access}` });
  } catch (cause) {
    await app.close();
    await store.close();
    throw new WeirError("unavailable", cannotListen(cause, host, port), { cause });
  }
  const bound = app.server.address();
  const realPort = typeof bound === "object" && bound !== null ? bound.port : port;
  process.stdout.write(`weir: listening on http://${urlHost(host)}:${realPort}\n`);

  let going = false;
  const stop = (signal: NodeJS.Signals) => {
    // The second signal is someone who does not want to wait.
    if (going) process.exit(1);
    going = true;
    app.log.info({ signal }, "going: no more requests, those under way are answered");
    void drain(app, store);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

async function drain(app: FastifyInstance, store: Store): Promise<void> {
  const late = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
  await app.close();
  clearTimeout(late);
  try {
    await store.close();
    process.exit(0);
  } catch (error) {
    app.log.error({ err: error }, "the store did not close");
    process.exit(1);
  }
}

function cannotListen(cause: unknown, host: string, port: number): string {
  const where = `${urlHost(host)}:${port}`;
  const { code, message } = cause as NodeJS.ErrnoException;
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is in use: stop the other program, or choose another with --port`;
    case "EACCES":
      return `may not listen on ${where}: ports below 1024 need more rights, choose another with --port`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `--host ${host} is no address of this machine`;
    default:
      return `can't listen on ${where}: ${message}`;
  }
}
