import type { Step } from "@weir/collector/schemas";
import type { PlacedStep } from "./layout.ts";

/** Which steps of a flow are looked for. */
export interface StepFilter {
  /** Text in a step's name, service, id, error or attributes. Case does not matter. */
  find?: string | undefined;
  /** Only those that failed. */
  failed?: boolean | undefined;
}

export interface Found {
  /** Indices of the rows to draw: what was found, and the steps above it. */
  rows: number[];
  /** Indices of what was found. */
  hits: ReadonlySet<number>;
}

export function isFiltering({ find, failed }: StepFilter): boolean {
  return failed === true || (find !== undefined && find.trim() !== "");
}

/** The steps that pass, each with the way down to it. */
export function findSteps(steps: readonly PlacedStep[], filter: StepFilter): Found {
  const text = filter.find?.trim().toLowerCase() ?? "";
  const hits = new Set<number>();
  const shown = new Set<number>();
  for (let index = 0; index < steps.length; index++) {
    const placed = steps[index];
    if (!placed || (filter.failed && placed.step.status !== "failed")) continue;
    if (text !== "" && !holds(placed.step, text)) continue;
    hits.add(index);
    for (let at = index; at >= 0 && !shown.has(at); at = steps[at]?.parentIndex ?? -1) shown.add(at);
  }
  return { rows: [...shown].sort((a, b) => a - b), hits };
}

function holds({ name, service, id, error, attributes }: Step, text: string): boolean {
  const has = (value: string | null | undefined) => value?.toLowerCase().includes(text) === true;
  if (has(name) || has(service) || has(id) || has(error?.type) || has(error?.message)) return true;
  return Object.entries(attributes).some(
    ([key, value]) => has(key) || has(typeof value === "string" ? value : JSON.stringify(value)),
  );
}
