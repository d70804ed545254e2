/** `GET /api/v1/me`: who asks, and whether the collector is open to everyone who can reach it. */
import type { FastifyInstance } from "fastify";
import type { Gate } from "../auth/gate.ts";
import { noQuery } from "./query.ts";
import { Me } from "./schemas.ts";

export function addMe(app: FastifyInstance, gate: Gate): void {
  const schema = { summary: "Who asks", querystring: noQuery.schema, response: { 200: Me } };
  const route = { config: { access: "key" }, schema } as const;
  app.get("/api/v1/me", route, async ({ query, caller }, reply): Promise<Me> => {
    noQuery.read(query);
    reply.header("cache-control", "no-store");
    const { role, tenant, via, keyId, keyName } = caller;
    const key = keyId === null ? null : { id: keyId, name: keyName };
    return { role, tenant, via, key, notice: await gate.notice() };
  });
}
