/** From a journal's entries to the job as it stands: what it was begun with, and everything that was finished since. */
import { describeError } from "../errors.ts";
import { type Codec, type Entry, hasEnded, type RunRecord } from "../run/index.ts";
import { Book } from "./book.ts";
import { saidOf } from "./books.ts";
import { type Copy, copyOf } from "./copy.ts";
import { GraphMismatch } from "./errors/graph-mismatch.ts";
import { gathererFor } from "./gather.ts";
import type { Gatherer } from "./gatherer.ts";
import type { DeadLetter, HistoryEntry, JobData, PausePoint, PendingDelivery } from "./job-data.ts";
import type { SaidAgain } from "./job-seen.ts";
import { type FailedNote, type LateNote, PAUSE, type SucceededNote } from "./ledger.ts";
import { merged } from "./merge.ts";
import type { Plan, SlotOfNode } from "./plan.ts";
import { checkFits, deliveryFrom } from "./restore.ts";
import { applyChanges } from "./values.ts";
import { verdictOn } from "./verdict.ts";

/** What ended longer before the last thing that is known was sent, or is no news any more. */
const NEWS_MS = 10 * 60_000;

export interface Recovered {
  readonly data: JobData;
  /** The newest attempts, to be said again. */
  readonly said: readonly SaidAgain[];
  /** It had been decided that it stops, and it had not ended yet. */
  readonly stopped: { readonly error: unknown } | undefined;
}

/** @throws {GraphMismatch | NotDecodable} */
export function recovered(
  run: RunRecord,
  entries: readonly Entry[],
  plan: Plan,
  codec: Codec,
  given: Codec,
): Recovered {
  const data = given.decode(run.input, `job ${run.id}`) as JobData;
  checkFits(data, plan);
  const replay = new Replay(data, plan);
  for (const entry of entries)
    replay.add(entry, entry.value && codec.decode(entry.value, `entry ${entry.path} of job ${run.id}`));
  const error = run.value && (codec.decode(run.value, `end of job ${run.id}`) as { error: unknown }).error;
  const isCancelled = run.status === "cancelled";
  return {
    data: {
      ...replay.data(),
      status: hasEnded(run.status) || run.status === "paused" ? run.status : "running",
      endedAt: run.endedAt,
      reason: isCancelled ? describeError(error).message : undefined,
      ...(error === undefined || isCancelled ? {} : { error }),
    },
    said: replay.said(),
    stopped: replay.stopped,
  };
}

class Replay {
  stopped: { readonly error: unknown } | undefined;
  readonly #begun: JobData;
  readonly #plan: Plan;
  readonly #known: Map<number, PendingDelivery>;
  readonly #finished = new Set<number>();
  /** Their joins went on without them. */
  readonly #late = new Set<number>();
  readonly #books: Map<string, Book>;
  readonly #shared: Map<string, unknown>;
  readonly #merged: Map<string, Copy>;
  readonly #history: HistoryEntry[];
  readonly #deadLetters: DeadLetter[];
  readonly #pauses: PausePoint[];
  readonly #said: SaidAgain[] = [];
  #next: number;
  #error: unknown;

  constructor(begun: JobData, plan: Plan) {
    this.#begun = begun;
    this.#plan = plan;
    this.#known = new Map(begun.pending.map((pending) => [pending.n, pending]));
    this.#books = new Map(begun.routines.map(([id, data]) => [id, new Book(data)]));
    this.#shared = new Map(begun.shared);
    this.#merged = new Map(begun.merged.map(([slot, value]) => [slot, copyOf(value, "merged")]));
    this.#history = [...begun.history];
    this.#deadLetters = [...begun.deadLetters];
    this.#pauses = [...begun.pauses];
    this.#next = begun.next;
    this.#error = begun.error;
  }

  add(entry: Entry, value: unknown): void {
    if (entry.name === PAUSE && entry.kind === "wait") this.#pauses.push(value as PausePoint);
    else if (entry.status === "failed") this.#failed(entry, value as FailedNote);
    else if ("late" in (value as object)) this.#late.add((value as LateNote).n);
    else this.#succeeded(entry, value as SucceededNote);
  }

  said(): SaidAgain[] {
    const last = this.#said.reduce((latest, { endedAt }) => Math.max(latest, endedAt), 0);
    return this.#said.filter(({ endedAt }) => endedAt >= last - NEWS_MS);
  }

