/** Stands between a page and its collector: of an answer in lines it lets the first one through, and the rest when told. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface SlowStages {
  /** The same address, on the way through here. */
  through(url: string): string;
  release(): void;
  close(): Promise<void>;
}

export async function startSlowStages(collector: string): Promise<SlowStages> {
  const released = Promise.withResolvers<void>();
  const server = createServer(async ({ url }, response) => {
    const answer = await fetch(`${collector}${url}`);
    const body = Buffer.from(await answer.arrayBuffer());
    const end = body.indexOf("\n") + 1;
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
    response.write(body.subarray(0, end));
    await released.promise;
    response.end(body.subarray(end));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    through(url) {
      const { pathname, search } = new URL(url);
      return `http://127.0.0.1:${port}${pathname}${search}`;
    },
    release: released.resolve,
    async close() {
      released.resolve();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
