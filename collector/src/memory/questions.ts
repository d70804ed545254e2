/** What can be asked. Each question looks at every flow: there are no more of them than fit. */
import type { FlowSummary, Micros, TenantSummary } from "../flow.ts";
import { keyText } from "../flow.ts";
import type { Picture } from "../fold/index.ts";
import { matcher } from "../matcher.ts";
import type { FlowFilter, LabelValues, Questions } from "../store.ts";
import { type Context, detailOf } from "../stores/context.ts";
import { failingMore, HISTORY_DAYS } from "../stores/failing-more.ts";
import { countFlows } from "../stores/flow-count.ts";
import { flowPage } from "../stores/flow-page.ts";
import type { HealthReader } from "../stores/health-reader.ts";
import { comparePlaces, directionOf, orderBy, placeOf, sortedOf } from "../stores/order.ts";
import { compareUnwell, pageOfUnwell, stuckFlow, type UnwellFlow } from "../stores/stuck.ts";
import { pageOfTenants } from "../stores/tenant-order.ts";
import type { Kept, KeptFlow } from "./kept.ts";
import { errorsOf, histogramOf, historyOf, statsOf } from "./stats.ts";

const VALUES_PER_LABEL = 100;

/** What questions need beside the flows. */
export interface QuestionParts extends Context {
  now: () => Micros;
}

export function questionsOf(kept: Kept, parts: QuestionParts): Questions {
  const { health, now } = parts;
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
  /** The newest first. */
  const picturesOf = (filter: FlowFilter): Picture[] => {
    const matches = matcher(filter);
    return inOrder([...kept.flows.values()], -1)
      .filter((flow) => matches(complete(flow)))
      .map(({ picture }) => picture);
  };

  return {
    async tenants({ q = "", tenant, history = 0, ...page }) {
      const isAsked = history > 0 || page.order === "attention";
      const text = q.toLowerCase();
      const byTenant = Map.groupBy(of(tenant), ({ picture }) => picture.summary.tenant);
      const summaries = [...byTenant]
        .filter(([name]) => name.toLowerCase().includes(text))
        .map(([name, flows]) => summaryOf(name, flows.map(complete), history, now()))
        .map((summary) => (isAsked ? summary : { ...summary, failingMore: null }));
      return { ...pageOfTenants(summaries, page), complete: true };
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
      const children = inOrder(kept.childrenOf(key), 1).map(({ picture: { summary } }) => ({
        tenant: summary.tenant,
        id: summary.id,
        name: summary.name,
        status: summary.status,
      }));
      return detailOf(flow.picture, children, parts);
    },

    stats: async (query) => statsOf(picturesOf(query), query),
    errors: async (query) => errorsOf(picturesOf(query), query),
    histogram: async (query) =>
      histogramOf(
        picturesOf(query).map(({ summary }) => summary),
        query,
        now(),
      ),

    async stuck(query) {
      const unwell = [...kept.flows.values()]
        .flatMap((flow) => unwellOf(flow, health) ?? [])
        .sort(compareUnwell);
      const { items, nextCursor, counts } = pageOfUnwell(unwell, query);
      return {
        items: items.flatMap(({ picture }) => stuckFlow(picture, parts) ?? []),
        nextCursor,
        counts,
      };
    },

    async names(tenant) {
      const names = new Set(of(tenant).map(({ picture }) => picture.summary.name));
      return { items: [...names].sort(), complete: true };
    },

    async labels(tenant) {
      const values = new Map<string, Set<string>>();
      for (const { picture } of of(tenant)) {
        for (const [key, value] of Object.entries(picture.summary.labels)) {
          values.set(key, (values.get(key) ?? new Set()).add(value));
        }
      }
      const items = [...values]
        .map(([key, set]): LabelValues => ({ key, values: [...set].sort().slice(0, VALUES_PER_LABEL) }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
      return { items, complete: true };
    },
  };
}

function inOrder(flows: KeptFlow[], sign: 1 | -1): KeptFlow[] {
  return flows.sort(
    (a, b) => sign * (a.picture.summary.startedAt - b.picture.summary.startedAt || a.pk - b.pk),
  );
}

function unwellOf(
  { pk, picture }: KeptFlow,
  health: HealthReader,
): (UnwellFlow & { picture: Picture }) | undefined {
  const condition = health.conditionOf(picture.summary, picture.runners);
  if (condition === null || condition.health === "ok") return undefined;
  const { tenant, name } = picture.summary;
  return { pk, tenant, name, health: condition.health, since: condition.since, picture };
}

function summaryOf(tenant: string, flows: FlowSummary[], history: number, now: Micros): TenantSummary {
  const count = (test: (flow: FlowSummary) => boolean) => flows.filter(test).length;
  const days = historyOf(flows, Math.max(history, HISTORY_DAYS), now);
  return {
    tenant,
    running: count(({ endedAt }) => endedAt === null),
    failed: count(({ status }) => status === "failed"),
    stalled: count(({ health }) => health === "stalled"),
    lost: count(({ health }) => health === "lost"),
    lastActivityAt: Math.max(...flows.map(({ updatedAt }) => updatedAt)),
    history: days.slice(days.length - history),
    failingMore: failingMore(days.slice(-HISTORY_DAYS)),
  };
}
