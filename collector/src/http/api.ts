/** `/api/v1`: questions to the store. The schema of an answer is also the type that its handler must return. */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { type TSchema, Type } from "typebox";
import { WeirError } from "../errors.ts";
import type { LimitReached } from "../limits.ts";
import type { Store } from "../store.ts";
import { presentDetail, presentFlow, presentGroup, presentLimit, presentTenant } from "./present.ts";
import {
  readFlowQuery,
  readNoQuery,
  readPickerQuery,
  readStatsQuery,
  readTenantFlowQuery,
  readTenantQuery,
} from "./query.ts";
import * as schemas from "./schemas.ts";

const TENANT = Type.Object({ tenant: Type.String() });

/** Adds the routes, each under `/api/v1`. `limitsReached`: by which tenants, the latest first. */
export function addApi(app: FastifyInstance, store: Store, limitsReached: () => LimitReached[]): void {
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
        async ({ query, params }) => {
          readNoQuery(query);
          const flow = await store.flow(params);
          if (flow === undefined) throw noSuchFlow(params);
          return presentDetail(flow);
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

      api.get("/limits", answers(schemas.LimitsReached), async ({ query }) => {
        const { tenant } = readPickerQuery(query);
        const reached = limitsReached().filter((each) => tenant === undefined || each.tenant === tenant);
        return { limits: reached.map(presentLimit) };
      });
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
