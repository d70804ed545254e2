/** `GET /api/v1/stream`: the live hub over server-sent events. */
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Hub, Sink } from "../live/hub.ts";
import { readStreamQuery } from "./query.ts";

export function addStream(app: FastifyInstance, hub: Hub): void {
  app.get("/api/v1/stream", (request, reply) => {
    const filter = readStreamQuery(request.query);
    hub.checkRoom();
    reply.headers({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // For proxies that would hold the events back to fill a buffer.
      "x-accel-buffering": "no",
    });
    if (request.method === "HEAD") return reply.send();

    reply.hijack();
    reply.raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
    const close = hub.open(sinkOf(reply.raw), filter, request.headers["last-event-id"]?.toString());
    reply.raw.on("close", close);
  });

  // Before the server waits for its connections to end: these do not end by themselves.
  app.addHook("preClose", (done) => {
    hub.close();
    done();
  });
}

function sinkOf(response: ServerResponse): Sink {
  return {
    write: (chunk) => void response.write(chunk),
    get buffered() {
      return response.writableLength;
    },
    onceDrained: (callback) => void response.once("drain", callback),
    end: () => void response.end(),
  };
}
