/** `/api/v1/shares`: links for those who have no key. Made by admins, as they let others in. */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { AccessStore } from "../access.ts";
import { LONGEST_TENANT } from "../auth/keys.ts";
import { makeShare } from "../auth/shares.ts";
import { WeirError } from "../errors.ts";
import type { Micros } from "../flow.ts";
import { bodySchema, type Field, isText, readBody, takeJson, textOrNull } from "./body.ts";
import { actOf, EXPIRES_IN, isHis, noSuch } from "./keys.ts";
import { presentShare } from "./present-access.ts";
import { noQuery, pickerQuery } from "./query.ts";
import * as schemas from "./schemas.ts";

const TENANT: Field<string> = {
  takes: `text of 1 to ${LONGEST_TENANT} characters`,
  schema: { type: "string", minLength: 1, maxLength: LONGEST_TENANT },
  read: (value) => (isText(value, LONGEST_TENANT) ? value : undefined),
};

const REDACT: Field<boolean> = {
  takes: "true or false",
  schema: { type: "boolean", default: false },
  fallback: false,
  read: (value) => (typeof value === "boolean" ? value : undefined),
};

const SHARE = {
  tenant: TENANT,
  flowId: textOrNull(LONGEST_TENANT),
  name: textOrNull(LONGEST_TENANT),
  expiresIn: EXPIRES_IN,
  redact: REDACT,
};

const ID = Type.Object({ id: Type.String() });
const config = { access: "admin" } as const;

export function addShares(app: FastifyInstance, access: AccessStore, now: () => Micros): void {
  app.register(
    async (scope) => {
      takeJson(scope);
      const api = scope.withTypeProvider<TypeBoxTypeProvider>();
      api.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));

      const list = {
        summary: "Links that work",
        querystring: pickerQuery.schema,
        response: { 200: schemas.Shares },
      };
      api.get("/shares", { config, schema: list }, async ({ query, caller }) => {
        const { tenant = caller.tenant } = pickerQuery.read(query);
        if (!isHis(caller, tenant)) return { shares: [] };
        return { shares: (await access.shares(tenant, now())).map(presentShare) };
      });

      const make = {
        summary: "Makes a link for those who have no key",
        description: "To one flow, or to all flows of one name: `flowId` or `name`, and not both.",
        querystring: noQuery.schema,
        body: bodySchema(SHARE),
        response: { 201: schemas.MadeShare },
      };
      api.post("/shares", { config, schema: make }, async (request, reply) => {
        noQuery.read(request.query);
        const wish = readBody(request.body, SHARE);
        if ((wish.flowId === null) === (wish.name === null)) {
          throw new WeirError(
            "invalid_argument",
            "expected either flowId or name: one flow, or all of one name",
          );
        }
        if (!isHis(request.caller, wish.tenant)) {
          throw new WeirError(
            "forbidden",
            `tenant: this key is bound to ${JSON.stringify(request.caller.tenant)}`,
          );
        }
        const { share, token } = await makeShare(access, wish, actOf(request, now));
        return reply.code(201).send({ ...presentShare(share), path: `/s/${token}` });
      });

      const revoke = {
        summary: "Revokes a link",
        querystring: noQuery.schema,
        params: ID,
        response: { 204: schemas.Nothing },
      };
      api.delete("/shares/:id", { config, schema: revoke }, async (request, reply) => {
        const { query, params, caller } = request;
        noQuery.read(query);
        const share = await access.share(params.id);
        if (share === undefined || !isHis(caller, share.tenant)) throw noSuch("link", params.id);
        await access.revokeShare(share.id, actOf(request, now));
        return reply.code(204).send();
      });
    },
    { prefix: "/api/v1" },
  );
}
