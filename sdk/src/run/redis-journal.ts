/**
 * The journal in Redis: for runs that several machines share. Works with Cluster: all of one run is in one slot, and
 * what finds due runs is in another (redis/due-index.ts).
 *
 * Entries outlive what the server outlives: set it to `appendonly yes`, with `appendfsync always` where no second may be lost.
 */
import { randomUUID } from "node:crypto";
import type { Cluster, Redis, RedisOptions } from "ioredis";
import { checkClaimDue, checkLeaseMs, checkLimit, checkNewRun, flowKey } from "./checks.ts";
import { type RunClock, realClock } from "./clock.ts";
import { JournalNewer } from "./errors/journal-newer.ts";
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
import { DueIndex, type Named } from "./redis/due-index.ts";
import { Keys } from "./redis/keys.ts";
import { connect, Link } from "./redis/link.ts";
import { News } from "./redis/news.ts";
import { readRun } from "./redis/read-run.ts";
import { entryFrom, metaOf, placeOf, runFrom } from "./redis/records.ts";
import { Watchers } from "./watchers.ts";

/** Of the keys and what is in them. */
const VERSION = 1;

/** Options of `redisJournal`. */
export interface RedisJournalOptions {
  /** An address such as `"redis://127.0.0.1:6379"`, or ioredis' options. Default: the local server. */
  connection?: string | RedisOptions | undefined;
  /** A connection of yours, in place of one of ours: also a `Cluster`. `close` leaves it open. */
  client?: Redis | Cluster | undefined;
  /** Of every key. Default `"weir:"`. */
  prefix?: string | undefined;
  /** How long a call waits for a server that is away, in milliseconds, before `JournalUnavailable`. Default 10,000. */
  patience?: number | undefined;
  /** Default: the real time. Machines that share a journal should agree on it to a fraction of a lease. */
  clock?: Pick<RunClock, "now"> | undefined;
}

/**
 * A journal in Redis, through ioredis: for runs that several machines take. It keeps what Redis keeps.
 *
 * @example
 * const scope = createScope({ journal: redisJournal({ connection: "redis://127.0.0.1:6379" }) });
 */
export function redisJournal(options: RedisJournalOptions = {}): Journal {
  return new RedisJournal(options);
}

class RedisJournal implements Journal {
  readonly name: string;
  readonly #clock: Pick<RunClock, "now">;
  readonly #keys: Keys;
  readonly #link: Link;
  readonly #index: DueIndex;
  readonly #ownsClient: boolean;
  readonly #watchers: Watchers;
  readonly #news: News;
  readonly #working = new Set<Promise<unknown>>();
  #checked: Promise<void> | undefined;

  constructor({ connection, client, prefix = "weir:", patience = 10_000, clock }: RedisJournalOptions) {
    this.name = `redis ${prefix}`;
    this.#clock = clock ?? realClock;
    this.#keys = new Keys(prefix);
    this.#ownsClient = client === undefined;
    this.#link = new Link(client ?? connect(connection ?? {}, this.name), this.name, patience);
    this.#index = new DueIndex(this.#link, this.#keys, this.#clock);
    this.#watchers = new Watchers((count) => this.#news.waited(count));
    this.#news = new News(this.#link.client, this.#keys.news, this.#watchers);
  }