  data(): JobData {
    const open = [...this.#known.values()].filter(({ n }) => !this.#finished.has(n) && !this.#late.has(n));
    return {
      ...this.#begun,
      error: this.#error,
      next: this.#next,
      pending: open.sort((a, b) => a.n - b.n),
      merged: [...this.#merged].map(([slot, { value }]) => [slot, value]),
      gathering: this.#gathering(),
      routines: [...this.#books].map(([id, book]) => [id, book.data()]),
      shared: [...this.#shared],
      deadLetters: this.#deadLetters,
      history: this.#history,
      pauses: this.#pauses,
    };
  }

  #succeeded(entry: Entry, { n, parts, first, sent, state, shared }: SucceededNote): void {
    const { slot, book, noted } = this.#of(entry, n);
    book.succeeded += 1;
    applyChanges(book.state, state);
    applyChanges(this.#shared, shared);
    const pending = this.#known.get(n);
    if (slot.parts.merge !== undefined && pending !== undefined)
      this.#merged.set(slot.key, merged(slot, this.#merged.get(slot.key), pending.payload));
    for (const finished of [n, ...parts]) this.#finished.add(finished);
    for (const [index, [connection, payload, turns]] of sent.entries()) {
      const edge = this.#plan.edges.get(connection);
      if (edge === undefined) throw this.#lacks(`connection ${connection}`);
      const sentNow = { n: first + index, slot: edge.target.key, connection, payload, attempts: 0, turns };
      this.#known.set(sentNow.n, sentNow);
    }
    this.#next = Math.max(this.#next, first + sent.length);
    this.#say(entry, slot, n, "succeeded", undefined);
    this.#history.push({ ...noted, kind: "succeeded", sent: sent.length });
  }

  #failed(entry: Entry, { n, parts, error, verdict }: FailedNote): void {
    const { slot, book, noted } = this.#of(entry, n);
    book.failures += 1;
    this.#say(entry, slot, n, "failed", error);
    this.#history.push({ ...noted, kind: "failed", error: saidOf(error) });
    const pending = this.#known.get(n);
    if (pending !== undefined) this.#known.set(n, { ...pending, attempts: entry.attempt });
    if (verdict === undefined) {
      book.retries += 1;
      return;
    }
    for (const finished of [n, ...parts]) this.#finished.add(finished);
    const skipped = verdict === "skip";
    if (skipped) book.skipped += 1;
    else book.failed += 1;
    if (!skipped) this.#error ??= error;
    if (verdict === "stop") this.stopped = { error };
    this.#deadLetters.push({
      at: noted.at,
      delivery: n,
      routine: slot.node.id,
      slot: slot.name,
      connection: pending?.connection,
      payload: pending?.payload,
      error,
      attempts: entry.attempt,
      skipped,
    });
  }

  #of({ name, attempt, startedAt, endedAt = startedAt }: Entry, n: number) {
    const slot = this.#slot(name);
    let book = this.#books.get(slot.node.id);
    if (book === undefined) {
      book = new Book();
      this.#books.set(slot.node.id, book);
    }
    const ms = endedAt - startedAt;
    book.durations.add(ms);
    const noted = { at: endedAt, routine: slot.node.id, slot: slot.name, delivery: n, attempt, ms };
    return { slot, book, noted };
  }

  #say(
    { path, attempt, startedAt, endedAt = startedAt }: Entry,
    { key, node }: SlotOfNode,
    n: number,
    status: "succeeded" | "failed",
    error: unknown,
  ): void {
    this.#said.push({
      path,
      attempt,
      name: key,
      node: node.id,
      edge: this.#known.get(n)?.connection,
      optional: verdictOn(node) === "skip" ? true : undefined,
      attributes: { delivery: n },
      status,
      error,
      startedAt,
      endedAt,
    });
  }

  #slot(key: string): SlotOfNode {
    const slot = this.#plan.slots.get(key);
    if (slot === undefined) throw this.#lacks(`slot ${key}`);
    return slot;
  }

  #lacks(what: string): GraphMismatch {
    return new GraphMismatch(this.#begun.id, this.#plan.name, `got one that used ${what}, which it has not`);
  }

  /** Joins are told of all that came to them, in the order in which it was sent: so what belonged together does again. */
  #gathering(): [slot: string, data: unknown][] {
    const gatherers = new Map<string, Gatherer>();
    for (const pending of [...this.#known.values()].sort((a, b) => a.n - b.n)) {
      const slot = this.#plan.slots.get(pending.slot);
      if (slot?.parts.join === undefined) continue;
      let gatherer = gatherers.get(slot.key);
      if (gatherer === undefined) {
        gatherer = gathererFor(slot, () => 0) as Gatherer;
        const before = this.#begun.gathering.find(([key]) => key === slot.key)?.[1];
        if (before !== undefined) gatherer.load(before);
        gatherers.set(slot.key, gatherer);
      }
      const as = this.#finished.has(pending.n) ? "finished" : this.#late.has(pending.n) ? "late" : "again";
      gatherer.known(deliveryFrom(pending, this.#plan), as);
    }
    return [...gatherers].map(([key, gatherer]) => [key, gatherer.data()]);
  }
}
