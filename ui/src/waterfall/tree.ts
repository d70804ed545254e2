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
 * stands directly below the flow. No recursion: a chain of fifty thousand steps is a tree too.
 */
export function buildTree(steps: readonly Step[]): TreeStep[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const children = new Map<string | null, Step[]>();
  for (const step of [...byId.values()].sort(byStart)) {
    const parent = step.parentId !== null && byId.has(step.parentId) ? step.parentId : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(step);
    else children.set(parent, [step]);
  }
  const firsts = new Set<string | null>([...byId.values()].map((step) => step.attemptOf));
  const attempts = gatherAttempts(byId.values(), firsts);
  const tree: TreeStep[] = [];
  const placed = new Set<string>();

  function placeBelow(root: Step): void {
    const waiting = [{ step: root, depth: 0, parentIndex: -1 }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { step, depth, parentIndex } = next;
      if (placed.has(step.id)) continue;
      placed.add(step.id);
      const index = tree.length;
      const isOrphan = step.parentId !== null && parentIndex === -1;
      const others = attempts.get(step) ?? [];
      const lastAttempt = others.at(-1)?.attempt ?? 1;
      // Fifty thousand steps of one name have no later attempt, as a rule: they are not looked through for each.
      const takenOverAt = () =>
        lastAttempt > step.attempt
          ? (others.find(({ attempt }) => attempt > step.attempt)?.startedAt ?? null)
          : null;
      tree.push({
        id: step.id,
        step,
        depth,
        parentIndex,
        descendants: 0,
        attempts: lastAttempt,
        isOrphan,
        givenUpAt: step.endedAt === null ? (tree[parentIndex]?.givenUpAt ?? takenOverAt()) : null,
      });
      for (const child of (children.get(step.id) ?? []).toReversed()) {
        waiting.push({ step: child, depth: depth + 1, parentIndex: index });
      }
    }
  }

  for (const root of children.get(null) ?? []) placeBelow(root);
  // What is left hangs in a ring of parents.
  if (placed.size < byId.size) for (const step of byId.values()) placeBelow(step);

  for (let index = tree.length - 1; index >= 0; index--) {
    const node = tree[index];
    const parent = node && tree[node.parentIndex];
    if (parent) parent.descendants += node.descendants + 1;
  }
  return tree;
}

function byStart(a: Step, b: Step): number {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? -1 : 1;
  if (a.attempt !== b.attempt) return a.attempt - b.attempt;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** A later attempt may name the first; else attempts share parent, name and kind. */
function attemptKey(step: Step, firsts: ReadonlySet<string | null>): string {
  const first = step.attemptOf ?? step.id;
  if (firsts.has(first)) return first;
  const { parentId, name, kind } = step;
  // The length keeps a name apart from the id that follows it. JSON would take as long as all the rest.
  return `${kind} ${name.length} ${name}${parentId === null ? "" : `/${parentId}`}`;
}

/** For each step those that are attempts of the same, by attempt. */
function gatherAttempts(steps: Iterable<Step>, firsts: ReadonlySet<string | null>): Map<Step, Step[]> {
  const gathered = new Map<string, Step[]>();
  const byStep = new Map<Step, Step[]>();
  for (const step of steps) {
    const key = attemptKey(step, firsts);
    const others = gathered.get(key) ?? [];
    if (others.push(step) === 1) gathered.set(key, others);
    byStep.set(step, others);
  }
  for (const others of gathered.values()) others.sort((a, b) => a.attempt - b.attempt);
  return byStep;
}
