import type { FlowSummary } from "@weir/collector/schemas";
import { searcher } from "@weir/collector/words";
import { rangeStart } from "./range.ts";
import type { FlowFilter } from "./search.ts";

/**
 * Whether a flow passes a filter, as the collector would say. The stream is asked for what never changes of a
 * flow only (tenant and name): a flow that stops passing must be heard of too.
 */
export function matches(flow: FlowSummary, filter: FlowFilter, now: number): boolean {
  if (!among(filter.tenant, flow.tenant)) return false;
  if (!among(filter.name, flow.name)) return false;
  if (!among(filter.status, flow.status)) return false;
  if (filter.health && (flow.health === null || !filter.health.includes(flow.health))) return false;
  if (filter.step && !filter.step.some((step) => standsAt(flow, step))) return false;
  if (filter.service && !filter.service.some((service) => flow.services.includes(service))) return false;
  if (filter.label && !labelsMatch(flow, filter.label)) return false;
  const from = filter.range ? rangeStart(filter.range, now) : filter.from;
  if (from !== undefined && flow.startedAt < from) return false;
  if (filter.to !== undefined && flow.startedAt >= filter.to) return false;
  return searcher(filter.q ?? "")(flow);
}

function among<T>(wanted: readonly T[] | undefined, value: T): boolean {
  return wanted === undefined || wanted.includes(value);
}

function standsAt(flow: FlowSummary, step: string): boolean {
  return flow.failedStep === step || flow.currentSteps.includes(step);
}

/** Values of one key are an "or", keys an "and". */
function labelsMatch(flow: FlowSummary, wanted: NonNullable<FlowFilter["label"]>): boolean {
  return wanted.every(({ key }) =>
    wanted.some(
      (label) => label.key === key && Object.hasOwn(flow.labels, key) && flow.labels[key] === label.value,
    ),
  );
}
