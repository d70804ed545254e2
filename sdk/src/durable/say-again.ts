/**
 * What a process had done is said again by the next one, as it may have died with it unsent. The journal knows every end, and a
 * step that is said twice is one step.
 */
import { diagnoseInternal } from "../diagnostics.ts";
import {
  type Codec,
  hasEnded,
  type Journal,
  keyOf,
  parentOf,
  ROOT,
  type RunRecord,
  sayRunAgain,
  sayUnitAgain,
} from "../run/index.ts";
import type { Note } from "./ledger.ts";
import { decodeContext } from "./run-context.ts";

/** What ended longer ago was seen, or is no news any more. */
const NEWS_MS = 10 * 60_000;

/** After a takeover, called in the flow of the run. @param notes all of them */
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

/** The process that ended a run may have died before it sent that; who asks for the result says it, as far as it is new. */
export async function sayEndAgain(
  { id, tenant, flow, status, context, value, endedAt }: RunRecord,
  { journal, codec, now }: { journal: Journal; codec: Codec; now: number },
): Promise<void> {
  if (!hasEnded(status) || endedAt === undefined || now - endedAt > NEWS_MS) return;
  try {
    const entries = await journal.entries(id);
    const failure = (of: string | undefined) => of && codec.decode(of, `end of run ${id}`);
    const error = status === "succeeded" ? undefined : failure(value);
    const { labels } = decodeContext(context, id, codec);
    // When it was first taken is not kept; before its first step it may have been enqueued for long.
    const startedAt = entries.reduce((first, entry) => Math.min(first, entry.startedAt), endedAt);
    const ended = { status, error, startedAt, endedAt };
    const notes = entries.map((entry) => ({
      ...entry,
      value: entry.status === "failed" ? failure(entry.value) : undefined,
    }));
    sayRunAgain({ runId: id, tenant, name: flow.name, labels, ...ended }, () => sayAgain(id, notes));
  } catch (error) {
    // For people only: whoever asked has the result.
    diagnoseInternal("saying again what a run came to", error);
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
