/**
 * What live events do to cached answers. Pure: answers in, answers out, unchanged parts shared.
 */
import type { FlowDetail, FlowSummary, Step, StepChange } from "@weir/collector/schemas";

/** One flow among all tenants'. */
export function flowKey(flow: { tenant: string; id: string }): string {
  return JSON.stringify([flow.tenant, flow.id]);
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
export function isNewer(incoming: FlowSummary, known: FlowSummary): boolean {
  if (incoming.updatedAt !== known.updatedAt) return incoming.updatedAt > known.updatedAt;
  return !(hasEnded(known) && !hasEnded(incoming));
}

function hasEnded({ endedAt }: { endedAt: string | null }): boolean {
  return endedAt !== null;
}
