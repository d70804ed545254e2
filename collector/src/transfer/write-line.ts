/** A flow as one line: the JSON of the REST API's FlowDetail, with times to the microsecond. */
import type { FlowDetail, Micros } from "../flow.ts";
import { timeText } from "./time.ts";

export const FORMAT = "weir-flows";
export const VERSION = 1;

/** Which flows an export has; what is absent lets all pass. */
export interface ExportFilter {
  tenant?: string[] | undefined;
  name?: string[] | undefined;
  /** Started at or after. */
  from?: Micros | undefined;
  /** Started before. */
  to?: Micros | undefined;
}

/** The first line: what the others are. */
export function headerLine({ tenant, name, from, to }: ExportFilter): string {
  const filter = { tenant, name, from: from && timeText(from), to: to && timeText(to) };
  return `${JSON.stringify({ format: FORMAT, version: VERSION, filter })}\n`;
}

/** Without what is told of it beside its own observations. */
export function flowLine({ usual, runner, ...flow }: FlowDetail): string {
  return `${JSON.stringify({
    ...flow,
    startedAt: timeText(flow.startedAt),
    endedAt: timeOrNull(flow.endedAt),
    currentSince: timeOrNull(flow.currentSince),
    updatedAt: timeText(flow.updatedAt),
    pause: flow.pause && { ...flow.pause, at: timeText(flow.pause.at) },
    steps: flow.steps.map((step) => ({
      ...step,
      startedAt: timeText(step.startedAt),
      endedAt: timeOrNull(step.endedAt),
    })),
    events: flow.events.map((event) => ({ ...event, at: timeText(event.at) })),
  })}\n`;
}

function timeOrNull(at: Micros | null): string | null {
  return at === null ? null : timeText(at);
}
