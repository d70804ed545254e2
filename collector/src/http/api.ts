/** `/api/v1`: questions to the store. The schema of an answer is also the type that its handler must return. */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { type TSchema, Type } from "typebox";
import { WeirError } from "../errors.ts";
import type { Questions } from "../store.ts";
import type { DetailBytes } from "./detail.ts";
import { presentFlow, presentGroup, presentTenant } from "./present.ts";
import {
  readFlowQuery,
  readNoQuery,
  readPickerQuery,
  readStatsQuery,
  readTenantFlowQuery,
  readTenantQuery,
} from "./query.ts";
import * as schemas from "./schemas.ts";

const JSON_TYPE = "application/json; charset=utf-8";
const TENANT = Type.Object({ tenant: Type.String() });

/** Adds the routes, each under `/api/v1`. */
export function addApi(app: FastifyInstance, store: Questions, detailBytes: DetailBytes): void {
  app.register(
    async (scope) => {
      const api = scope.withTypeProvider<TypeBoxTypeProvider>();
      api.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));

      api.get("/tenants", answers(schemas.TenantPage), async ({ query }) => {
        const { items, nextCursor } = await store.tenants(readTenantQuery(query));
        return { tenants: items.map(presentTenant), nextCursor };
      });

      api.get("/flows", answers(schemas.FlowPage), async ({ query }) => {
        const { items, nextCursor } = await store.flows(readFlowQuery(query));
        return { flows: items.map(presentFlow), nextCursor };
      });

      api.get("/tenants/:tenant/flows", answers(schemas.FlowPage, TENANT), async ({ query, params }) => {
        const { items, nextCursor } = await store.flows(readTenantFlowQuery(query, params.tenant));
        return { flows: items.map(presentFlow), nextCursor };
      });

      api.get(
        "/tenants/:tenant/flows/:id",
        answers(schemas.FlowDetail, schemas.FlowKey),
        async ({ query, params }, reply) => {
          readNoQuery(query);
          const bytes = await detailBytes(params);
          if (bytes === undefined) throw noSuchFlow(params);
          return reply.type(JSON_TYPE).send(bytes as never);
        },
      );

      api.get("/stats", answers(schemas.Stats), async ({ query }) => ({
        groups: (await store.statsByName(readStatsQuery(query))).map(presentGroup),
      }));

      api.get("/names", answers(schemas.Names), async ({ query }) => ({
        names: await store.names(readPickerQuery(query).tenant),
      }));

      api.get("/labels", answers(schemas.Labels), async ({ query }) => ({
        labels: await store.labels(readPickerQuery(query).tenant),
      }));
    },
    { prefix: "/api/v1" },
  );
}

function answers<A extends TSchema, P extends TSchema>(
  answer: A,
  params: P,
): { schema: Schema<A> & { params: P } };
function answers<A extends TSchema>(answer: A): { schema: Schema<A> };
function answers(answer: TSchema, params?: TSchema) {
  return { schema: { response: { 200: answer }, ...(params && { params }) } };
}

interface Schema<A> {
  response: { 200: A };
}

function noSuchFlow({ tenant, id }: schemas.FlowKey): WeirError {
  return new WeirError("not_found", `tenant ${JSON.stringify(tenant)} has no flow ${JSON.stringify(id)}`);
}
