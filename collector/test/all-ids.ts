import type { FlowFilter, FlowOrder, Store } from "../src/store.ts";

/** Of all flows that match, over as many pages as that takes: on a busy machine a page may end before it is full. */
export async function allIds(
  store: Store,
  filter: FlowFilter,
  order: FlowOrder = "newest",
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.flows({ ...filter, order, limit: 500, cursor });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}
