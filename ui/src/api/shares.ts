/** Links for those who have no key: making them, and what they show. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { FlowDetail, FlowPage, MadeShare, Share, Shared } from "@weir/collector/schemas";
import { get, segment, send } from "./client.ts";
import { keys } from "./keys.ts";

/** A shared page has no stream: it asks again. */
const askAgainEvery = 5_000;

export interface ShareWish {
  tenant: string;
  flowId?: string;
  name?: string;
  expiresIn: string;
  redact: boolean;
}

export function sharesQuery(tenant: string) {
  return queryOptions({
    queryKey: keys.shares(tenant),
    queryFn: async ({ signal }) =>
      (await get<{ shares: Share[] }>("/shares", new URLSearchParams({ tenant }), signal)).shares,
  });
}

export function makeShare(wish: ShareWish): Promise<MadeShare> {
  return send<MadeShare>("POST", "/shares", wish);
}

export function revokeShare(id: string): Promise<void> {
  return send<void>("DELETE", `/shares/${segment(id)}`);
}

/** What a link shows. */
export function sharedQuery(token: string) {
  return queryOptions({
    queryKey: keys.shared(token),
    queryFn: ({ signal }) => get<Shared>(`/shared/${segment(token)}`, undefined, signal),
    staleTime: 60_000,
  });
}

export function sharedFlowsQuery(token: string) {
  return infiniteQueryOptions({
    queryKey: keys.sharedFlows(token),
    queryFn: ({ pageParam, signal }) => {
      const params = new URLSearchParams({ limit: "100" });
      if (pageParam) params.set("cursor", pageParam);
      return get<FlowPage>(`/shared/${segment(token)}/flows`, params, signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    // Beyond the first page someone reads what was: all pages would be fetched again, one after another.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) > 1 ? false : askAgainEvery),
  });
}

export function sharedFlowQuery(token: string, id: string) {
  return queryOptions({
    queryKey: keys.sharedFlow(token, id),
    queryFn: ({ signal }) =>
      get<FlowDetail>(`/shared/${segment(token)}/flows/${segment(id)}`, undefined, signal),
    refetchInterval: ({ state }) => (state.data?.endedAt === null ? askAgainEvery : false),
  });
}
