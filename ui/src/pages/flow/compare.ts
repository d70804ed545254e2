import type { FlowDetail, Step } from "@weir/collector/schemas";

/** What one run has and the other has otherwise; `null` where it has nothing of it. */
export interface Difference {
  what: string;
  here: string | null;
  there: string | null;
}

/** Milliseconds; `open`: one of them has no end yet. `null`: the run has none of it. */
type Took = number | "open" | null;

/** Steps of one name in one place of the tree, all attempts and repetitions together. */
export interface StepDifference {
  /** Names from the top down. */
  path: string[];
  here: Took;
  there: Took;
  /** How much longer it took here; `null` while it is open, and of what only one of them has: it was not faster there. */
  byMs: number | null;
}

export interface Comparison {
  differences: Difference[];
  /** What is open, then the largest difference first. */
  steps: StepDifference[];
}

/** What differed between two runs, as far as a person would ask: outcome, labels, attributes of steps, times of steps. */
export function compare(here: FlowDetail, there: FlowDetail): Comparison {
  const [a, b] = [gather(here.steps), gather(there.steps)];
  const paths = [...new Set([...a.keys(), ...b.keys()])];
  const differences = [
    difference("Status", here.status, there.status),
    difference("Failed at", here.failedStep, there.failedStep),
    difference("Error", errorOf(here), errorOf(there)),
    difference("Services", here.services.join(", "), there.services.join(", ")),
    ...inEither(here.labels, there.labels).map((key) =>
      difference(`Label ${key}`, own(here.labels, key), own(there.labels, key)),
    ),
  ];
  for (const path of paths) {
    const [mine, theirs] = [a.get(path)?.attributes, b.get(path)?.attributes];
    if (!mine || !theirs) continue;
    for (const key of inEither(mine, theirs)) {
      const name = `${(a.get(path)?.path ?? []).at(-1)} · ${key}`;
      differences.push(difference(name, text(own(mine, key)), text(own(theirs, key))));
    }
  }
  const steps = paths.map((path): StepDifference => {
    const [mine, theirs] = [a.get(path), b.get(path)];
    const isOpen = mine?.isOpen === true || theirs?.isOpen === true;
    return {
      path: mine?.path ?? theirs?.path ?? [],
      here: tookOf(mine),
      there: tookOf(theirs),
      byMs: isOpen || !mine || !theirs ? null : mine.ms - theirs.ms,
    };
  });
  return {
    differences: differences.filter(({ here, there }) => here !== there),
    steps: steps.sort((x, y) => weight(y) - weight(x)),
  };
}

function tookOf(gathered: Gathered | undefined): Took {
  return gathered?.isOpen ? "open" : (gathered?.ms ?? null);
}

/** Finite: the difference of two infinities would be no number. */
function weight({ here, there, byMs }: StepDifference): number {
  if (byMs !== null) return Math.abs(byMs);
  return here === "open" || there === "open" ? Number.MAX_VALUE : (here ?? there ?? 0);
}

interface Gathered {
  path: string[];
  ms: number;
  isOpen: boolean;
  /** Of the first of them. */
  attributes: Step["attributes"];
}

/** By the names on the way down: ids are each run's own. */
function gather(steps: readonly Step[]): Map<string, Gathered> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const gathered = new Map<string, Gathered>();
  for (const step of steps) {
    const path = pathOf(step, byId);
    const key = JSON.stringify(path);
    const known = gathered.get(key);
    const ms = step.durationMs ?? 0;
    const isOpen = step.endedAt === null;
    if (known) {
      known.ms += ms;
      known.isOpen ||= isOpen;
    } else gathered.set(key, { path, ms, isOpen, attributes: step.attributes });
  }
  return gathered;
}

/** Deeper than this, names repeat. */
const deepest = 32;

function pathOf(step: Step, byId: ReadonlyMap<string, Step>): string[] {
  const path: string[] = [];
  let at: Step | undefined = step;
  while (at && path.length < deepest) {
    path.unshift(at.name);
    at = at.parentId === null ? undefined : byId.get(at.parentId);
  }
  return path;
}

function difference(
  what: string,
  here: string | null | undefined,
  there: string | null | undefined,
): Difference {
  return { what, here: here || null, there: there || null };
}

function inEither(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

function own<T>(of: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(of, key) ? of[key] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function errorOf({ error }: FlowDetail): string | null {
  return error && `${error.type}: ${error.message}`;
}
