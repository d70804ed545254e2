/** `GET /api/v1/stream`: the live hub over server-sent events. */
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Caller, Gate } from "../auth/gate.ts";
import { WeirError } from "../errors.ts";
import type { Hub, Sink } from "../live/hub.ts";
import type { FlowFilter } from "../store.ts";
import { streamQuery } from "./query.ts";

const STREAM = {
  summary: "Changes as they happen, as server-sent events",
  description: `Each event has an \`id\` and JSON as its \`data\`:

- \`flow\`: a FlowSummary. A flow that no longer passes the filters is sent once more, so that it can be taken off a list.
- \`step\`: a StepChange.
- \`event\` and \`child\`: an EventChange, a ChildChange; of those who ask for one flow.
- \`resync\`: changes were missed; ask again for what you show.`,
  querystring: streamQuery.schema,
  headers: { type: "object", properties: { "last-event-id": { type: "string" } } },
  response: {
    200: {
      description: "Events, until the connection ends",
      content: { "text/event-stream": { schema: { type: "string" } } },
    },
  },
};

/** How soon a reader is sent away whose key was revoked. */
const LOOK_MS = 1_000;

export function addStream(app: FastifyInstance, hub: Hub, gate: Gate): void {
  /** Who reads, and what ends it. */
  const readers = new Map<FastifyReply, Caller>();

  app.get("/api/v1/stream", { config: { access: "read" }, schema: STREAM }, (request, reply) => {
    const { caller } = request;
    const { filter: asked, onlyFlow } = streamQuery.read(request.query);
    const filter = filterFor(caller, asked);
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
    const close = hub.open(sinkOf(reply.raw), filter, {
      lastEventId: request.headers["last-event-id"]?.toString(),
      onlyFlow,
      onlyTenant: caller.tenant ?? undefined,
    });
    readers.set(reply, caller);
    reply.raw.on("close", () => {
      readers.delete(reply);
      close();
    });
  });

  async function sendAway(): Promise<void> {
    for (const [reply, caller] of readers) {
      if (!(await gate.isStillIn(caller))) reply.raw.end();
    }
  }
  const look = setInterval(() => void sendAway().catch(() => {}), LOOK_MS).unref();

  // Before the server waits for its connections to end: these do not end by themselves.
  app.addHook("preClose", (done) => {
    clearInterval(look);
    hub.close();
    done();
  });
}

/** Who is bound to a tenant hears of it alone; there is nothing to hear of another. */
function filterFor({ tenant }: Caller, filter: FlowFilter): FlowFilter {
  if (tenant === null) return filter;
  if (filter.tenant === undefined || filter.tenant.includes(tenant)) return { ...filter, tenant: [tenant] };
  throw new WeirError(
    "not_found",
    `there is no tenant ${filter.tenant.map((each) => JSON.stringify(each)).join(", ")}`,
  );
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
