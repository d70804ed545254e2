// A collector that keeps nothing, in a process of its own. Prints its address when it is ready. The path says how it
// behaves: /good, /slow (answers after 30 seconds), /hostile.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const SLOW_MS = 30_000;
const CHUNK = Buffer.alloc(2 ** 16, "x");
const HUGE = 10 * 2 ** 30;

const hostilities = [garbage, hugeBody, endlessRedirect, notHttp];
let hostile = 0;

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    if (request.url === "/slow") setTimeout(() => response.end("{}"), SLOW_MS);
    else if (request.url?.startsWith("/hostile")) {
      const answer = hostilities[hostile++ % hostilities.length] ?? garbage;
      answer(response, request);
    } else response.setHeader("content-type", "application/json").end("{}");
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

function garbage(response: ServerResponse): void {
  response.setHeader("content-type", "application/json").end(CHUNK);
}

function hugeBody(response: ServerResponse): void {
  response.setHeader("content-length", HUGE);
  const more = (): void => {
    while (!response.destroyed && response.write(CHUNK));
  };
  response.on("drain", more);
  more();
}

function endlessRedirect(response: ServerResponse): void {
  response.writeHead(307, { location: "/hostile" }).end();
}

function notHttp(_response: ServerResponse, request: IncomingMessage): void {
  request.socket.end("SSH-2.0-OpenSSH_9.9\r\n");
}
