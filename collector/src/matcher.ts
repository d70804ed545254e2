/** The list's filters over one flow: what `GET /stream` sends is what `GET /flows` would give. */
import type { FlowSummary } from "./flow.ts";
import type { FlowFilter } from "./store.ts";
import { searcher } from "./words.ts";

export type Matches = (flow: FlowSummary) => boolean;

/** @example matcher({ status: ["failed"] })(flow) */
export function matcher(filter: FlowFilter): Matches {
  const { tenant, name, status, health, step, service, labels, from, to } = filter;
  const found = searcher(filter.q ?? "");
  const wanted = Object.keys(labels ?? {}).map((key) => [key, labels?.[key] ?? []] as const);
  return (flow) =>
    oneOf(tenant, flow.tenant) &&
    oneOf(name, flow.name) &&
    oneOf(status, flow.status) &&
    (isEmpty(health) || (flow.health !== null && health.includes(flow.health))) &&
    (isEmpty(step) || step.some((at) => standsAt(flow, at))) &&
    (isEmpty(service) || flow.services.some((each) => service.includes(each))) &&
    wanted.every(([key, values]) => hasLabel(flow, key, values)) &&
    (from === undefined || flow.startedAt >= from) &&
    (to === undefined || flow.startedAt < to) &&
    found(flow);
}

/** Whether a flow of which nothing but its identity is known may match: by what does not change in its life. */
export function mayMatch(filter: FlowFilter): Matches {
  const { tenant, name } = filter;
  return matcher({ tenant, name });
}

function isEmpty<T>(list: T[] | undefined): list is undefined {
  return list === undefined || list.length === 0;
}

function oneOf<T>(list: T[] | undefined, value: T): boolean {
  return isEmpty(list) || (list as T[]).includes(value);
}

function standsAt(flow: FlowSummary, step: string): boolean {
  return flow.failedStep === step || flow.currentSteps.includes(step);
}

function hasLabel({ labels }: FlowSummary, key: string, values: string[]): boolean {
  return Object.hasOwn(labels, key) && values.includes(labels[key] as string);
}
