/** Domain → JSON: microseconds become RFC 3339 with milliseconds; everything else stays what it is. */
import { BoundedMap } from "../bounded-map.ts";
import type {
  ErrorStats,
  FlowDetail,
  FlowEvent,
  FlowHistogram,
  FlowSummary,
  Micros,
  Runner,
  Stats,
  Step,
  StuckFlow,
  TenantSummary,
} from "../flow.ts";
import type { LimitReached } from "../limits.ts";
import type { FlowCount, FlowPage, LabelValues, Listed, StuckPage, TenantPage } from "../store.ts";
import { valueIn } from "../value-in.ts";
import type { Outline } from "./outline.ts";
import type * as Json from "./schemas.ts";

/** @example time(1_795_341_600_000_000) // "2026-11-22T10:00:00.000Z" */
export function time(at: Micros): string {
  const ms = Math.floor(at / 1000);
  const second = Math.floor(ms / 1000);
  const rest = ms - second * 1000;
  return `${textOf(second)}${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}Z`;
}

/** Without an end. Many times of an answer are of one second, or are days that others have too, and to write a date out is dear. */
const seconds = new BoundedMap<number, string>(1_000);

function textOf(second: number): string {
  return valueIn(seconds, second, () => new Date(second * 1000).toISOString().slice(0, -"000Z".length));
}

export function timeOrNull(at: Micros | null): string | null {
  return at === null ? null : time(at);
}

export function presentFlow(flow: FlowSummary): Json.FlowSummary {
  return {
    tenant: flow.tenant,
    id: flow.id,
    name: flow.name,
    status: flow.status,
    health: flow.health,
    startedAt: time(flow.startedAt),
    endedAt: timeOrNull(flow.endedAt),
    durationMs: flow.durationMs,
    currentSteps: flow.currentSteps,
    currentSince: timeOrNull(flow.currentSince),
    failedStep: flow.failedStep,
    stepNames: flow.stepNames,
    error: flow.error,
    labels: flow.labels,
    services: flow.services,
    stepCounts: flow.stepCounts,
    parent: flow.parent,
    // A summary that was stored by an earlier program has none.
    pause: flow.pause ? { at: time(flow.pause.at), reason: flow.pause.reason } : null,
    incomplete: flow.incomplete,
    updatedAt: time(flow.updatedAt),
  };
}

export function presentPage({ items, ...page }: FlowPage): Json.FlowPage {
  return { flows: items.map(presentFlow), ...page };
}

export function presentStep(step: Step): Json.Step {
  return { ...step, startedAt: time(step.startedAt), endedAt: timeOrNull(step.endedAt) };
}

export function presentEvent({ name, at, attributes }: FlowEvent): Json.FlowEvent {
  return { name, at: time(at), attributes };
}

/** As it stands among those that a flow opened. */
export function presentChild({ tenant, id, name, status }: FlowSummary): Json.ChildFlow {
  return { tenant, id, name, status };
}

export function presentDetail(flow: FlowDetail): Json.FlowDetail {
  return {
    ...presentFlow(flow),
    traceId: flow.traceId,
    steps: flow.steps.map(presentStep),
    events: flow.events.map(presentEvent),
    children: flow.children,
    definition: flow.definition,
    usual: flow.usual,
    runner: presentRunner(flow.runner),
  };
}

export function presentOutline({ below, ...flow }: Outline): Json.FlowOutline {
  return { ...presentDetail(flow), below };
}

function presentRunner(runner: Runner | null): Json.Runner | null {
  return runner && { ...runner, heardAt: timeOrNull(runner.heardAt) };
}

export function presentStuck({ items, counts, nextCursor }: StuckPage): Json.StuckPage {
  return { flows: items.map(presentStuckFlow), counts, nextCursor };
}

export function presentStuckFlow(flow: StuckFlow): Json.StuckFlow {
  const { stuckSince, usual, step, runner, earlierError } = flow;
  return {
    ...presentFlow(flow),
    stuckSince: time(stuckSince),
    usual,
    step: step && { ...step, startedAt: time(step.startedAt) },
    runner: presentRunner(runner),
    earlierError,
  };
}

export function presentTenants({ items, ...page }: TenantPage): Json.TenantPage {
  return { tenants: items.map(presentTenant), ...page };
}

export function presentTenant(tenant: TenantSummary): Json.TenantSummary {
  return {
    ...tenant,
    lastActivityAt: time(tenant.lastActivityAt),
    history: tenant.history.map((day) => ({ ...day, day: time(day.day) })),
  };
}

export function presentStats({ groups, from, to, complete }: Stats): Json.Stats {
  return {
    groups: groups.map((group) => ({ ...group, lastStartedAt: timeOrNull(group.lastStartedAt) })),
    from: timeOrNull(from),
    to: timeOrNull(to),
    complete,
  };
}

export function presentErrors({ errors, from, to, complete }: ErrorStats): Json.ErrorStats {
  return {
    errors: errors.map((error) => ({ ...error, lastAt: time(error.lastAt) })),
    from: timeOrNull(from),
    to: timeOrNull(to),
    complete,
  };
}

export function presentHistogram(histogram: FlowHistogram): Json.FlowHistogram {
  return {
    ...histogram,
    from: timeOrNull(histogram.from),
    to: timeOrNull(histogram.to),
    buckets: histogram.buckets.map((bucket) => ({ ...bucket, at: time(bucket.at) })),
  };
}

export function presentCount(count: FlowCount): Json.FlowCount {
  return count;
}

export function presentNames({ items, complete }: Listed<string>): Json.Names {
  return { names: items, complete };
}

export function presentLabels({ items, complete }: Listed<LabelValues>): Json.Labels {
  return { labels: items, complete };
}

export function presentLimit(reached: LimitReached): Json.LimitReached {
  return { ...reached, firstAt: time(reached.firstAt), lastAt: time(reached.lastAt) };
}
