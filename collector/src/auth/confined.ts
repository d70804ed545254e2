/**
 * The store as someone sees it who may see one tenant: every question is narrowed before it is asked, and what an
 * answer says of other tenants is left out. It is typed by the store's own contract: a question that is added there
 * and not here does not compile.
 */
import type { Counted, FlowDetail, FlowSummary } from "../flow.ts";
import { type FlowFilter, noFlows, type Questions } from "../store.ts";

const NOTHING = { items: [], nextCursor: null };
const NONE_LISTED = { items: [], complete: true };
const NO_FLOWS = { ...NOTHING, prevCursor: null, partial: false };

/** @example confinedTo(store, "acme-corp").flows(query) */
export function confinedTo(store: Questions, tenant: string): Questions {
  /** `undefined`: only others are asked for, of which there is nothing. */
  const narrow = <F extends { tenant?: string[] | undefined }>(filter: F): F | undefined => {
    const wanted = filter.tenant ?? [];
    return wanted.length === 0 || wanted.includes(tenant) ? { ...filter, tenant: [tenant] } : undefined;
  };
  const isOwn = (asked: string | undefined) => asked === undefined || asked === tenant;
  return {
    tenants: async (query) =>
      isOwn(query.tenant) ? store.tenants({ ...query, tenant }) : { ...NOTHING, complete: true },
    async flows(query) {
      const narrowed = narrow(query);
      if (narrowed === undefined) return NO_FLOWS;
      const page = await store.flows(narrowed);
      return { ...page, items: page.items.map((flow) => summaryFor(flow, tenant)) };
    },
    async count(filter) {
      const narrowed = narrow(filter);
      return narrowed === undefined ? noFlows() : store.count(narrowed);
    },
    async flow(key) {
      const flow = key.tenant === tenant ? await store.flow(key) : undefined;
      return flow && detailFor(flow, tenant);
    },
    async stats(query) {
      const narrowed = narrow(query);
      return narrowed === undefined ? { groups: [], ...windowOf(query) } : store.stats(narrowed);
    },
    async errors(query) {
      const narrowed = narrow(query);
      return narrowed === undefined ? { errors: [], ...windowOf(query) } : store.errors(narrowed);
    },
    async histogram(query) {
      const narrowed = narrow(query);
      if (narrowed !== undefined) return store.histogram(narrowed);
      return { bucketMs: 0, buckets: [], ...windowOf(query) };
    },
    async stuck(query) {
      const narrowed = narrow(query);
      if (narrowed === undefined) return { ...NOTHING, counts: { lost: 0, stalled: 0 } };
      const page = await store.stuck(narrowed);
      return { ...page, items: page.items.map((flow) => summaryFor(flow, tenant)) };
    },
    names: async (asked) => (isOwn(asked) ? store.names(tenant) : NONE_LISTED),
    labels: async (asked) => (isOwn(asked) ? store.labels(tenant) : NONE_LISTED),
  };
}

/** The store as a caller sees it. @param tenant the one that he may see; `null`: all. */
export function seenBy(store: Questions, tenant: string | null): Questions {
  return tenant === null ? store : confinedTo(store, tenant);
}

function windowOf({ from, to }: Pick<FlowFilter, "from" | "to">): Counted {
  return { from: from ?? null, to: to ?? null, complete: true };
}

/** Without the flow of another tenant that it was opened in. */
function summaryFor<F extends FlowSummary>(flow: F, tenant: string): F {
  return flow.parent === null || flow.parent.tenant === tenant ? flow : { ...flow, parent: null };
}

function detailFor(flow: FlowDetail, tenant: string): FlowDetail {
  return { ...summaryFor(flow, tenant), children: flow.children.filter((child) => child.tenant === tenant) };
}
