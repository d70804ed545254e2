/** `/api/v1`: questions to the store. The schema of an answer is also the type of what is presented. */
import { Readable } from "node:stream";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifySchema } from "fastify";
import { type Static, type TObject, type TSchema, Type } from "typebox";
import { WeirError } from "../errors.ts";
import type { LimitReached } from "../limits.ts";
import type { Answer, Answers, Asked, Question, Stages } from "./answers.ts";
import type { Query, QuerySchema } from "./params.ts";
import { presentLimit } from "./present.ts";
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

/**
 * Adds the routes, each under `/api/v1`.
 *
 * @param limitsReached which tenants came to limits of theirs, the latest first.
 */
export function addApi(
  app: FastifyInstance,
  answers: Answers,
  limitsReached: () => Promise<LimitReached[]>,
): void {
  app.register(
    async (scope) => {
      const api = scope.withTypeProvider<TypeBoxTypeProvider>();
      api.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));

      /** A question of which the query string says all. */
      function asks<Q extends Question, A extends TSchema>(
        path: string,
        question: Q,
        { summary, answer, query }: Route<Q, A>,
      ): void {
        const { config, schema } = described(summary, answer, query);
        scope.get(path, { config, schema: schema as FastifySchema }, async (request, reply) => {
          const bytes = await answers.to(question, query.read(request.query), request.caller.tenant);
          return reply.type(JSON_TYPE).send(bytes);
        });
      }

      asks("/tenants", "tenants", { summary: "Customers", answer: schemas.TenantPage, query: tenantQuery });
      asks("/flows", "flows", { summary: "Flows, newest first", answer: schemas.FlowPage, query: flowQuery });
      // Not a part of the page: who turns pages need not count again, and who waits for a page not for the count.
      asks("/flows/count", "count", {
        summary: "How many flows there are, by status and health",
        answer: schemas.FlowCount,
        query: filterQuery,
      });

      const ofTenant = described("Flows of one customer", schemas.FlowPage, tenantFlowQuery, TENANT);
      api.get("/tenants/:tenant/flows", ofTenant, async ({ query, params, caller }, reply) => {
        if (caller.tenant !== null && caller.tenant !== params.tenant) throw noSuchTenant(params.tenant);
        const asked = { ...tenantFlowQuery.read(query), tenant: [params.tenant] };
        return reply.type(JSON_TYPE).send((await answers.to("flows", asked, caller.tenant)) as never);
      });

      const whole = described(
        "A flow with its steps, events and children",
        schemas.FlowDetail,
        noQuery,
        FLOW,
      );
      api.get("/tenants/:tenant/flows/:id", whole, async ({ params, query, caller }, reply) => {
        noQuery.read(query);
        const bytes = await answers.flow(params, caller.tenant);
        if (bytes === undefined) throw noSuchFlow(params);
        return reply.type(JSON_TYPE).send(bytes as never);
      });

      const inStages = described("A flow as a page of it is drawn: its outline first", STAGES, noQuery, FLOW);
      api.get("/tenants/:tenant/flows/:id/stages", inStages, async ({ params, query, caller }, reply) => {
        noQuery.read(query);
        const stages = await answers.stages(params, caller.tenant);
        if (stages === undefined) throw noSuchFlow(params);
        return reply.type(LINES_TYPE).send(Readable.from(linesOf(stages), { objectMode: false }) as never);
      });

      asks("/flows/histogram", "histogram", {
        summary: "How many flows began when, by status",
        answer: schemas.FlowHistogram,
        query: histogramQuery,
      });
      asks("/stats", "stats", {
        summary: "Runs, failures and durations, by groups",
        answer: schemas.Stats,
        query: statsQuery,
      });
      asks("/stats/errors", "errors", {
        summary: "What flows failed with, the most frequent first",
        answer: schemas.ErrorStats,
        query: errorsQuery,
      });
      asks("/stuck", "stuck", {
        summary: "Flows that are lost or stalled, the worst first",
        answer: schemas.StuckPage,
        query: stuckQuery,
      });
      asks("/names", "names", {
        summary: "Names that flows have",
        answer: schemas.Names,
        query: pickedQuery,
      });
      asks("/labels", "labels", {
        summary: "Labels that flows have",
        answer: schemas.Labels,
        query: pickedQuery,
      });

      const limits = described("Limits that customers came to", schemas.LimitsReached, pickerQuery);
      api.get("/limits", limits, async ({ query, caller }) => {
        const { tenant: asked } = pickerQuery.read(query);
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

/** @typeParam A the schema of what the question is answered with: others do not compile. */
interface Route<Q extends Question, A extends TSchema> {
  summary: string;
  answer: A & (Answer<Q> extends Static<A> ? unknown : never);
  query: Query<Asked<Q>>;
}

const pickedQuery: Query<string | undefined> = {
  ...pickerQuery,
  read: (query) => pickerQuery.read(query).tenant,
};

async function* linesOf({ outline, whole }: Stages): AsyncGenerator<Uint8Array | string> {
  yield outline;
  yield "\n";
  if (whole === null) return;
  yield await whole();
  yield "\n";
}

function described<A extends TSchema | typeof STAGES, P extends TSchema = TObject>(
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
