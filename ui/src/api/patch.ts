/**
 * What live events do to cached answers. Pure: answers in, answers out, unchanged parts shared.
 */
import type { FlowDetail, FlowSummary, Step, StepChange } from "@weir/collector/schemas";

interface Page {
  flows: FlowSummary[];
  nextCursor: string | null;
}

interface Pages<P extends Page> {
  pages: P[];
}

/** One flow among all tenants'. */
export function flowKey(flow: { tenant: string; id: string }): string {
  return JSON.stringify([flow.tenant, flow.id]);
}

/** Rows that are there already take what is newer; the order stays. `unknown` are the flows that have no row. */
export function updateRows<P extends Page, D extends Pages<P>>(
  data: D,
  changed: ReadonlyMap<string, FlowSummary>,
): { data: D; unknown: Map<string, FlowSummary> } {
  const unknown = new Map(changed);
  let touched = false;
  const pages = data.pages.map((page) => {
    let flows: FlowSummary[] | undefined;
    page.flows.forEach((flow, index) => {
      const key = flowKey(flow);
      const incoming = changed.get(key);
      unknown.delete(key);
      if (!incoming || !isNewer(incoming, flow)) return;
      flows ??= [...page.flows];
      flows[index] = incoming;
    });
    if (!flows) return page;
    touched = true;
    return { ...page, flows };
  });
  return { data: touched ? { ...data, pages } : data, unknown };
}

/** Takes rows out. */
export function removeRows<P extends Page, D extends Pages<P>>(data: D, gone: ReadonlySet<string>): D {
  if (gone.size === 0) return data;
  const stays = (flow: FlowSummary) => !gone.has(flowKey(flow));
  return { ...data, pages: data.pages.map((page) => ({ ...page, flows: page.flows.filter(stays) })) };
}

/** Puts flows where the order (newest start first, then id) wants them; what lies beyond the loaded pages waits there. */
export function insertRows<P extends Page, D extends Pages<P>>(data: D, added: Iterable<FlowSummary>): D {
  const pages = [...data.pages];
  for (const flow of added) {
    const at = pages.findIndex((page, index) => {
      const last = page.flows.at(-1);
      const isEnd = index === pages.length - 1 && page.nextCursor === null;
      return isEnd || (last !== undefined && inOrder(flow, last) < 0);
    });
    const page = pages[at];
    if (!page) continue;
    const index = page.flows.findIndex((other) => inOrder(flow, other) < 0);
    pages[at] = { ...page, flows: page.flows.toSpliced(index === -1 ? page.flows.length : index, 0, flow) };
  }
  return { ...data, pages };
}

/** Flows that are stalled or lost: those that are no more go. */
export function updateUnwell(flows: FlowSummary[], changed: ReadonlyMap<string, FlowSummary>): FlowSummary[] {
  if (!flows.some((flow) => changed.has(flowKey(flow)))) return flows;
  return flows
    .map((flow) => changed.get(flowKey(flow)) ?? flow)
    .filter(({ health }) => health === "stalled" || health === "lost");
}

/** A flow's page: its summary and steps take what is newer. Events and children are not streamed. */
export function updateDetail(
  detail: FlowDetail,
  flow: FlowSummary | undefined,
  steps: readonly StepChange[],
): FlowDetail {
  const summary = flow && isNewer(flow, detail) ? flow : undefined;
  return { ...detail, ...summary, steps: updateSteps(detail.steps, steps) };
}

function updateSteps(steps: Step[], changes: readonly StepChange[]): Step[] {
  if (changes.length === 0) return steps;
  const pending = new Map(changes.map(({ step }) => [step.id, step]));
  const updated = steps.map((step) => {
    const incoming = pending.get(step.id);
    pending.delete(step.id);
    return incoming && !(hasEnded(step) && !hasEnded(incoming)) ? incoming : step;
  });
  return [...updated, ...pending.values()];
}

/** A repeated event may be older than the answer it meets. */
function isNewer(incoming: FlowSummary, known: FlowSummary): boolean {
  if (incoming.updatedAt !== known.updatedAt) return incoming.updatedAt > known.updatedAt;
  return !(hasEnded(known) && !hasEnded(incoming));
}

function hasEnded({ endedAt }: { endedAt: string | null }): boolean {
  return endedAt !== null;
}

function inOrder(a: FlowSummary, b: FlowSummary): number {
  if (a.startedAt !== b.startedAt) return a.startedAt > b.startedAt ? -1 : 1;
  return a.id === b.id ? 0 : a.id > b.id ? -1 : 1;
}
