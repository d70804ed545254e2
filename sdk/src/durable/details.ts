/** What has become of a run, for people: from its notes and, while it is here, from what is open. */
import { type Codec, type EntryStatus, type Journal, keyOf, RunUnknown } from "../run/index.ts";
import type { OpenUnit } from "./activity.ts";
import type { Execution } from "./execution.ts";
import type { RunDetails, StepDetails } from "./handle.ts";
import type { Note } from "./ledger.ts";

/** @param below only what is at this path or under it */
export async function detailsOf(execution: Execution, below = ""): Promise<RunDetails> {
  const { facts, replayed } = execution;
  const steps = stepsOf(await execution.ledger.notes(), replayed, below);
  const open = [...execution.activity.open].filter(({ path }) => isBelow(path, below)).map(openStep);
  return {
    id: facts.id,
    flow: { name: facts.flow.name, version: facts.flow.version },
    tenant: facts.tenant,
    status: execution.status,
    attempt: execution.attempt,
    startedAt: new Date(facts.createdAt),
    endedAt: execution.ending?.at,
    error: execution.ending?.error,
    steps: [...steps, ...open].sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime()),
  };

  function openStep({ path, kind, attempt, startedAt }: OpenUnit): StepDetails {
    return {
      path: keysOf(path),
      kind: kind === "child" ? "exec" : "run",
      status: "running",
      attempt,
      replayed: false,
      startedAt: new Date(startedAt),
      endedAt: undefined,
    };
  }
}

/** Of a run that is not in this process. @throws {RunUnknown} */
export async function recordDetails(journal: Journal, codec: Codec, runId: string): Promise<RunDetails> {
  const run = await journal.read(runId);
  if (run === undefined) throw new RunUnknown(runId, journal.name);
  const { id, flow, tenant, status, attempt, createdAt, endedAt, value } = run;
  const hasFailed = endedAt !== undefined && status !== "succeeded" && value !== undefined;
  return {
    id,
    flow,
    tenant,
    status,
    attempt,
    startedAt: new Date(createdAt),
    endedAt: endedAt === undefined ? undefined : new Date(endedAt),
    error: hasFailed ? codec.decode(value, `result of run ${id}`) : undefined,
    steps: stepsOf(await journal.entries(id), new Set()),
  };
}

function stepsOf(
  notes: readonly Omit<Note, "value">[],
  replayed: ReadonlySet<string>,
  below = "",
): StepDetails[] {
  return notes
    .filter(({ path, name, kind }) => isBelow(path, below) && !(kind === "rollback" && name === "begun"))
    .map(({ path, kind, status, attempt, startedAt, endedAt }) => ({
      path: keysOf(path),
      kind: kind === "child" ? "exec" : kind,
      status: shown(status),
      attempt,
      replayed: status === "succeeded" && replayed.has(path),
      startedAt: new Date(startedAt),
      endedAt: endedAt === undefined ? undefined : new Date(endedAt),
    }));
}

function shown(status: EntryStatus): StepDetails["status"] {
  return status === "waiting" ? "running" : status;
}

function isBelow(path: string, above: string): boolean {
  return path.startsWith(`${above}/`);
}

/** Branches of parallel work have no keys. */
function keysOf(path: string): string[] {
  const parts = path.split("/").slice(1);
  return parts.filter((part) => !part.startsWith("%branch:")).map((part) => keyOf(`/${part}`));
}
