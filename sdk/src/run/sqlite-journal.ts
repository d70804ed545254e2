/** The journal in a SQLite file: the embedded default. Safe with any number of processes of one machine on one file. */
import { randomUUID } from "node:crypto";
import { checkClaimDue, checkLeaseMs, checkLimit, checkNewRun } from "./checks.ts";
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
import { Commits } from "./sqlite/commits.ts";
import { News } from "./sqlite/news.ts";
import { type Db, openFile, reasonOf } from "./sqlite/open.ts";
import {
  entryFrom,
  type HeldRow,
  prepareAll,
  type RunRow,
  runFrom,
  type Statements,
} from "./sqlite/statements.ts";
import { hasEnded, moved } from "./status.ts";
import { Watchers } from "./watchers.ts";

export interface SqliteJournalOptions {
  /** Default: the real time. */
  clock?: Pick<RunClock, "now"> | undefined;
}

/**
 * A journal in a file of SQLite, through better-sqlite3: on the disk before the next step. Several processes of one machine
 * may have it open.
 *
 * @param path a file, made with its folders where it is not there yet. `:memory:` is refused: use `memoryJournal`
 * @throws {JournalUnavailable} where it can't be opened, with what to do; {@link JournalNewer}
 * @example
 * const scope = createScope({ journal: sqliteJournal("./journal.db") });
 */
export function sqliteJournal(path: string, options: SqliteJournalOptions = {}): Journal {
  const name = `sqlite ${path}`;
  if (path === "" || path === ":memory:")
    throw new JournalUnavailable(
      name,
      "expected the path of a file; for a journal in memory use memoryJournal()",
    );
  return new SqliteJournal(openFile(path, name), name, options.clock ?? realClock);
}

export class SqliteJournal implements Journal {
  readonly name: string;
  readonly #db: Db;
  readonly #clock: Pick<RunClock, "now">;
  readonly #sql: Statements;
  readonly #commits: Commits;
  readonly #watchers: Watchers;
  readonly #news: News;
  /** Told of when the commit is on the disk. */
  #toTell = new Set<string>();
  #tellDue = false;

  constructor(db: Db, name: string, clock: Pick<RunClock, "now">) {
    this.name = name;
    this.#db = db;
    this.#clock = clock;
    this.#sql = prepareAll(db);
    this.#commits = new Commits(db, name, () => this.#tell());
    this.#watchers = new Watchers((count) => this.#news.waited(count));
    this.#news = new News(db, this.#sql, this.#watchers);
  }

