/**
 * What a link shows, under `/api/v1/shared/<token>`: routes of their own, that know no other question. The token is
 * the right to ask, so these are `public`; one that no longer works is 404 as one that never did.
 */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { AccessStore, ShareRecord } from "../access.ts";
import { sharedView, shareOf } from "../auth/shares.ts";
import { WeirError } from "../errors.ts";
import type { Micros } from "../flow.ts";
import type { Questions } from "../store.ts";
import { presentDetail, presentPage, time } from "./present.ts";
import { noQuery, pageQuery } from "./query.ts";
import * as schemas from "./schemas.ts";

const TOKEN = Type.Object({ token: Type.String() });
const FLOW = Type.Object({ token: Type.String(), id: Type.String() });
const config = { access: "public" } as const;

export function addShared(
  app: FastifyInstance,
  access: AccessStore,
  store: Questions,
  now: () => Micros,
): void {
  async function find(token: string): Promise<ShareRecord> {
    const share = await shareOf(access, token, now());
    if (share === undefined) throw new WeirError("not_found", "this link does not work, or no longer does");
    return share;
  }

  app.register(
    async (scope) => {
      const api = scope.withTypeProvider<TypeBoxTypeProvider>();
      api.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));

      const about = {
        summary: "What a link shows",
        querystring: noQuery.schema,
        params: TOKEN,
        response: { 200: schemas.Shared },
      };
      api.get("", { config, schema: about }, async ({ params, query }) => {
        noQuery.read(query);
        const { tenant, flowId, name, redact, expiresAt } = await find(params.token);
        return { tenant, flowId, name, redact, expiresAt: time(expiresAt) };
      });

      const list = {
        summary: "The flows of a link, newest first",
        querystring: pageQuery.schema,
        params: TOKEN,
        response: { 200: schemas.FlowPage },
      };
      api.get("/flows", { config, schema: list }, async ({ params, query }) => {
        const page = pageQuery.read(query);
        return presentPage(await sharedView(store, await find(params.token)).flows(page));
      });

      const one = {
        summary: "A flow of a link",
        querystring: noQuery.schema,
        params: FLOW,
        response: { 200: schemas.FlowDetail },
      };
      api.get("/flows/:id", { config, schema: one }, async ({ params, query }) => {
        noQuery.read(query);
        const flow = await sharedView(store, await find(params.token)).flow(params.id);
        if (flow === undefined) throw new WeirError("not_found", "this link shows no such flow");
        return presentDetail(flow);
      });
    },
    { prefix: "/api/v1/shared/:token" },
  );
}
