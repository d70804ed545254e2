/** How a run comes into a journal, or out of it. */
import { hostname } from "node:os";
import {
  type Claimed,
  type Codec,
  hasEnded,
  type Journal,
  Leases,
  ProgramChanged,
  type RunClock,
  type RunRecord,
  RunUnknown,
  sameRun,
} from "../run/index.ts";
import type { Ending } from "./host.ts";
import { Keeping, type KeptEnding, savedOf } from "./keeping.ts";
import type { Program } from "./program.ts";
import type { EndedBefore, Stay, TreeRun } from "./tree-run.ts";

export interface Keep {
  readonly journal: Journal;
  readonly codec: Codec;
  readonly leaseMs: number;
  readonly clock: RunClock;
}

export type Found = Stay | EndedBefore;

const OWNER = `${hostname()} ${process.pid}`;
/** A run of another program is left to that so much later. */
const STUCK_MS = 60_000;
/** Between two looks at a run that another process has. */
const LOOK_MS = 1000;

/** One timer renews the leases of all runs with the same journal, clock and time. */
const leases = new WeakMap<Journal, WeakMap<RunClock, Map<number, Leases>>>();

function leasesOf({ journal, clock, leaseMs }: Keep): Leases {
  const byClock = leases.get(journal) ?? new WeakMap<RunClock, Map<number, Leases>>();
  leases.set(journal, byClock);
  const byTime = byClock.get(clock) ?? new Map<number, Leases>();
  byClock.set(clock, byTime);
  const held = byTime.get(leaseMs) ?? new Leases(journal, clock, leaseMs);
  byTime.set(leaseMs, held);
  return held;
}

export function claimOf({ leaseMs }: Pick<Keep, "leaseMs">) {
  return { owner: OWNER, leaseMs };
}

/** What a journal keeps of a run beside where it stands. */
export interface Context {
  readonly labels: Record<string, unknown> | undefined;
  readonly tag: unknown;
}

/**
 * Begins the run in the journal, goes on with it, waits until it is free, or tells how it ended.
 *
 * @param signal ends the wait
 */
export async function beginKept(
  run: TreeRun,
  program: Program,
  keep: Keep,
  context: Context,
  signal: AbortSignal,
): Promise<Found> {
  const { journal, codec } = keep;
  const flow = { name: program.name, version: program.version };
  // The id is what names the work: the state that a run is in goes before the one that is given here.
  const wanted = { id: run.id, tenant: run.tenant, flow, inputDigest: "" };
  const input = codec.encode(run.state, `initial state of ${program.name}`);
  const kept = codec.encode(context, `labels and tag of run ${run.id}`);
  const opened = await journal.open({ ...wanted, input, context: kept }, claimOf(keep));
  if (opened.created) return stay(run, keep, opened as Claimed);
  sameRun(opened.run, wanted);
  for (;;) {
    const record = await journal.read(run.id);
    if (record === undefined) throw new RunUnknown(run.id, journal.name);
    if (hasEnded(record.status)) return endedAs(record, codec);
    const claimed =
      opened.lease === undefined ? await journal.claim(run.id, claimOf(keep)) : (opened as Claimed);
    if (claimed !== undefined) return await goOn(run, keep, claimed);
    const left = record.dueAt === undefined ? LOOK_MS : record.dueAt - keep.clock.now();
    await keep.clock.sleep(Math.min(Math.max(left, 1), LOOK_MS), signal);
  }
}

/** Goes on with a run that was claimed. */
export async function goOn(run: TreeRun, keep: Keep, claimed: Claimed): Promise<Found> {
  const saved = await savedOf(keep.journal, keep.codec, run.id);
  if (saved !== undefined && saved.shape !== run.shape) {
    // The program that it was begun with may be there in a minute.
    await keep.journal.park(claimed.lease, { dueAt: keep.clock.now() + STUCK_MS });
    throw new ProgramChanged(run.id, "", "the tree that it was begun with", "one with other steps");
  }
  const found = stay(run, keep, claimed);
  const { attempt } = claimed.run;
  const resumed = { attempt, journaled: saved?.units ?? 0, takenOver: claimed.takenOver };
  return { ...found, saved, resumed, unsent: claimed.takenOver ? (saved?.ends ?? []) : [] };
}

function stay(run: TreeRun, keep: Keep, { lease }: Claimed): Stay {
  const closed = new AbortController();
  const lost = () => {
    end();
    run.lost("another process took it over");
  };
  const remove = leasesOf(keep).add(lease, { lost, cancelled: (reason) => void run.cancel(reason) });
  const end = () => {
    remove();
    closed.abort();
  };
  const leased = { journal: keep.journal, lease, closed: closed.signal, lost };
  return {
    keeping: new Keeping(leased, keep.codec, run, end),
    saved: undefined,
    resumed: undefined,
    unsent: [],
  };
}

function endedAs(record: RunRecord, codec: Codec): Found {
  const { state, ...rest } = codec.decode(record.value ?? "", `end of run ${record.id}`) as KeptEnding;
  return { ended: { ...rest, status: record.status } as Ending, state: (state ?? {}) as object };
}
