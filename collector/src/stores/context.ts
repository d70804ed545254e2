/** What is told beside a flow, and does not come from its own observations. */
import { definitionFrom } from "../definition.ts";
import type { FlowDetail, Runner, StepUsual } from "../flow.ts";
import type { Picture } from "../fold/index.ts";
import type { Instance } from "../health.ts";
import type { HealthReader } from "./health-reader.ts";
import type { UsualDurations } from "./usual.ts";

export interface Context {
  health: HealthReader;
  usual: UsualDurations;
  stepUsual(tenant: string, name: string): StepUsual[];
  runnerOf(instance: string | null): Runner | null;
}

export function runnerFrom(instances: {
  get(id: string): Instance | undefined;
}): (id: string | null) => Runner | null {
  return (id) => {
    if (id === null) return null;
    const known = instances.get(id);
    return { instance: id, service: known?.service ?? null, heardAt: known?.heardAt ?? null };
  };
}

export function detailOf(
  { summary, traceId, steps, events, definition, runners, runner }: Picture,
  children: FlowDetail["children"],
  { health, usual, stepUsual, runnerOf }: Context,
): FlowDetail {
  const { tenant, name } = summary;
  return {
    ...health.complete(summary, runners),
    traceId,
    steps,
    events,
    children,
    definition: definitionFrom(definition),
    usual: { flow: usual.of(tenant, name), steps: stepUsual(tenant, name) },
    runner: runnerOf(runner),
  };
}
