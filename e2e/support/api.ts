/** Questions to a running collector, as a client would ask them. */
import type { FlowDetail, FlowPage, FlowSummary } from "@weir/collector/schemas";

export async function get<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok)
    throw new Error(`GET ${url}: expected 200, got ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

export async function flowsOf(collector: string, query = ""): Promise<FlowSummary[]> {
  return (await get<FlowPage>(`${collector}/api/v1/flows${query}`)).flows;
}

export async function flowOf(collector: string, tenant: string, id: string): Promise<FlowDetail> {
  return get(`${collector}/api/v1/tenants/${encodeURIComponent(tenant)}/flows/${encodeURIComponent(id)}`);
}

/** Asks until the answer is one, and fails with the last answer when that takes longer than `ms`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  ms = 20_000,
): Promise<T> {
  const deadline = performance.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms; last: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface TreeNode {
  name: string;
  status: string;
  children: TreeNode[];
}

/** The steps as a tree of names and statuses, in the order of their start. */
export function treeOf(flow: FlowDetail): TreeNode[] {
  const below = (parentId: string | null): TreeNode[] =>
    flow.steps
      .filter((step) => step.parentId === parentId)
      .map((step) => ({ name: step.name, status: step.status, children: below(step.id) }));
  return below(null);
}
