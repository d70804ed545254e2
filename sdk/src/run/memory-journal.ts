/** The journal in this process's memory: for tests, and for runs that need not outlive the process. */
import { randomUUID } from "node:crypto";
import { Heap, type HeapItem } from "../heap.ts";
import { checkClaimDue, checkLeaseMs, checkLimit, checkNewRun, flowKey } from "./checks.ts";
import { type RunClock, realClock } from "./clock.ts";
import { JournalUnavailable } from "./errors/journal-unavailable.ts";
import { LeaseLost } from "./errors/lease-lost.ts";
import { RunEnded } from "./errors/run-ended.ts";
import { RunUnknown } from "./errors/run-unknown.ts";
import type {
  Claim,
  Claimed,
  DueFilter,
  Ending,
  Entry,
  Journal,
  Lease,
  LeaseState,
  NewEntry,
  NewMessage,
  NewRun,
  Opened,
  Parking,
  RunRecord,
} from "./journal.ts";
import { hasEnded, moved } from "./status.ts";
import { Watchers } from "./watchers.ts";

/** `at` is when it is due or, once it has ended, when that was. */
interface Kept extends HeapItem {
  run: RunRecord;
  entries: Map<string, Entry>;
  messages: Required<NewMessage>[];
  /** Of all messages there ever were. */
  messageIds: Set<string>;
  waitsFor: readonly string[];
}

export interface MemoryJournalOptions {
  /** Default: the real time. */
  clock?: Pick<RunClock, "now"> | undefined;
}

/**
 * A journal in this process's memory: for tests, and for runs that need not outlive the process.
 *
 * @example
 * const scope = createScope({ journal: memoryJournal() });
 */
export function memoryJournal(options: MemoryJournalOptions = {}): Journal {
  return new MemoryJournal(options.clock ?? realClock);
}

class MemoryJournal implements Journal {
  readonly name = "memory";
  readonly #clock: Pick<RunClock, "now">;
  readonly #runs = new Map<string, Kept>();
  /** By flow and version. */
  readonly #due = new Map<string, Heap<Kept>>();
  readonly #ended = new Heap<Kept>();
  readonly #watchers = new Watchers();
  #closed = false;

  constructor(clock: Pick<RunClock, "now">) {
    this.#clock = clock;
  }

  async open(given: NewRun, claim?: Claim): Promise<Opened> {
    this.#checkOpen();
    checkNewRun(given, claim);
    const found = this.#runs.get(given.id);
    if (found !== undefined) {
      const claimed = claim && this.#claim(found, claim);
      return {
        run: { ...found.run },
        created: false,
        lease: claimed?.lease,
        takenOver: claimed?.takenOver ?? false,
      };
    }
    const kept = this.#made(given);
    this.#runs.set(given.id, kept);
    if (claim !== undefined) {
      const { run, lease } = this.#claim(kept, claim) as Claimed;
      return { run, created: true, lease, takenOver: false };
    }
    this.#setDue(kept, kept.run.dueAt);
    this.#watchers.tellDue();
    return { run: { ...kept.run }, created: true, lease: undefined, takenOver: false };
  }

