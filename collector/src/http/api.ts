/** `/api/v1`: questions to the store. The schema of an answer is also the type that its handler must return. */
import { Readable } from "node:stream";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type TObject, type TSchema, Type } from "typebox";
import { confinedTo } from "../auth/confined.ts";
import { WeirError } from "../errors.ts";
import type { FlowDetail } from "../flow.ts";
import type { LimitReached } from "../limits.ts";
import type { Questions } from "../store.ts";
import { type FlowBytes, type Stages, stagesOf } from "./detail.ts";
import type { Query, QuerySchema } from "./params.ts";
import {
  presentDetail,
  presentErrors,
  presentHistogram,
  presentLimit,
  presentPage,
  presentStats,
  presentStuck,
  presentTenant,
} from "./present.ts";
import {
  errorsQuery,
  filterQuery,
  flowQuery,
  histogramQuery,
  noQuery,
  pickerQuery,
  statsQuery,
  stuckQuery,
  tenantFlowQuery,
  tenantQuery,
} from "./query.ts";
import * as schemas from "./schemas.ts";

const READS = { access: "read" } as const;
const JSON_TYPE = "application/json; charset=utf-8";
const LINES_TYPE = "application/x-ndjson; charset=utf-8";
const STAGES = {
  description: "One line of JSON or two: a `FlowOutline`; and where that leaves steps out, the `FlowDetail`",
  content: { "application/x-ndjson": { schema: Type.String() } },
};
const TENANT = Type.Object({ tenant: Type.String() });
const FLOW = Type.Object({ tenant: Type.String(), id: Type.String() });

/** What is asked of others than the store. */
interface Beside {
  flowBytes: FlowBytes;
  /** Which tenants came to limits of theirs, the latest first. */
  limitsReached: () => Promise<LimitReached[]>;
}