  async open(given: NewRun, claim?: Claim): Promise<Opened> {
    checkNewRun(given, claim);
    return this.#write(() => {
      const found = this.#sql.run.get(given.id);
      if (found === undefined) this.#addRun(given, claim === undefined);
      const row = found ?? (this.#sql.run.get(given.id) as RunRow);
      const claimed = claim && this.#claim(row, claim);
      return {
        run: claimed?.run ?? runFrom(row),
        created: found === undefined,
        lease: claimed?.lease,
        takenOver: claimed?.takenOver ?? false,
      };
    });
  }

  #addRun({ id, tenant, flow, inputDigest, input, context, dueAt }: NewRun, forAnyone: boolean): void {
    const now = this.#clock.now();
    this.#sql.addRun.run({
      id,
      tenant,
      flow: flow.name,
      version: flow.version,
      inputDigest,
      input,
      context: context ?? null,
      dueAt: dueAt ?? now,
      now,
    });
    if (forAnyone) this.#happened((this.#sql.held.get(id) as HeldRow).pk, id, true);
  }

  async read(runId: string): Promise<RunRecord | undefined> {
    return this.#ask(() => {
      const row = this.#sql.run.get(runId);
      return row && runFrom(row);
    });
  }

  async entries(runId: string): Promise<Entry[]> {
    return this.#ask(() => this.#sql.entries.all(runId).map(entryFrom));
  }

  async claim(runId: string, claim: Claim): Promise<Claimed | undefined> {
    checkLeaseMs(claim.leaseMs);
    return this.#write(() => {
      const row = this.#sql.run.get(runId);
      return row && this.#claim(row, claim);
    });
  }

  async claimDue(claim: Claim & DueFilter & { limit: number }): Promise<Claimed[]> {
    checkClaimDue(claim);
    // Looking takes no lock: who finds nothing is in nobody's way.
    const next = await this.nextDue(claim);
    if (next === undefined || next > this.#clock.now()) return [];
    return this.#write(() => {
      const now = this.#clock.now();
      const rows = claim.flows.flatMap(({ name, version }) =>
        this.#sql.due.all(name, version, now, leastToken(claim), claim.limit),
      );
      rows.sort((a, b) => (a.due_at as number) - (b.due_at as number));
      return rows.slice(0, claim.limit).map((row) => this.#claim(row, claim) as Claimed);
    });
  }

  async nextDue(filter: DueFilter): Promise<number | undefined> {
    return this.#ask(() => {
      let next: number | undefined;
      for (const { name, version } of filter.flows) {
        const at = this.#sql.nextDue.get(name, version, leastToken(filter));
        if (at !== undefined && (next === undefined || at < next)) next = at;
      }
      return next;
    });
  }

  async renew(leases: readonly Lease[], leaseMs: number): Promise<LeaseState[]> {
    checkLeaseMs(leaseMs);
    return this.#write(() =>
      leases.map((lease) => {
        const row = this.#heldBy(lease);
        if (row === undefined) return { state: "lost", cancelReason: undefined };
        this.#sql.renew.run(this.#clock.now() + leaseMs, row.pk);
        return { state: "kept", cancelReason: row.cancel_reason ?? undefined };
      }),
    );
  }

  async write(lease: Lease, entry: NewEntry): Promise<void> {
    return this.#write(() => this.#put(this.#writable(lease).pk, entry));
  }

  async attempt(lease: Lease, attempt: number): Promise<void> {
    return this.#write(() => void this.#sql.attempt.run(attempt, this.#writable(lease).pk));
  }

  async park(lease: Lease, { dueAt, messages = [], paused = false, attempt }: Parking): Promise<void> {
    return this.#write(() => {
      const before = this.#sql.held.get(lease.runId);
      // Asked again after it was done.
      if (before?.token === lease.token && before.owner === null && !hasEnded(before.status)) return;
      const row = this.#writable(lease);
      const waitsFor = paused ? [] : messages;
      const wanted = waitsFor.some((name) => this.#sql.firstMessage.get(row.pk, name) !== undefined);
      const wake = row.cancel_reason !== null || wanted;
      const due = wake ? this.#clock.now() : paused ? undefined : dueAt;
      this.#sql.park.run({
        pk: row.pk,
        status: paused ? moved(lease.runId, row.status, "paused") : row.status,
        dueAt: due ?? null,
        waitsFor: waitsFor.length === 0 || wake ? null : JSON.stringify(waitsFor),
        attempt: attempt ?? null,
      });
      this.#happened(row.pk, lease.runId, due !== undefined);
    });
  }

  async end(lease: Lease, { status, value }: Ending): Promise<void> {
    return this.#write(() => {
      const before = this.#sql.held.get(lease.runId);
      if (before !== undefined && before.token === lease.token && hasEnded(before.status)) return;
      const row = this.#writable(lease);
      this.#sql.end.run({
        pk: row.pk,
        status: moved(lease.runId, row.status, status),
        value: value ?? null,
        now: this.#clock.now(),
      });
      this.#sql.dropMail.run(row.pk);
      this.#happened(row.pk, lease.runId, false);
    });
  }

  async send(runId: string, { id = randomUUID(), name, value }: NewMessage): Promise<void> {
    return this.#write(() => {
      const row = this.#existing(runId);
      if (this.#sql.knowsMessage.get(row.pk, id) !== undefined) return;
      if (hasEnded(row.status)) throw new RunEnded(runId, "messages");
      this.#sql.addMessage.run(row.pk, id, name, value);
      const waitsFor: unknown = JSON.parse(row.waits_for ?? "[]");
      const wake = row.owner === null && Array.isArray(waitsFor) && waitsFor.includes(name);
      if (wake) this.#sql.wake.run(this.#clock.now(), row.pk);
      this.#happened(row.pk, runId, wake);
    });
  }

  async take(lease: Lease, messageName: string, entry: NewEntry): Promise<Entry | undefined> {
    return this.#write(() => {
      const { pk } = this.#writable(lease);
      const before = this.#sql.entry.get(pk, entry.path, entry.attempt);
      if (before?.status === "succeeded") return entryFrom(before);
      const message = this.#sql.firstMessage.get(pk, messageName);
      if (message === undefined) return undefined;
      this.#sql.takeMessage.run(message.seq);
      const taken: Entry = {
        ...entry,
        status: "succeeded",
        value: message.value,
        endedAt: this.#clock.now(),
      };
      this.#put(pk, taken);
      return taken;
    });
  }

  async cancel(runId: string, reason: string): Promise<void> {
    return this.#write(() => {
      const row = this.#existing(runId);
      if (hasEnded(row.status)) return;
      this.#sql.cancel.run(reason, row.pk);
      if (row.owner === null) this.#sql.wake.run(this.#clock.now(), row.pk);
      this.#happened(row.pk, runId, row.owner === null);
    });
  }

  watch(runId: string, listener: () => void): () => void {
    return this.#watchers.watch(runId, listener);
  }

  watchDue(listener: () => void): () => void {
    return this.#watchers.watchDue(listener);
  }

  async prune({ endedBefore, limit }: Parameters<Journal["prune"]>[0]): Promise<number> {
    const most = checkLimit(limit);
    return this.#write(() => this.#sql.prune.run(endedBefore, most).changes);
  }

  async close(): Promise<void> {
    this.#news.stop();
    await this.#commits.idle();
    this.#db.close();
  }

  async #write<T>(make: () => T): Promise<T> {
    if (!this.#db.open) throw new JournalUnavailable(this.name, "it was closed");
    return this.#commits.add(make);
  }

  #ask<T>(query: () => T): T {
    if (!this.#db.open) throw new JournalUnavailable(this.name, "it was closed");
    try {
      return query();
    } catch (error) {
      throw new JournalUnavailable(this.name, `it could not be read: ${reasonOf(error)}`, error);
    }
  }

  #existing(runId: string): RunRow {
    const row = this.#sql.run.get(runId);
    if (row === undefined) throw new RunUnknown(runId, this.name);
    return row;
  }

  #heldBy({ runId, token }: Lease): HeldRow | undefined {
    const row = this.#sql.held.get(runId);
    return row !== undefined && row.token === token && row.owner !== null ? row : undefined;
  }

  #writable(lease: Lease): HeldRow {
    const row = this.#heldBy(lease);
    if (row === undefined) throw new LeaseLost(lease.runId, lease.token);
    return row;
  }

  #claim(row: RunRow, { owner, leaseMs }: Claim): Claimed | undefined {
    const now = this.#clock.now();
    if (hasEnded(row.status)) return undefined;
    const takenOver = row.owner !== null;
    if (takenOver && (row.due_at as number) > now) return undefined;
    const token = row.token + 1;
    const dueAt = now + leaseMs;
    this.#sql.claim.run(owner, dueAt, row.pk);
    return {
      run: { ...runFrom(row), status: "running", owner, token, dueAt },
      lease: { runId: row.id, token },
      takenOver,
    };
  }

  #put(pk: number, { path, attempt, kind, name, status, value, startedAt, endedAt }: NewEntry): void {
    this.#sql.putEntry.run(pk, path, attempt, kind, name, status, value ?? null, startedAt, endedAt ?? null);
  }

  /** For those who wait: in this process after the commit, in others when they look. */
  #happened(pk: number, runId: string, due: boolean): void {
    this.#sql.setNews.run(this.#sql.nextNews.get() as number, pk);
    this.#toTell.add(runId);
    this.#tellDue ||= due;
  }

  #tell(): void {
    if (this.#toTell.size === 0) return;
    for (const runId of this.#toTell) this.#watchers.tell(runId);
    this.#toTell = new Set();
    if (this.#tellDue) this.#watchers.tellDue();
    this.#tellDue = false;
  }
}

/** A run that someone had claimed has a token. */
function leastToken({ begunOnly }: DueFilter): number {
  return begunOnly === true ? 1 : 0;
}
