/**
 * Which runs are due, in Redis. All of one run is in one slot of a cluster, and what finds due runs is in another, so the two can't
 * be written in one step. The rule that keeps them together:
 *
 *     a run that has not ended is in its flow's index, no later than it is due, or than a few seconds after
 *     it was last written.
 *
 * The index may name a run too early, or one that is not due or not there; who claims looks at the run itself, and
 * mends the index. What makes a run due earlier puts it into the index before it writes the run; what makes it due later
 * puts it there after, and then looks at the run again. See docs/decisions/0015-journals.md.
 */
import { flowKey } from "../checks.ts";
import type { RunClock } from "../clock.ts";
import type { DueFilter, FlowVersion, RunRecord } from "../journal.ts";
import { hasEnded } from "../status.ts";
import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { readRun } from "./read-run.ts";

/** A write that was announced in the index is looked for after so long. */
const HINT_MS = 5_000;
/** A run that is named and not there is forgotten after so long. */
const MISSING_MS = 60_000;
const NEVER = "+inf";

/** What an index says. */
export interface Named {
  readonly runId: string;
  readonly flow: FlowVersion;
  readonly score: number;
}

export class DueIndex {
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #clock: Pick<RunClock, "now">;

  constructor(link: Link, keys: Keys, clock: Pick<RunClock, "now">) {
    this.#link = link;
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Those that are named as due, the longest due first. */
  async due(filter: DueFilter, limit: number): Promise<Named[]> {
    const now = this.#clock.now();
    const lists = await Promise.all(
      this.#indexesOf(filter).map(async ([key, flow]) => {
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

  async next(filter: DueFilter): Promise<number | undefined> {
    const firsts = await Promise.all(
      this.#indexesOf(filter).map(
        ([key]) => this.#link.script("named", [key], ["(inf", 1]) as Promise<string[]>,
      ),
    );
    const times = firsts.flatMap(([, score]) => (score === undefined ? [] : Number(score)));
    const next = Math.min(Infinity, ...times);
    return next === Infinity ? undefined : next;
  }

  /** What was named and could not be had is moved to where it belongs. */
  async mend({ runId, flow }: Named): Promise<void> {
    const run = await this.#read(runId);
    if (run !== undefined) {
      // Someone asked for it under another flow, and died in it.
      if (flowKey(run.flow) !== flowKey(flow)) await this.forget(runId, flow);
      await this.settle(run);
      return;
    }
    const now = this.#clock.now();
    await this.#link.script("missing", this.#keys.index(flow), [runId, now, MISSING_MS, now + HINT_MS]);
  }

  /** Before a write that may make a run due: should this process die after the write, someone looks at it soon. */
  async announce(runId: string): Promise<void> {
    const run = await this.#read(runId);
    if (run === undefined || hasEnded(run.status)) return;
    await this.hint(runId, run.flow, run.token, this.#clock.now() + HINT_MS);
  }

  /** Names a run, no later than at `at`. */
  async hint(runId: string, flow: FlowVersion, token: number, at: number): Promise<void> {
    const [fresh, due] = this.#keys.index(flow);
    await this.#link.ask((client) => client.zadd(token === 0 ? fresh : due, "LT", at, runId));
  }

  /** Its lease lasts longer. */
  async renewed(runId: string, flow: FlowVersion, due: number): Promise<void> {
    const [, index] = this.#keys.index(flow);
    await this.#link.ask((client) => client.zadd(index, "XX", due, runId));
  }

  /** Puts a run where it belongs, by what was just read of it. */
  async place({ id, flow, status, token, dueAt }: RunRecord): Promise<void> {
    const kind = hasEnded(status) ? "gone" : token === 0 ? "new" : "begun";
    await this.#link.script("place", this.#keys.index(flow), [id, kind, dueAt ?? NEVER]);
  }

  async forget(runId: string, flow: FlowVersion): Promise<void> {
    await this.#link.script("place", this.#keys.index(flow), [runId, "gone", NEVER]);
  }

  /** Places it, and looks again after that: where the run has changed meanwhile, the index must not say that it is due later. */
  async settle(run: RunRecord): Promise<void> {
    for (let placed: RunRecord | undefined = run; placed !== undefined; ) {
      await this.place(placed);
      const now: RunRecord | undefined = await this.#read(placed.id);
      const changed: boolean =
        now?.dueAt !== placed.dueAt || now?.token !== placed.token || now?.status !== placed.status;
      placed = changed ? now : undefined;
    }
  }

  /** @returns whether it is due at some time, and nobody has it */
  async settleId(runId: string): Promise<boolean> {
    const run = await this.#read(runId);
    if (run === undefined) return false;
    await this.settle(run);
    return run.owner === undefined && run.dueAt !== undefined;
  }

  #read(runId: string): Promise<RunRecord | undefined> {
    return readRun(this.#link, this.#keys, runId);
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
}