/** Adds the routes, each under `/api/v1`. */
export function addApi(app: FastifyInstance, store: Questions, { flowBytes, limitsReached }: Beside): void {
  /** The only way from here to the store: what the caller may see of it. */
  const seenBy = ({ caller }: Pick<FastifyRequest, "caller">): Questions =>
    caller.tenant === null ? store : confinedTo(store, caller.tenant);

  async function oneFlow(caller: FastifyRequest["caller"], key: schemas.FlowKey): Promise<FlowDetail> {
    const flow = await seenBy({ caller }).flow(key);
    if (flow === undefined) throw noSuchFlow(key);
    return flow;
  }

  app.register(
    async (scope) => {
      const api = scope.withTypeProvider<TypeBoxTypeProvider>();
      api.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));

      api.get("/tenants", answers("Customers", schemas.TenantPage, tenantQuery), async (request) => {
        const { items, ...page } = await seenBy(request).tenants(tenantQuery.read(request.query));
        return { tenants: items.map(presentTenant), ...page };
      });

      api.get("/flows", answers("Flows, newest first", schemas.FlowPage, flowQuery), async (request) =>
        presentPage(await seenBy(request).flows(flowQuery.read(request.query))),
      );

      // Not a part of the page: who turns pages need not count again, and who waits for a page not for the count.
      const counted = answers(
        "How many flows there are, by status and health",
        schemas.FlowCount,
        filterQuery,
      );
      api.get("/flows/count", counted, async (request) =>
        seenBy(request).count(filterQuery.read(request.query)),
      );

      const ofTenant = answers("Flows of one customer", schemas.FlowPage, tenantFlowQuery, TENANT);
      api.get("/tenants/:tenant/flows", ofTenant, async (request) => {
        const { query, params, caller } = request;
        if (caller.tenant !== null && caller.tenant !== params.tenant) throw noSuchTenant(params.tenant);
        const asked = { ...tenantFlowQuery.read(query), tenant: [params.tenant] };
        return presentPage(await seenBy(request).flows(asked));
      });

      const whole = answers("A flow with its steps, events and children", schemas.FlowDetail, noQuery, FLOW);
      api.get("/tenants/:tenant/flows/:id", whole, async ({ params, query, caller }, reply) => {
        noQuery.read(query);
        if (caller.tenant !== null) return presentDetail(await oneFlow(caller, params));
        const bytes = await flowBytes.whole(params);
        if (bytes === undefined) throw noSuchFlow(params);
        return reply.type(JSON_TYPE).send(bytes as never);
      });

      const inStages = answers("A flow as a page of it is drawn: its outline first", STAGES, noQuery, FLOW);
      api.get("/tenants/:tenant/flows/:id/stages", inStages, async ({ params, query, caller }, reply) => {
        noQuery.read(query);
        const stages =
          caller.tenant === null ? await flowBytes.stages(params) : stagesOf(await oneFlow(caller, params));
        if (stages === undefined) throw noSuchFlow(params);
        return reply.type(LINES_TYPE).send(Readable.from(linesOf(stages), { objectMode: false }) as never);
      });

      const bars = answers("How many flows began when, by status", schemas.FlowHistogram, histogramQuery);
      api.get("/flows/histogram", bars, async (request) =>
        presentHistogram(await seenBy(request).histogram(histogramQuery.read(request.query))),
      );

      const stats = answers("Runs, failures and durations, by groups", schemas.Stats, statsQuery);
      api.get("/stats", stats, async (request) =>
        presentStats(await seenBy(request).stats(statsQuery.read(request.query))),
      );

      const errors = answers(
        "What flows failed with, the most frequent first",
        schemas.ErrorStats,
        errorsQuery,
      );
      api.get("/stats/errors", errors, async (request) =>
        presentErrors(await seenBy(request).errors(errorsQuery.read(request.query))),
      );

      const stuck = answers("Flows that are lost or stalled, the worst first", schemas.StuckPage, stuckQuery);
      api.get("/stuck", stuck, async (request) =>
        presentStuck(await seenBy(request).stuck(stuckQuery.read(request.query))),
      );

      api.get("/names", answers("Names that flows have", schemas.Names, pickerQuery), async (request) => {
        const { items, complete } = await seenBy(request).names(pickerQuery.read(request.query).tenant);
        return { names: items, complete };
      });

      api.get("/labels", answers("Labels that flows have", schemas.Labels, pickerQuery), async (request) => {
        const { items, complete } = await seenBy(request).labels(pickerQuery.read(request.query).tenant);
        return { labels: items, complete };
      });

      api.get(
        "/limits",
        answers("Limits that customers came to", schemas.LimitsReached, pickerQuery),
        async ({ query, caller }) => {
          const { tenant: asked } = pickerQuery.read(query);
          const wanted = [asked, caller.tenant].filter((each) => each !== undefined && each !== null);
          const reached = await limitsReached();
          return {
            limits: reached.filter(({ tenant }) => wanted.every((each) => each === tenant)).map(presentLimit),
          };
        },
      );
    },
    { prefix: "/api/v1" },
  );
}

async function* linesOf({ outline, whole }: Stages): AsyncGenerator<Uint8Array | string> {
  yield outline;
  yield "\n";
  if (whole === null) return;
  yield await whole();
  yield "\n";
}

function answers<A extends TSchema | typeof STAGES, P extends TSchema = TObject>(
  summary: string,
  answer: A,
  { schema: querystring }: Query<unknown>,
  params?: P,
): { config: typeof READS; schema: Described & { response: { 200: A }; params: P } } {
  const schema = { summary, querystring, response: { 200: answer }, ...(params && { params }) };
  return { config: READS, schema: schema as typeof schema & { params: P } };
}

interface Described {
  summary: string;
  querystring: QuerySchema;
}

function noSuchTenant(tenant: string): WeirError {
  return new WeirError("not_found", `there is no tenant ${JSON.stringify(tenant)}`);
}

function noSuchFlow({ tenant, id }: schemas.FlowKey): WeirError {
  return new WeirError("not_found", `tenant ${JSON.stringify(tenant)} has no flow ${JSON.stringify(id)}`);
}
