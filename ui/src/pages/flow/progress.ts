import type { FlowDetail } from "@weir/collector/schemas";
import { formatDuration } from "../../format/duration.ts";

type Usual = NonNullable<FlowDetail["usual"]["flow"]>;

/** Fewer runs than this tell nothing of the next. */
export const enoughRuns = 5;

export interface Expected {
  /** How much of the way usually lies behind a run that is open as long: 0 to 1. */
  share: number;
  words: string;
}

/** How far an open flow is, by how long finished runs of its name took; `undefined` where too few did. */
export function expected(openMs: number, usual: Usual | null): Expected | undefined {
  if (usual === null || usual.runs < enoughRuns || usual.p95 <= 0) return undefined;
  const { p50, p95 } = usual;
  if (openMs < p50) return { share: openMs / p95, words: `about ${formatDuration(p50 - openMs)} left` };
  if (openMs < p95)
    return { share: openMs / p95, words: `at most ${formatDuration(p95 - openMs)} left, as a rule` };
  return { share: 1, words: "over its usual time" };
}
