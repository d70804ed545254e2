/** Real servers on a free port of the loopback address. */
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { identityOfServer } from "./certificate.ts";

export type Scheme = "http" | "https";

export interface Listening {
  server: Server;
  url: string;
  close(): Promise<void>;
}

export async function listen(listener: RequestListener, scheme: Scheme = "http"): Promise<Listening> {
  const server = scheme === "http" ? createServer(listener) : createTlsServer(identityOfServer, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    server,
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
