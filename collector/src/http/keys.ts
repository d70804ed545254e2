/** `/api/v1/keys` and `/api/v1/audit`: for admins. One that is bound to a tenant has to do with its tenant alone. */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { type AccessStore, ROLES, type Role } from "../access.ts";
import type { Act } from "../audit.ts";
import { EXPIRY_TAKES, readExpiry } from "../auth/expiry.ts";
import { type Caller, nameOf } from "../auth/gate.ts";
import { LONGEST_KEY_NAME, LONGEST_TENANT, makeKey } from "../auth/keys.ts";
import { WeirError } from "../errors.ts";
import type { Micros } from "../flow.ts";
import { bodySchema, type Field, isText, readBody, takeJson, textOrNull } from "./body.ts";
import { presentAudit, presentKey } from "./present-access.ts";
import { auditQuery, noQuery } from "./query.ts";
import * as schemas from "./schemas.ts";

const ROLE: Field<Role> = {
  takes: `one of ${ROLES.join(", ")}`,
  schema: { type: "string", enum: ROLES },
  read: (value) => ROLES.find((role) => role === value),
};

/** How long something works, as text. */
export const EXPIRES_IN: Field<Micros> = {
  takes: EXPIRY_TAKES,
  schema: { type: "string", maxLength: 10, description: EXPIRY_TAKES },
  read: (value) => (isText(value, 10) ? readExpiry(value) : undefined),
};

const KEY = {
  role: ROLE,
  tenant: textOrNull(LONGEST_TENANT),
  name: textOrNull(LONGEST_KEY_NAME),
  expiresIn: { ...EXPIRES_IN, fallback: null } as Field<Micros | null>,
};

const ID = Type.Object({ id: Type.String() });
const config = { access: "admin" } as const;

export function addKeys(app: FastifyInstance, access: AccessStore, now: () => Micros): void {
  app.register(
    async (scope) => {
      takeJson(scope);
      const api = scope.withTypeProvider<TypeBoxTypeProvider>();
      api.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));

      const list = { summary: "Keys", querystring: noQuery.schema, response: { 200: schemas.Keys } };
      api.get("/keys", { config, schema: list }, async ({ query, caller }) => {
        noQuery.read(query);
        return { keys: (await access.keys(caller.tenant)).map(presentKey) };
      });

      const make = {
        summary: "Makes a key",
        querystring: noQuery.schema,
        body: bodySchema(KEY),
        response: { 201: schemas.MadeKey },
      };
      api.post("/keys", { config, schema: make }, async (request, reply) => {
        noQuery.read(request.query);
        const wish = readBody(request.body, KEY);
        const tenant = tenantFor(request.caller, wish.tenant);
        const { key, text } = await makeKey(access, { ...wish, tenant }, actOf(request, now));
        return reply.code(201).send({ ...presentKey(key), key: text });
      });

      const revoke = {
        summary: "Revokes a key",
        querystring: noQuery.schema,
        params: ID,
        response: { 204: schemas.Nothing },
      };
      api.delete("/keys/:id", { config, schema: revoke }, async (request, reply) => {
        const { query, params, caller } = request;
        noQuery.read(query);
        const key = await access.key(params.id);
        if (key === undefined || !isHis(caller, key.tenant)) throw noSuch("key", params.id);
        await access.revokeKey(key.id, actOf(request, now));
        return reply.code(204).send();
      });

      const audit = {
        summary: "Who made and revoked what, newest first",
        querystring: auditQuery.schema,
        response: { 200: schemas.AuditPage },
      };
      api.get("/audit", { config, schema: audit }, async ({ query, caller }) => {
        const { limit, before } = auditQuery.read(query);
        const entries = await access.audit({ tenant: caller.tenant, limit, before });
        const more = entries.length === limit ? entries.at(-1)?.number : undefined;
        return { entries: entries.map(presentAudit), nextCursor: more === undefined ? null : String(more) };
      });
    },
    { prefix: "/api/v1" },
  );
}

/** Who does what is asked for here. */
export function actOf({ caller }: Pick<FastifyRequest, "caller">, now: () => Micros): Act {
  return { by: nameOf(caller), at: now() };
}

/** Whether something of this tenant is within what he may see. */
export function isHis(caller: Caller, tenant: string | null): boolean {
  return caller.tenant === null || caller.tenant === tenant;
}

export function noSuch(what: "key" | "link", id: string): WeirError {
  return new WeirError("not_found", `there is no ${what} ${JSON.stringify(id.slice(0, 100))}`);
}

/** Who is bound to a tenant makes keys that are bound to it too. */
function tenantFor(caller: Caller, wanted: string | null): string | null {
  if (caller.tenant === null || wanted === null) return wanted ?? caller.tenant;
  if (wanted === caller.tenant) return wanted;
  const expected = JSON.stringify(caller.tenant);
  throw new WeirError("forbidden", `tenant: this key is bound to ${expected}, got ${JSON.stringify(wanted)}`);
}
