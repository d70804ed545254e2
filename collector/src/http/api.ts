/** `/api/v1`: questions to the store. The schema of an answer is also the type that its handler must return. */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type TSchema, Type } from "typebox";
import { confinedTo } from "../auth/confined.ts";
import { WeirError } from "../errors.ts";
import type { LimitReached } from "../limits.ts";
import type { Questions } from "../store.ts";
import type { DetailBytes } from "./detail.ts";
import { presentDetail, presentGroup, presentLimit, presentPage, presentTenant } from "./present.ts";
import {
  readFilterQuery,
  readFlowQuery,
  readNoQuery,
  readPickerQuery,
  readStatsQuery,
  readTenantFlowQuery,
  readTenantQuery,
} from "./query.ts";
import * as schemas from "./schemas.ts";

const READS = { access: "read" } as const;
const JSON_TYPE = "application/json; charset=utf-8";
const TENANT = Type.Object({ tenant: Type.String() });

/** What is asked of others than the store. */
interface Beside {
  detailBytes: DetailBytes;
  /** Which tenants came to limits of theirs, the latest first. */
  limitsReached: () => Promise<LimitReached[]>;
}

/** Adds the routes, each under `/api/v1`. */
export function addApi(app: FastifyInstance, store: Questions, { detailBytes, limitsReached }: Beside): void {
  /** The only way from here to the store: what the caller may see of it. */
  const seenBy = ({ caller }: Pick<FastifyRequest, "caller">): Questions =>
    caller.tenant === null ? store : confinedTo(store, caller.tenant);

  app.register(
    async (scope) => {
      const api = scope.withTypeProvider<TypeBoxTypeProvider>();
      api.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));

      api.get("/tenants", answers(schemas.TenantPage), async (request) => {
        const { items, nextCursor } = await seenBy(request).tenants(readTenantQuery(request.query));
        return { tenants: items.map(presentTenant), nextCursor };
      });

      api.get("/flows", answers(schemas.FlowPage), async (request) => {
        return presentPage(await seenBy(request).flows(readFlowQuery(request.query)));
      });

      // Not a part of the page: who turns pages need not count again, and who waits for a page not for the count.
      api.get("/flows/count", answers(schemas.FlowCount), async (request) =>
        seenBy(request).count(readFilterQuery(request.query)),
      );

      api.get("/tenants/:tenant/flows", answers(schemas.FlowPage, TENANT), async (request) => {
        const { query, params, caller } = request;
        if (caller.tenant !== null && caller.tenant !== params.tenant) throw noSuchTenant(params.tenant);
        return presentPage(await seenBy(request).flows(readTenantFlowQuery(query, params.tenant)));
      });

      api.get(
        "/tenants/:tenant/flows/:id",
        answers(schemas.FlowDetail, schemas.FlowKey),
        async (request, reply) => {
          const { query, params, caller } = request;
          readNoQuery(query);
          if (caller.tenant === null) {
            const bytes = await detailBytes(params);
            if (bytes === undefined) throw noSuchFlow(params);
            return reply.type(JSON_TYPE).send(bytes as never);
          }
          const flow = await seenBy(request).flow(params);
          if (flow === undefined) throw noSuchFlow(params);
          return presentDetail(flow);
        },
      );

      api.get("/stats", answers(schemas.Stats), async (request) => ({
        groups: (await seenBy(request).statsByName(readStatsQuery(request.query))).map(presentGroup),
      }));

      api.get("/names", answers(schemas.Names), async (request) => ({
        names: await seenBy(request).names(readPickerQuery(request.query).tenant),
      }));

      api.get("/labels", answers(schemas.Labels), async (request) => ({
        labels: await seenBy(request).labels(readPickerQuery(request.query).tenant),
      }));

      api.get("/limits", answers(schemas.LimitsReached), async ({ query, caller }) => {
        const { tenant: asked } = readPickerQuery(query);
        const wanted = [asked, caller.tenant].filter((each) => each !== undefined && each !== null);
        const reached = await limitsReached();
        return {
          limits: reached.filter(({ tenant }) => wanted.every((each) => each === tenant)).map(presentLimit),
        };
      });
    },
    { prefix: "/api/v1" },
  );
}

function answers<A extends TSchema, P extends TSchema>(
  answer: A,
  params: P,
): { config: typeof READS; schema: Schema<A> & { params: P } };
function answers<A extends TSchema>(answer: A): { config: typeof READS; schema: Schema<A> };
function answers(answer: TSchema, params?: TSchema) {
  return { config: READS, schema: { response: { 200: answer }, ...(params && { params }) } };
}

interface Schema<A> {
  response: { 200: A };
}

function noSuchTenant(tenant: string): WeirError {
  return new WeirError("not_found", `there is no tenant ${JSON.stringify(tenant)}`);
}

function noSuchFlow({ tenant, id }: schemas.FlowKey): WeirError {
  return new WeirError("not_found", `tenant ${JSON.stringify(tenant)} has no flow ${JSON.stringify(id)}`);
}
