/**
 * The connections to the collector. They never keep the process alive: a program that has nothing more to do ends,
 * after `beforeExit` has given the queue its bounded time, also when the collector hangs.
 */
import type { Agent, ClientRequest } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** For the exporter: makes the agent when the first request goes out, as instrumentations want `http` unloaded before. */
export async function collectorAgent(protocol: string): Promise<Agent> {
  const http = await (protocol === "http:" ? import("node:http") : import("node:https"));
  const Base = http.Agent as typeof Agent;

  class UnheldAgent extends Base {
    override createConnection(...args: Parameters<Agent["createConnection"]>): Duplex {
      const socket = super.createConnection(...args) as Socket;
      socket.unref();
      return socket;
    }

    /** Node's own holds the process again with each use of a kept connection. */
    override reuseSocket(socket: Socket, request: ClientRequest): void {
      super.reuseSocket(socket, request);
      socket.unref();
    }
  }

  return new UnheldAgent({ keepAlive: true });
}
