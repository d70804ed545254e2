/**
 * The journal in Redis: for runs that several machines share. Works with Cluster: all of one run is in one slot, and
 * what finds due runs is in another, so the two can't be written in one step. The rule that keeps them together:
 *
 *     a run that has not ended is in its flow's index, no later than it is due, or than a few seconds after
 *     it was last written.
 *
 * The index may name a run too early, or one that is not due or not there; who claims looks at the run itself, and
 * mends the index. What makes a run due earlier puts it into the index before it writes the run; what makes it due later
 * puts it there after, and then looks at the run again. See docs/decisions/0015-journals.md.
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
  FlowVersion,
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
import { Keys } from "./redis/keys.ts";
import { connect, Link } from "./redis/link.ts";
import { News } from "./redis/news.ts";
import { entryFrom, metaOf, placeOf, runFrom } from "./redis/records.ts";
import { hasEnded } from "./status.ts";
import { Watchers } from "./watchers.ts";

/** Of the keys and what is in them. */
const VERSION = 1;
/** A write that was announced in the index is looked for after so long. */
const HINT_MS = 5_000;
/** A run that is named and not there is forgotten after so long. */
const MISSING_MS = 60_000;
const NEVER = "+inf";

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
    this.#watchers = new Watchers((count) => this.#news.waited(count));
    this.#news = new News(this.#link.client, this.#keys.news, this.#watchers);
  }

  open(given: NewRun, claim?: Claim): Promise<Opened> {
    return this.#work(async () => {
      checkNewRun(given, claim);
      const { id, tenant, flow, inputDigest, input, context } = given;
      const now = this.#clock.now();
      const due = given.dueAt ?? now;
      await this.#hint(id, flow, 0, Math.max(due, now));
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
      if (flowKey(run.flow) !== flowKey(flow)) await this.#forget(id, flow);
      await this.#settle(run);
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
    return this.#work(() => this.#read(runId));
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
    await this.#place(run);
    return { run, lease: { runId, token: run.token }, takenOver: claimed === 2 };
  }

  claimDue(claim: Claim & DueFilter & { limit: number }): Promise<Claimed[]> {
    return this.#work(async () => {
      checkClaimDue(claim);
      const claimed: Claimed[] = [];
      // What can't be had is moved to where it belongs, so each round sees others.
      while (claimed.length < claim.limit) {
        const named = await this.#dueIn(claim, claim.limit - claimed.length);
        if (named.length === 0) break;
        const tried = await Promise.all(named.map((each) => this.#tryNamed(each, claim)));
        const had = tried.filter((each) => each !== undefined);
        claimed.push(...had);
      }
      return claimed;
    });
  }

  /** Those that the index names as due, the longest due first. */
  async #dueIn({ flows, begunOnly }: DueFilter, limit: number): Promise<Named[]> {
    const now = this.#clock.now();
    const lists = await Promise.all(
      this.#indexesOf({ flows, begunOnly }).map(async ([key, flow]) => {
        const rows = (await this.#link.script("named", [key], [now, limit])) as string[];
        const named: Named[] = [];
        for (let at = 0; at < rows.length; at += 2)
          named.push({ runId: rows[at] as string, flow, score: Number(rows[at + 1]) });
        return named;
      }),
    );
    return lists
      .flat()
      .sort((a, b) => a.score - b.score)
      .slice(0, limit);
  }

  async #tryNamed({ runId, flow }: Named, claim: Claim & DueFilter): Promise<Claimed | undefined> {
    const claimed = await this.#claim(runId, claim, true, claim.begunOnly === true);
    if (claimed !== undefined) return claimed;
    const run = await this.#read(runId);
    if (run !== undefined) {
      // Someone asked for it under another flow, and died in it.
      if (flowKey(run.flow) !== flowKey(flow)) await this.#forget(runId, flow);
      await this.#settle(run);
      return undefined;
    }
    const now = this.#clock.now();
    await this.#link.script("missing", this.#keys.index(flow), [runId, now, MISSING_MS, now + HINT_MS]);
    return undefined;
  }

  nextDue(filter: DueFilter): Promise<number | undefined> {
    return this.#work(async () => {
      const firsts = await Promise.all(
        this.#indexesOf(filter).map(
          ([key]) => this.#link.script("named", [key], ["(inf", 1]) as Promise<string[]>,
        ),
      );
      const times = firsts.flatMap(([, score]) => (score === undefined ? [] : Number(score)));
      const next = Math.min(Infinity, ...times);
      return next === Infinity ? undefined : next;
    });
  }

  #indexesOf({ flows, begunOnly }: DueFilter): [key: string, flow: FlowVersion][] {
    return flows.flatMap((flow): [string, FlowVersion][] => {
      const [fresh, due] = this.#keys.index(flow);
      return begunOnly === true
        ? [[due, flow]]
        : [
            [fresh, flow],
            [due, flow],
          ];
    });
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
    const [, index] = this.#keys.index({ name, version: Number(version) });
    await this.#link.ask((client) => client.zadd(index, "XX", due, runId));
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
      const due = await this.#settleId(lease.runId);
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
      await this.#settleId(lease.runId);
      this.#news.ofRun(lease.runId);
      return ended;
    });
  }

  send(runId: string, { id = randomUUID(), name, value }: NewMessage): Promise<void> {
    const { run, mail, ids } = this.#keys.run(runId);
    return this.#work(async () => {
      await this.#announce(runId);
      const now = this.#clock.now();
      const sent = await this.#link.script("send", [run, mail, ids], [now, id, name, value]);
      await this.#settleId(runId);
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
      await this.#announce(runId);
      const now = this.#clock.now();
      const cancelled = await this.#link.script("cancel", [this.#keys.run(runId).run], [now, reason]);
      await this.#settleId(runId);
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

  async #read(runId: string): Promise<RunRecord | undefined> {
    const row = (await this.#link.script("read", [this.#keys.run(runId).run], [])) as string[];
    return row.length === 0 ? undefined : runFrom(row);
  }

  /** Before a write that may make a run due: should this process die after the write, someone looks at it soon. */
  async #announce(runId: string): Promise<void> {
    const run = await this.#read(runId);
    if (run === undefined || hasEnded(run.status)) return;
    await this.#hint(runId, run.flow, run.token, this.#clock.now() + HINT_MS);
  }

  /** Names a run in the index, no later than at `at`. */
  async #hint(runId: string, flow: FlowVersion, token: number, at: number): Promise<void> {
    const [fresh, due] = this.#keys.index(flow);
    await this.#link.ask((client) => client.zadd(token === 0 ? fresh : due, "LT", at, runId));
  }

  /** Puts a run where it belongs in the index, by what was just read of it. */
  async #place({ id, flow, status, token, dueAt }: RunRecord): Promise<void> {
    const kind = hasEnded(status) ? "gone" : token === 0 ? "new" : "begun";
    await this.#link.script("place", this.#keys.index(flow), [id, kind, dueAt ?? NEVER]);
  }

  async #forget(runId: string, flow: FlowVersion): Promise<void> {
    await this.#link.script("place", this.#keys.index(flow), [runId, "gone", NEVER]);
  }

  /** Places it, and looks again after that: where the run has changed meanwhile, the index must not say that it is due later. */
  async #settle(run: RunRecord): Promise<void> {
    for (let placed: RunRecord | undefined = run; placed !== undefined; ) {
      await this.#place(placed);
      const now: RunRecord | undefined = await this.#read(placed.id);
      const changed: boolean =
        now?.dueAt !== placed.dueAt || now?.token !== placed.token || now?.status !== placed.status;
      placed = changed ? now : undefined;
    }
  }

  /** @returns whether it is due at some time, and nobody has it */
  async #settleId(runId: string): Promise<boolean> {
    const run = await this.#read(runId);
    if (run === undefined) return false;
    await this.#settle(run);
    return run.owner === undefined && run.dueAt !== undefined;
  }
}

/** What an index says. */
interface Named {
  runId: string;
  flow: FlowVersion;
  score: number;
}