  #made({ id, tenant, flow, inputDigest, input, context, dueAt }: NewRun): Kept {
    const now = this.#clock.now();
    const run: RunRecord = {
      id,
      tenant,
      flow: { name: flow.name, version: flow.version },
      inputDigest,
      input,
      context,
      status: "running",
      attempt: 1,
      token: 0,
      owner: undefined,
      dueAt: dueAt ?? now,
      cancelReason: undefined,
      value: undefined,
      createdAt: now,
      endedAt: undefined,
    };
    return {
      run,
      entries: new Map(),
      messages: [],
      messageIds: new Set(),
      waitsFor: [],
      at: 0,
      index: -1,
      order: 0,
    };
  }

  async read(runId: string): Promise<RunRecord | undefined> {
    this.#checkOpen();
    const kept = this.#runs.get(runId);
    return kept && { ...kept.run };
  }

  async entries(runId: string): Promise<Entry[]> {
    this.#checkOpen();
    return [...(this.#runs.get(runId)?.entries.values() ?? [])].map((entry) => ({ ...entry }));
  }

  async claim(runId: string, claim: Claim): Promise<Claimed | undefined> {
    this.#checkOpen();
    checkLeaseMs(claim.leaseMs);
    const kept = this.#runs.get(runId);
    return kept && this.#claim(kept, claim);
  }

  async claimDue(claim: Claim & DueFilter & { limit: number }): Promise<Claimed[]> {
    this.#checkOpen();
    checkClaimDue(claim);
    const now = this.#clock.now();
    const due: Kept[] = [];
    const aside: Kept[] = [];
    while (due.length < claim.limit) {
      const first = this.#firstDue(claim);
      if (first === undefined || first.at > now) break;
      // What was never begun is in the way of what was: it comes back when the call is done.
      const wanted = claim.begunOnly !== true || first.run.token > 0;
      (wanted ? due : aside).push(first);
      this.#heapOf(first).remove(first);
    }
    for (const kept of aside) this.#heapOf(kept).add(kept);
    return due.map((kept) => this.#claim(kept, claim) as Claimed);
  }

  async nextDue(filter: DueFilter): Promise<number | undefined> {
    this.#checkOpen();
    if (filter.begunOnly !== true) return this.#firstDue(filter)?.at;
    const keys = new Set(filter.flows.map(flowKey));
    let next: number | undefined;
    for (const { run } of this.#runs.values()) {
      if (run.token === 0 || run.dueAt === undefined || !keys.has(flowKey(run.flow))) continue;
      if (next === undefined || run.dueAt < next) next = run.dueAt;
    }
    return next;
  }

  #firstDue({ flows }: DueFilter): Kept | undefined {
    let first: Kept | undefined;
    for (const flow of flows) {
      const next = this.#due.get(flowKey(flow))?.first();
      if (next !== undefined && (first === undefined || next.at < first.at)) first = next;
    }
    return first;
  }

  async renew(leases: readonly Lease[], leaseMs: number): Promise<LeaseState[]> {
    this.#checkOpen();
    checkLeaseMs(leaseMs);
    return leases.map((lease) => {
      const kept = this.#heldBy(lease);
      if (kept === undefined) return { state: "lost", cancelReason: undefined };
      this.#setDue(kept, this.#clock.now() + leaseMs);
      return { state: "kept", cancelReason: kept.run.cancelReason };
    });
  }

  async write(lease: Lease, entry: NewEntry): Promise<void> {
    this.#checkOpen();
    this.#put(this.#writable(lease), entry);
  }

  async attempt(lease: Lease, attempt: number): Promise<void> {
    this.#checkOpen();
    this.#writable(lease).run.attempt = attempt;
  }

  async park(lease: Lease, { dueAt, messages = [], paused = false, attempt }: Parking): Promise<void> {
    this.#checkOpen();
    const kept = this.#runs.get(lease.runId);
    // Asked again after it was done.
    if (kept?.run.token === lease.token && kept.run.owner === undefined && !hasEnded(kept.run.status)) return;
    const { run } = this.#writable(lease);
    const parked = kept as Kept;
    if (paused) run.status = moved(run.id, run.status, "paused");
    run.owner = undefined;
    if (attempt !== undefined) run.attempt = attempt;
    parked.waitsFor = paused ? [] : messages;
    const wanted = !paused && parked.messages.some(({ name }) => messages.includes(name));
    if (run.cancelReason !== undefined || wanted) this.#wake(parked);
    else {
      this.#setDue(parked, paused ? undefined : dueAt);
      if (run.dueAt !== undefined) this.#watchers.tellDue();
    }
  }

  async end(lease: Lease, { status, value }: Ending): Promise<void> {
    this.#checkOpen();
    const kept = this.#runs.get(lease.runId);
    if (kept !== undefined && kept.run.token === lease.token && hasEnded(kept.run.status)) return;
    const { run } = this.#writable(lease);
    const ended = kept as Kept;
    run.status = moved(run.id, run.status, status);
    run.value = value;
    run.owner = undefined;
    run.endedAt = this.#clock.now();
    this.#setDue(ended, undefined);
    ended.messages = [];
    ended.at = run.endedAt;
    this.#ended.add(ended);
    this.#watchers.tell(run.id);
  }

  async send(runId: string, { id = randomUUID(), name, value }: NewMessage): Promise<void> {
    const kept = this.#existing(runId);
    if (kept.messageIds.has(id)) return;
    if (hasEnded(kept.run.status)) throw new RunEnded(runId, "messages");
    kept.messageIds.add(id);
    kept.messages.push({ id, name, value });
    if (kept.run.owner === undefined && kept.waitsFor.includes(name)) this.#wake(kept);
    this.#watchers.tell(runId);
  }

  async take(lease: Lease, messageName: string, entry: NewEntry): Promise<Entry | undefined> {
    this.#checkOpen();
    const kept = this.#writable(lease);
    const before = kept.entries.get(placeOf(entry));
    if (before?.status === "succeeded") return { ...before };
    const index = kept.messages.findIndex(({ name }) => name === messageName);
    if (index < 0) return undefined;
    const [message] = kept.messages.splice(index, 1);
    const endedAt = this.#clock.now();
    return { ...this.#put(kept, { ...entry, status: "succeeded", value: message?.value, endedAt }) };
  }

  async cancel(runId: string, reason: string): Promise<void> {
    const kept = this.#existing(runId);
    const { run } = kept;
    if (hasEnded(run.status)) return;
    run.cancelReason ??= reason;
    if (run.owner === undefined) this.#wake(kept);
    this.#watchers.tell(runId);
  }

  watch(runId: string, listener: () => void): () => void {
    return this.#watchers.watch(runId, listener);
  }

  watchDue(listener: () => void): () => void {
    return this.#watchers.watchDue(listener);
  }

  async prune({ endedBefore, limit }: Parameters<Journal["prune"]>[0]): Promise<number> {
    this.#checkOpen();
    const most = checkLimit(limit);
    let pruned = 0;
    for (let next = this.#ended.first(); next !== undefined && pruned < most; next = this.#ended.first()) {
      if (next.at >= endedBefore) break;
      this.#ended.remove(next);
      this.#runs.delete(next.run.id);
      pruned += 1;
    }
    return pruned;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(): void {
    if (this.#closed) throw new JournalUnavailable(this.name, "it was closed");
  }

  #existing(runId: string): Kept {
    this.#checkOpen();
    const kept = this.#runs.get(runId);
    if (kept === undefined) throw new RunUnknown(runId, this.name);
    return kept;
  }

  #heldBy({ runId, token }: Lease): Kept | undefined {
    const kept = this.#runs.get(runId);
    return kept !== undefined && kept.run.token === token && kept.run.owner !== undefined ? kept : undefined;
  }

  #writable(lease: Lease): Kept {
    const kept = this.#heldBy(lease);
    if (kept === undefined) throw new LeaseLost(lease.runId, lease.token);
    return kept;
  }

  #claim(kept: Kept, { owner, leaseMs }: Claim): Claimed | undefined {
    const { run } = kept;
    const now = this.#clock.now();
    if (hasEnded(run.status)) return undefined;
    const takenOver = run.owner !== undefined;
    if (takenOver && (run.dueAt as number) > now) return undefined;
    run.status = "running";
    run.owner = owner;
    run.token += 1;
    kept.waitsFor = [];
    this.#setDue(kept, now + leaseMs);
    return { run: { ...run }, lease: { runId: run.id, token: run.token }, takenOver };
  }

  #put(kept: Kept, entry: NewEntry): Entry {
    const place = placeOf(entry);
    const before = kept.entries.get(place);
    if (before?.status === "succeeded") return before;
    const written: Entry = { ...entry, value: entry.value, endedAt: entry.endedAt };
    kept.entries.set(place, written);
    return written;
  }

  #wake(kept: Kept): void {
    kept.waitsFor = [];
    this.#setDue(kept, this.#clock.now());
    this.#watchers.tellDue();
  }

  #setDue(kept: Kept, dueAt: number | undefined): void {
    const heap = this.#heapOf(kept);
    heap.remove(kept);
    kept.run.dueAt = dueAt;
    if (dueAt === undefined) return;
    kept.at = dueAt;
    heap.add(kept);
  }

  #heapOf({ run }: Kept): Heap<Kept> {
    const key = flowKey(run.flow);
    let heap = this.#due.get(key);
    if (heap === undefined) {
      heap = new Heap();
      this.#due.set(key, heap);
    }
    return heap;
  }
}

/** A path holds no control characters. */
function placeOf({ path, attempt }: NewEntry): string {
  return `${path}\n${attempt}`;
}
