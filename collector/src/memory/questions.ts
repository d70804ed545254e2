/** What can be asked. Each question looks at every flow: there are no more of them than fit. */
import { definitionFrom } from "../definition.ts";
import type { FlowSummary, TenantSummary } from "../flow.ts";
import { keyText } from "../flow.ts";
import { matcher } from "../matcher.ts";
import type { FlowFilter, LabelValues, Questions } from "../store.ts";
import { decodeCursor, encodeCursor } from "../stores/cursor.ts";
import { countFlows } from "../stores/flow-count.ts";
import { flowPage } from "../stores/flow-page.ts";
import type { HealthReader } from "../stores/health-reader.ts";
import { comparePlaces, directionOf, orderBy, placeOf, sortedOf } from "../stores/order.ts";
import type { Kept, KeptFlow } from "./kept.ts";
import { statsByName } from "./stats.ts";

const VALUES_PER_LABEL = 100;

export function questionsOf(kept: Kept, health: HealthReader): Questions {
  const complete = ({ picture }: KeptFlow): FlowSummary => health.complete(picture.summary, picture.runners);
  const of = (tenant: string | undefined): KeptFlow[] =>
    [...kept.flows.values()].filter(
      ({ picture: { summary } }) => tenant === undefined || summary.tenant === tenant,
    );
  const matching = (filter: FlowFilter): { pk: number; flow: FlowSummary }[] => {
    const matches = matcher(filter);
    return [...kept.flows.values()]
      .map((flow) => ({ pk: flow.pk, flow: complete(flow) }))
      .filter(({ flow }) => matches(flow));
  };

  return {
    async tenants({ q = "", tenant, cursor, limit }) {
      const after = cursor === undefined ? "" : String(decodeCursor(cursor, ["string"])[0]);
      const text = q.toLowerCase();
      const byTenant = Map.groupBy(of(tenant), ({ picture }) => picture.summary.tenant);
      const names = [...byTenant.keys()]
        .filter((name) => name > after && name.toLowerCase().includes(text))
        .sort();
      const items = names
        .slice(0, limit)
        .map((name) => summaryOf(name, (byTenant.get(name) ?? []).map(complete)));
      const last = items.at(-1);
      return { items, nextCursor: names.length > limit && last ? encodeCursor([last.tenant]) : null };
    },

    async flows(query) {
      return flowPage(query, ({ after, back }) => {
        const by = orderBy(query.order);
        const direction = directionOf(query.order);
        const sign = back ? -1 : 1;
        return matching(query)
          .map(({ pk, flow }) => ({ flow, place: placeOf(by, sortedOf(flow), pk) }))
          .filter(({ place }) => after === undefined || sign * comparePlaces(direction, place, after) > 0)
          .sort((a, b) => sign * comparePlaces(direction, a.place, b.place));
      });
    },

    count: async (filter) => countFlows(matching(filter).map(({ flow }) => flow)),

    async flow(key) {
      const flow = kept.flows.get(keyText(key));
      if (flow === undefined) return undefined;
      const { traceId, steps, events, definition } = flow.picture;
      const children = inOrder(kept.childrenOf(key), 1).map(({ picture: { summary } }) => ({
        tenant: summary.tenant,
        id: summary.id,
        name: summary.name,
        status: summary.status,
      }));
      return {
        ...complete(flow),
        traceId,
        steps,
        events,
        children,
        definition: definitionFrom(definition),
      };
    },

    async statsByName(filter) {
      const matches = matcher(filter);
      const runs = inOrder([...kept.flows.values()], -1).map(({ picture }) => ({
        ...picture.summary,
        health: null,
      }));
      return statsByName(runs.filter(matches));
    },

    async names(tenant) {
      return [...new Set(of(tenant).map(({ picture }) => picture.summary.name))].sort();
    },

    async labels(tenant) {
      const values = new Map<string, Set<string>>();
      for (const { picture } of of(tenant)) {
        for (const [key, value] of Object.entries(picture.summary.labels)) {
          values.set(key, (values.get(key) ?? new Set()).add(value));
        }
      }
      return [...values]
        .map(([key, set]): LabelValues => ({ key, values: [...set].sort().slice(0, VALUES_PER_LABEL) }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
    },
  };
}

function inOrder(flows: KeptFlow[], sign: 1 | -1): KeptFlow[] {
  return flows.sort(
    (a, b) => sign * (a.picture.summary.startedAt - b.picture.summary.startedAt || a.pk - b.pk),
  );
}

function summaryOf(tenant: string, flows: FlowSummary[]): TenantSummary {
  const count = (test: (flow: FlowSummary) => boolean) => flows.filter(test).length;
  return {
    tenant,
    running: count(({ endedAt }) => endedAt === null),
    failed: count(({ status }) => status === "failed"),
    stalled: count(({ health }) => health === "stalled"),
    lost: count(({ health }) => health === "lost"),
    lastActivityAt: Math.max(...flows.map(({ updatedAt }) => updatedAt)),
  };
}