  open(given: NewRun, claim?: Claim): Promise<Opened> {
    return this.#work(async () => {
      checkNewRun(given, claim);
      const { id, tenant, flow, inputDigest, input, context } = given;
      const now = this.#clock.now();
      const due = given.dueAt ?? now;
      await this.#index.hint(id, flow, 0, Math.max(due, now));
      const fields = ["id", id, "tenant", tenant, "flow", flow.name, "version", flow.version];
      fields.push(
        "digest",
        inputDigest,
        "input",
        input,
        ...(context === undefined ? [] : ["context", context]),
      );
      const [created, claimed, row] = (await this.#link.script(
        "open",
        [this.#keys.run(id).run],
        [now, randomUUID(), claim?.owner ?? "", claim?.leaseMs ?? "", due, ...fields],
      )) as [number, number, string[]];
      const run = runFrom(row);
      if (flowKey(run.flow) !== flowKey(flow)) await this.#index.forget(id, flow);
      await this.#index.settle(run);
      if (claim === undefined && created === 1) this.#news.ofDue();
      return {
        run,
        created: created === 1,
        lease: claimed > 0 ? { runId: id, token: run.token } : undefined,
        takenOver: claimed === 2,
      };
    });
  }

  read(runId: string): Promise<RunRecord | undefined> {
    return this.#work(() => readRun(this.#link, this.#keys, runId));
  }

  entries(runId: string): Promise<Entry[]> {
    return this.#work(async () => {
      const lines = await this.#link.ask((client) => client.hvals(this.#keys.run(runId).entries));
      const numbered = lines.map(entryFrom).sort((a, b) => a.seq - b.seq);
      return numbered.map(({ entry }) => entry);
    });
  }

  claim(runId: string, claim: Claim): Promise<Claimed | undefined> {
    return this.#work(() => {
      checkLeaseMs(claim.leaseMs);
      return this.#claim(runId, claim, false, false);
    });
  }

  async #claim(
    runId: string,
    claim: Claim,
    dueOnly: boolean,
    begunOnly: boolean,
  ): Promise<Claimed | undefined> {
    const [claimed, row] = (await this.#link.script(
      "claim",
      [this.#keys.run(runId).run],
      [this.#clock.now(), randomUUID(), claim.owner, claim.leaseMs, dueOnly ? 1 : 0, begunOnly ? 1 : 0],
    )) as [number, string[]];
    if (claimed === 0) return undefined;
    const run = runFrom(row);
    await this.#index.place(run);
    return { run, lease: { runId, token: run.token }, takenOver: claimed === 2 };
  }

  claimDue(claim: Claim & DueFilter & { limit: number }): Promise<Claimed[]> {
    return this.#work(async () => {
      checkClaimDue(claim);
      const claimed: Claimed[] = [];
      // What can't be had is moved to where it belongs, so each round sees others.
      while (claimed.length < claim.limit) {
        const named = await this.#index.due(claim, claim.limit - claimed.length);
        if (named.length === 0) break;
        const tried = await Promise.all(named.map((each) => this.#tryNamed(each, claim)));
        const had = tried.filter((each) => each !== undefined);
        claimed.push(...had);
      }
      return claimed;
    });
  }

  async #tryNamed(named: Named, claim: Claim & DueFilter): Promise<Claimed | undefined> {
    const claimed = await this.#claim(named.runId, claim, true, claim.begunOnly === true);
    if (claimed === undefined) await this.#index.mend(named);
    return claimed;
  }

  nextDue(filter: DueFilter): Promise<number | undefined> {
    return this.#work(() => this.#index.next(filter));
  }

  renew(leases: readonly Lease[], leaseMs: number): Promise<LeaseState[]> {
    return this.#work(async () => {
      checkLeaseMs(leaseMs);
      return Promise.all(leases.map((lease) => this.#renew(lease, this.#clock.now() + leaseMs)));
    });
  }

  async #renew({ runId, token }: Lease, due: number): Promise<LeaseState> {
    const [kept, reason, name, version] = (await this.#link.script(
      "renew",
      [this.#keys.run(runId).run],
      [token, due],
    )) as [number, string | null, string, string];
    if (kept === 0) return { state: "lost", cancelReason: undefined };
    await this.#index.renewed(runId, { name, version: Number(version) }, due);
    return { state: "kept", cancelReason: reason ?? undefined };
  }

  write(lease: Lease, entry: NewEntry): Promise<void> {
    const { run, entries } = this.#keys.run(lease.runId);
    return this.#fenced(lease, () =>
      this.#link.script(
        "write",
        [run, entries],
        [
          lease.token,
          placeOf(entry),
          entry.status,
          entry.endedAt ?? "",
          metaOf(entry, entry.value !== undefined),
          entry.value ?? "",
        ],
      ),
    );
  }

  attempt(lease: Lease, attempt: number): Promise<void> {
    const { run } = this.#keys.run(lease.runId);
    return this.#fenced(lease, () => this.#link.script("attempt", [run], [lease.token, attempt]));
  }

  park(lease: Lease, { dueAt, messages = [], paused = false, attempt }: Parking): Promise<void> {
    const { run, mail } = this.#keys.run(lease.runId);
    return this.#fenced(lease, async () => {
      const now = this.#clock.now();
      const parked = await this.#link.script(
        "park",
        [run, mail],
        [lease.token, now, dueAt ?? "", paused ? 1 : 0, attempt ?? "", ...messages],
      );
      if (parked === 0) return 0;
      const due = await this.#index.settleId(lease.runId);
      this.#news.ofRun(lease.runId);
      if (due) this.#news.ofDue();
      return parked;
    });
  }

  end(lease: Lease, { status, value }: Ending): Promise<void> {
    const { run, mail } = this.#keys.run(lease.runId);
    return this.#fenced(lease, async () => {
      const now = this.#clock.now();
      // Before it has ended, so that one that has is always found by prune.
      const noted = this.#link.ask((client) => client.zadd(this.#keys.ended, now, lease.runId));
      if (this.#link.isCluster) await noted;
      const [ended] = await Promise.all([
        this.#link.script(
          "end",
          [run, mail],
          [lease.token, status, now, value === undefined ? 0 : 1, value ?? ""],
        ),
        noted,
      ]);
      if (ended === 0) return 0;
      await this.#index.settleId(lease.runId);
      this.#news.ofRun(lease.runId);
      return ended;
    });
  }

  send(runId: string, { id = randomUUID(), name, value }: NewMessage): Promise<void> {
    const { run, mail, ids } = this.#keys.run(runId);
    return this.#work(async () => {
      await this.#index.announce(runId);
      const now = this.#clock.now();
      const sent = await this.#link.script("send", [run, mail, ids], [now, id, name, value]);
      await this.#index.settleId(runId);
      if (sent === 0) throw new RunUnknown(runId, this.name);
      if (sent === 1) throw new RunEnded(runId, "messages");
      this.#news.ofRun(runId);
      if (sent === 3) this.#news.ofDue();
    });
  }

  take(lease: Lease, messageName: string, entry: NewEntry): Promise<Entry | undefined> {
    const { run, entries, mail } = this.#keys.run(lease.runId);
    return this.#work(async () => {
      const taken = await this.#link.script(
        "take",
        [run, entries, mail],
        [lease.token, messageName, placeOf(entry), this.#clock.now(), metaOf(entry, true)],
      );
      if (taken === 0) throw new LeaseLost(lease.runId, lease.token);
      return taken === 1 ? undefined : entryFrom(taken as string).entry;
    });
  }

  cancel(runId: string, reason: string): Promise<void> {
    return this.#work(async () => {
      await this.#index.announce(runId);
      const now = this.#clock.now();
      const cancelled = await this.#link.script("cancel", [this.#keys.run(runId).run], [now, reason]);
      await this.#index.settleId(runId);
      if (cancelled === 0) throw new RunUnknown(runId, this.name);
      this.#news.ofRun(runId);
      if (cancelled === 2) this.#news.ofDue();
    });
  }

  watch(runId: string, listener: () => void): () => void {
    return this.#watchers.watch(runId, listener);
  }

  watchDue(listener: () => void): () => void {
    return this.#watchers.watchDue(listener);
  }

  prune({ endedBefore, limit }: Parameters<Journal["prune"]>[0]): Promise<number> {
    return this.#work(async () => {
      const most = checkLimit(limit);
      const ids = await this.#link.ask((client) =>
        client.zrangebyscore(this.#keys.ended, "-inf", `(${endedBefore}`, "LIMIT", 0, most),
      );
      const pruned = await Promise.all(ids.map((id) => this.#prune(id)));
      return pruned.reduce((sum, one) => sum + one, 0);
    });
  }

  async #prune(id: string): Promise<number> {
    const { run, entries, mail, ids } = this.#keys.run(id);
    const pruned = (await this.#link.script("prune", [run, entries, mail, ids], [])) as number;
    await this.#link.ask((client) => client.zrem(this.#keys.ended, id));
    return pruned;
  }

  async close(): Promise<void> {
    this.#news.stop();
    await Promise.allSettled(this.#working);
    await this.#link.close(this.#ownsClient);
  }

  /** Keeps count of the calls in hand, so that `close` can wait for them. */
  async #work<T>(call: () => Promise<T>): Promise<T> {
    const working = this.#checkedVersion().then(call);
    this.#working.add(working);
    try {
      return await working;
    } finally {
      this.#working.delete(working);
    }
  }

  async #fenced(lease: Lease, call: () => Promise<unknown>): Promise<void> {
    if ((await this.#work(call)) === 0) throw new LeaseLost(lease.runId, lease.token);
  }

  #checkedVersion(): Promise<void> {
    this.#checked ??= this.#checkVersion().catch((error: unknown) => {
      this.#checked = undefined;
      throw error;
    });
    return this.#checked;
  }

  async #checkVersion(): Promise<void> {
    const { version } = this.#keys;
    await this.#link.ask((client) => client.setnx(version, VERSION));
    const found = Number(await this.#link.ask((client) => client.get(version)));
    if (found > VERSION) throw new JournalNewer(this.name, found, VERSION);
  }
}
