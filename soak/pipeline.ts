/** A sender of many small requests on one connection, each without waiting for the answer of the one before. */
import { connect, type Socket } from "node:net";

export interface PipelinedRequest {
  body: Buffer;
  headers: Record<string, string>;
}

export class Pipeline {
  readonly #url: URL;
  #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #statuses: number[] = [];
  #wake: (error?: Error) => void = () => {};

  constructor(url: string) {
    this.#url = new URL(url);
    this.#socket = this.#connect();
  }

  #connect(): Socket {
    const socket = connect(Number(this.#url.port), this.#url.hostname);
    socket.on("data", (chunk: Buffer) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      while (this.#readAnswer());
      this.#wake();
    });
    socket.on("error", (error) => this.#wake(error));
    socket.on("close", () => this.#wake(new Error("the connection was closed")));
    return socket;
  }

  /**
   * @returns the status of each answer, in order
   * @throws {Error} when the connection ends first
   */
  async post(path: string, requests: PipelinedRequest[]): Promise<number[]> {
    this.#statuses = [];
    // The server ends one that was idle for long.
    if (this.#socket.destroyed) this.#socket = this.#connect();
    this.#socket.write(Buffer.concat(requests.flatMap((request) => [headOf(path, request), request.body])));
    while (this.#statuses.length < requests.length) {
      await new Promise<void>((resolve, reject) => {
        this.#wake = (error) => (error === undefined ? resolve() : reject(error));
      });
    }
    return this.#statuses;
  }

  close(): void {
    this.#wake = () => {};
    this.#socket.destroy();
  }

  #readAnswer(): boolean {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end === -1) return false;
    const head = this.#received.toString("latin1", 0, end);
    const stop = end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < stop) return false;
    this.#statuses.push(Number(head.slice(9, 12)));
    this.#received = this.#received.subarray(stop);
    return true;
  }
}

function headOf(path: string, { body, headers }: PipelinedRequest): Buffer {
  const lines = Object.entries({ host: "localhost", ...headers, "content-length": body.length });
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\n${lines.map(([key, value]) => `${key}: ${value}\r\n`).join("")}\r\n`,
  );
}
