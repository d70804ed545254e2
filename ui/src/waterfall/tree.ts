import type { Step } from "@weir/collector/schemas";
import type { Branch } from "../tree/branches.ts";

/** A step with its place in the tree, by its own id. Those at the top are directly below the flow. */
export interface TreeStep extends Branch {
  step: Step;
  /** The highest attempt among the steps of its name beside it. */
  attempts: number;
  /** Its parent is named and has not arrived. */
  isOrphan: boolean;
  /**
   * When a later attempt of it, or of a step above it, began while it had no end: its process was given up, and no
   * end will come. `null` for all others.
   */
  givenUpAt: string | null;
}

/**
 * Orders steps into a tree. Whatever arrives is shown once: a step whose parent is missing, or is below itself,
 * stands directly below the flow. No recursion: a chain of fifty thousand steps is a tree too. Children are linked by
 * number, for a flow of that many has to be on the screen at once.
 */
export function buildTree(steps: readonly Step[]): TreeStep[] {
  const { ordered, placeOf } = inOrder(steps);
  const flow = ordered.length;
  const parents = new Int32Array(flow);
  const firstChild = new Int32Array(flow + 1).fill(none);
  const nextSibling = new Int32Array(flow).fill(none);
  for (let place = flow - 1; place >= 0; place--) {
    const parentId = ordered[place]?.parentId ?? null;
    const parent = parentId === null ? flow : (placeOf.get(parentId) ?? flow);
    parents[place] = parent;
    nextSibling[place] = firstChild[parent] as number;
    firstChild[parent] = place;
  }

  const attempts = gatherAttempts(ordered);
  const tree: TreeStep[] = [];
  /** Where a step stands in the tree. */
  const drawnAt = new Int32Array(flow + 1).fill(none);

  function draw(place: number, parentIndex: number): void {
    const step = ordered[place] as Step;
    const parent = tree[parentIndex];
    const others = attempts.get(step);
    drawnAt[place] = tree.length;
    tree.push({
      id: step.id,
      step,
      depth: parent ? parent.depth + 1 : 0,
      parentIndex,
      descendants: 0,
      attempts: others?.at(-1)?.attempt ?? step.attempt,
      isOrphan: step.parentId !== null && parentIndex === -1,
      givenUpAt: step.endedAt === null ? (parent?.givenUpAt ?? takenOverAt(step, others)) : null,
    });
  }

  function drawBelow(top: number): void {
    draw(top, -1);
    const waiting = [firstChild[top] as number];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      if (place === none) continue;
      waiting.push(nextSibling[place] as number);
      if (drawnAt[place] !== none) continue;
      draw(place, drawnAt[parents[place] as number] as number);
      waiting.push(firstChild[place] as number);
    }
  }

  for (let top = firstChild[flow] as number; top !== none; top = nextSibling[top] as number) drawBelow(top);
  // What is left hangs in a ring of parents.
  for (let place = 0; tree.length < flow; place++) if (drawnAt[place] === none) drawBelow(place);

  for (let index = tree.length - 1; index >= 0; index--) {
    const node = tree[index];
    const parent = node && tree[node.parentIndex];
    if (parent) parent.descendants += node.descendants + 1;
  }
  return tree;
}

const none = -1;

/** By their start, each once: of two with one id the later in the list. */
function inOrder(steps: readonly Step[]): { ordered: Step[]; placeOf: Map<string, number> } {
  const ordered = steps.toSorted(byStart);
  const placeOf = new Map<string, number>();
  for (let place = 0; place < ordered.length; place++) placeOf.set((ordered[place] as Step).id, place);
  if (placeOf.size === steps.length) return { ordered, placeOf };
  return inOrder([...new Map(steps.map((step) => [step.id, step])).values()]);
}

function byStart(a: Step, b: Step): number {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? -1 : 1;
  if (a.attempt !== b.attempt) return a.attempt - b.attempt;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function takenOverAt({ attempt }: Step, others: readonly Step[] = []): string | null {
  return others.find((other) => other.attempt > attempt)?.startedAt ?? null;
}

/** A later attempt may name the first; else attempts share parent, name and kind. */
function attemptKey(step: Step, firsts: ReadonlySet<string>): string {
  const first = step.attemptOf ?? step.id;
  if (firsts.has(first)) return first;
  const { parentId, name, kind } = step;
  // The length keeps a name apart from the id that follows it. JSON would take as long as all the rest.
  return `${kind} ${name.length} ${name}${parentId === null ? "" : `/${parentId}`}`;
}

/**
 * For each step those that are attempts of the same, by attempt. Only for those that a later attempt could be of: most
 * steps of a large flow have none, and need not be compared.
 */
function gatherAttempts(steps: readonly Step[]): Map<Step, Step[]> {
  const later = steps.filter(({ attempt }) => attempt > 1);
  const names = new Set(later.map(({ name }) => name));
  const firsts = new Set(steps.flatMap(({ attemptOf }) => attemptOf ?? []));
  const gathered = new Map<string, Step[]>();
  const byStep = new Map<Step, Step[]>();
  if (later.length === 0) return byStep;
  for (const step of steps) {
    if (!names.has(step.name) && !firsts.has(step.attemptOf ?? step.id)) continue;
    const key = attemptKey(step, firsts);
    const others = gathered.get(key) ?? [];
    if (others.push(step) === 1) gathered.set(key, others);
    byStep.set(step, others);
  }
  for (const others of gathered.values()) others.sort((a, b) => a.attempt - b.attempt);
  return byStep;
}
