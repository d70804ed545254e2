/**
 * After a takeover: what the process before had done is said again, as it may have died with it unsent. The journal knows
 * every end, and a step that is said twice is one step.
 */
import { keyOf, parentOf, ROOT, sayUnitAgain } from "../run/index.ts";
import type { Note } from "./ledger.ts";

/** Called in the flow of the run. @param notes all of them */
export function sayAgain(runId: string, notes: readonly Note[]): void {
  const ends = Map.groupBy(notes, ({ path }) => path);
  for (const note of notes) {
    const { path, attempt, kind, status, startedAt, endedAt } = note;
    if (status === "waiting" || endedAt === undefined) continue;
    const unit = {
      runId,
      path,
      attempt,
      name: shownName(note),
      kind: kind === "sleep" || kind === "wait" ? kind : undefined,
      optional: kind === "wait" ? true : undefined,
      status,
      error: status === "succeeded" ? undefined : note.value,
      startedAt,
      endedAt,
    };
    sayUnitAgain(unit, parentAt(ends, parentOf(path), startedAt));
  }
}

function shownName({ kind, name, path }: Note): string {
  if (kind === "rollback") return `rollback ${name}`.trim();
  return kind === "run" || kind === "child" ? keyOf(path) : name;
}

/** The attempt of the unit around that was under way then; one that has not ended has no note yet. */
function parentAt(
  ends: ReadonlyMap<string, readonly Note[]>,
  path: string,
  at: number,
): Pick<Note, "path" | "attempt"> | undefined {
  if (path === ROOT) return undefined;
  const before = (ends.get(path) ?? []).filter(({ endedAt = at }) => endedAt < at);
  return { path, attempt: before.length + 1 };
}
