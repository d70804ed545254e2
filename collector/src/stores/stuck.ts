/** The open flows that are lost or stalled, the worst first. */
import type { FlowError, Health, Micros, Step, StepUsual, StuckFlow, Usual } from "../flow.ts";
import type { Picture } from "../fold/index.ts";
import type { Page, StuckQuery } from "../store.ts";
import type { Context } from "./context.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";

/** An open flow that is not well, by the store's own number of it. */
export interface UnwellFlow {
  pk: number;
  tenant: string;
  name: string;
  health: Exclude<Health, "ok">;
  since: Micros;
}

/** Lost ones first: they do not go on by themselves. Then those that are it for longest. */
export function compareUnwell(a: UnwellFlow, b: UnwellFlow): number {
  return rankOf(a.health) - rankOf(b.health) || a.since - b.since || a.pk - b.pk;
}

/** @param flows in the order of `compareUnwell`. */
export function pageOfUnwell<F extends UnwellFlow>(
  flows: readonly F[],
  { tenant, name, cursor, limit }: StuckQuery,
): Page<F> & { counts: Record<UnwellFlow["health"], number> } {
  const wanted = flows.filter((flow) => oneOf(tenant, flow.tenant) && oneOf(name, flow.name));
  const counts = { lost: 0, stalled: 0 };
  for (const { health } of wanted) counts[health] += 1;
  const left =
    cursor === undefined ? wanted : wanted.filter((flow) => compareUnwell(placeOf(cursor), flow) < 0);
  const items = left.slice(0, limit);
  const last = items.at(-1);
  const nextCursor =
    left.length > limit && last !== undefined
      ? encodeCursor([rankOf(last.health), last.since, last.pk])
      : null;
  return { items, nextCursor, counts };
}

/** `undefined` where it is well by now. */
export function stuckFlow(
  { summary, standing, steps, runner, runners }: Picture,
  { health, usual, stepUsual, runnerOf }: Context,
): StuckFlow | undefined {
  const condition = health.conditionOf(summary, runners);
  if (condition === null || condition.health === "ok") return undefined;
  return {
    ...summary,
    health: condition.health,
    stuckSince: condition.since,
    usual: usual.of(summary.tenant, summary.name),
    step:
      standing === null
        ? null
        : {
            id: standing.id,
            name: standing.name,
            kind: standing.kind,
            attempt: standing.attempt,
            startedAt: standing.startedAt,
            usual: usualIn(stepUsual(summary.tenant, summary.name), standing),
          },
    runner: runnerOf(runner),
    earlierError: earlierErrorOf(steps, standing),
  };
}

function usualIn(steps: StepUsual[], standing: Step): Usual | null {
  const known = steps.find((step) => isSame(step, standing));
  return known === undefined ? null : { p50: known.p50, p95: known.p95, runs: known.runs };
}

/** Of the attempt before; else of the step that failed last. */
function earlierErrorOf(steps: Step[], standing: Step | null): FlowError | null {
  const failed = steps.filter((step) => step.error !== null && step.endedAt !== null);
  const before = failed.filter(
    (step) => standing !== null && isSame(step, standing) && step.parentId === standing.parentId,
  );
  const last = (before.length > 0 ? before : failed).reduce<Step | undefined>(
    (latest, step) => (latest === undefined || (step.endedAt ?? 0) >= (latest.endedAt ?? 0) ? step : latest),
    undefined,
  );
  return last?.error ?? null;
}

function isSame(a: { name: string; kind: string }, b: { name: string; kind: string }): boolean {
  return a.name === b.name && a.kind === b.kind;
}

function rankOf(health: UnwellFlow["health"]): number {
  return health === "lost" ? 0 : 1;
}

function placeOf(cursor: string): UnwellFlow {
  const [rank, since, pk] = decodeCursor(cursor, ["number", "number", "number"]) as [number, number, number];
  return { pk, since, health: rank === 0 ? "lost" : "stalled", tenant: "", name: "" };
}

function oneOf(list: string[] | undefined, value: string): boolean {
  return list === undefined || list.length === 0 || list.includes(value);
}
