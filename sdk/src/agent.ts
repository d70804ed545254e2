/**
 * The connections to the collector. They never keep the process alive: a program that has nothing more to do ends,
 * after `beforeExit` has given the queue its bounded time, also when the collector hangs. And none is read for longer
 * than an answer can be: the exporter would read megabytes of each.
 */
import type { Agent, ClientRequest } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Certificates } from "./certificates.ts";

/** With its headers. An answer of OTLP is a few words, and at most says of each span why it was refused. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** The `code` of the error of a request whose answer is longer. */
export const ANSWER_TOO_LONG = "ERR_WEIR_ANSWER_TOO_LONG";

/** For the exporter: makes the agent when the first request goes out, as instrumentations want `http` unloaded before. */
export async function collectorAgent(protocol: string, certificates: Certificates): Promise<Agent> {
  const http = await (protocol === "http:" ? import("node:http") : import("node:https"));
  const Base = http.Agent as typeof Agent;

  class CollectorAgent extends Base {
    /** What has been read on a connection since its last request. */
    readonly #read = new WeakMap<Socket, number>();

    override createConnection(...args: Parameters<Agent["createConnection"]>): Duplex {
      const socket = super.createConnection(...args) as Socket;
      socket.unref();
      socket.on("data", (chunk: Buffer) => {
        const read = (this.#read.get(socket) ?? 0) + chunk.length;
        this.#read.set(socket, read);
        if (read > MAX_ANSWER_BYTES) socket.destroy(answerTooLong());
      });
      return socket;
    }

    /** Node's own holds the process again with each use of a kept connection. */
    override reuseSocket(socket: Socket, request: ClientRequest): void {
      super.reuseSocket(socket, request);
      socket.unref();
      this.#read.set(socket, 0);
    }
  }

  return new CollectorAgent({ keepAlive: true, ...certificates });
}

function answerTooLong(): Error {
  const message = `expected an answer of at most ${MAX_ANSWER_BYTES} bytes, got more: is it a collector?`;
  return Object.assign(new Error(message), { code: ANSWER_TOO_LONG });
}
