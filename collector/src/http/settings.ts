/** `/api/v1/settings`: what can be set while the collector runs. Read by all who read, changed by admins of the whole. */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { LONGEST_TENANT } from "../auth/keys.ts";
import { WeirError } from "../errors.ts";
import type { Micros } from "../flow.ts";
import {
  MOST_STALLED_LIMITS,
  readTraceLink,
  type Settings,
  type SettingsChange,
  type SettingsStore,
  TRACE_LINK_TAKES,
} from "../settings.ts";
import { isText, objectBody, takeJson, wrong } from "./body.ts";
import { actOf } from "./keys.ts";
import { noQuery } from "./query.ts";
import * as schemas from "./schemas.ts";

/** What flags have set: it holds, whatever else is set. */
export interface FixedSettings {
  traceLink: string | null;
  stalledAfter: ReadonlyMap<string, number>;
}

interface SettingsOptions {
  kept: SettingsStore;
  fixed: FixedSettings;
  now: () => Micros;
}

const SHORTEST_LIMIT_MS = 1_000;
/** Ten years. */
const LONGEST_LIMIT_MS = 3_660 * 86_400_000;

/** The body of a change, for the API's description. */
const CHANGE = {
  type: "object",
  properties: {
    traceLink: { type: ["string", "null"], description: "an http or https URL with {traceId} in it" },
    stalledAfter: {
      type: "array",
      maxItems: MOST_STALLED_LIMITS,
      items: {
        type: "object",
        required: ["name", "limitMs"],
        properties: {
          name: { type: "string", minLength: 1, maxLength: LONGEST_TENANT },
          limitMs: { type: ["integer", "null"], minimum: SHORTEST_LIMIT_MS, maximum: LONGEST_LIMIT_MS },
        },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
};

export function addSettings(app: FastifyInstance, { kept, fixed, now }: SettingsOptions): void {
  app.register(
    async (scope) => {
      takeJson(scope);
      const api = scope.withTypeProvider<TypeBoxTypeProvider>();
      api.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));

      const read = {
        summary: "What is set",
        querystring: noQuery.schema,
        response: { 200: schemas.Settings },
      };
      api.get("/settings", { config: { access: "read" }, schema: read }, async ({ query, caller }) => {
        noQuery.read(query);
        const answer = present(await kept.settings(), fixed);
        // Names of flows may be other customers'.
        return caller.tenant === null ? answer : { ...answer, stalledAfter: [] };
      });

      const change = {
        summary: "Sets something",
        description:
          "What is not named stays as it is; null takes away. What a flag has set can't be changed.",
        querystring: noQuery.schema,
        body: CHANGE,
        response: { 200: schemas.Settings },
      };
      api.patch("/settings", { config: { access: "admin-all" }, schema: change }, async (request) => {
        noQuery.read(request.query);
        const wish = readChange(request.body);
        refuseFixed(wish, fixed);
        await kept.changeSettings(wish, actOf(request, now));
        return present(await kept.settings(), fixed);
      });
    },
    { prefix: "/api/v1" },
  );
}

function present(settings: Settings, fixed: FixedSettings): schemas.Settings {
  const limits = new Map([...settings.stalledAfter, ...fixed.stalledAfter]);
  return {
    traceLink: fixed.traceLink ?? settings.traceLink,
    traceLinkFixed: fixed.traceLink !== null,
    stalledAfter: [...limits]
      .map(([name, limitMs]) => ({ name, limitMs, fixed: fixed.stalledAfter.has(name) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function readChange(body: unknown): SettingsChange {
  const { traceLink, stalledAfter, ...rest } = objectBody(body);
  for (const name of Object.keys(rest)) throw wrong("the body", "only traceLink, stalledAfter", name);
  const change: SettingsChange = {};
  if (traceLink !== undefined) {
    const read = typeof traceLink === "string" ? readTraceLink(traceLink) : traceLink;
    if (read !== null && typeof read !== "string")
      throw wrong("traceLink", `${TRACE_LINK_TAKES}, or null`, traceLink);
    change.traceLink = read;
  }
  if (stalledAfter !== undefined) change.stalledAfter = readLimits(stalledAfter);
  return change;
}

function readLimits(value: unknown): Map<string, number | null> {
  const limits = new Map<string, number | null>();
  const takes = `a list of at most ${MOST_STALLED_LIMITS} such as { "name": "data_import", "limitMs": 600000 }`;
  if (!Array.isArray(value) || value.length > MOST_STALLED_LIMITS) throw wrong("stalledAfter", takes, value);
  for (const each of value as unknown[]) {
    const { name, limitMs, ...rest } =
      typeof each === "object" && each !== null ? (each as Partial<Limit>) : {};
    if (!isText(name, LONGEST_TENANT) || Object.keys(rest).length > 0)
      throw wrong("stalledAfter", takes, each);
    if (limitMs !== null && !isLimit(limitMs)) {
      throw wrong("stalledAfter", "limitMs as whole milliseconds of a second to ten years, or null", limitMs);
    }
    limits.set(name, limitMs);
  }
  return limits;
}

interface Limit {
  name: unknown;
  limitMs: unknown;
}

function isLimit(value: unknown): value is number {
  const limitMs = value as number;
  return Number.isSafeInteger(value) && limitMs >= SHORTEST_LIMIT_MS && limitMs <= LONGEST_LIMIT_MS;
}

function refuseFixed({ traceLink, stalledAfter = new Map() }: SettingsChange, fixed: FixedSettings): void {
  const names = [...stalledAfter.keys()].filter((name) => fixed.stalledAfter.has(name));
  const flag = traceLink !== undefined && fixed.traceLink !== null ? "--trace-link" : undefined;
  const what = names.length > 0 ? `--stalled-after ${names[0]}` : flag;
  if (what === undefined) return;
  throw new WeirError(
    "invalid_argument",
    `this is set by ${what} or its environment variable: it holds until the collector is started without`,
  );
}
