/**
 * A run in a journal: where it stands and with what state, in one entry that is written again whenever it waits and before it
 * does anything outside. What the run did since is done again by whoever goes on with it.
 */
import {
  type Codec,
  childPath,
  type Journal,
  type Leased,
  NotEncodable,
  ROOT,
  surely,
  ValueTooLarge,
} from "../run/index.ts";
import type { Ending, Saved } from "./host.ts";
import type { Machine } from "./machine.ts";
import type { RecentEnd } from "./recent-ends.ts";
import type { StayKeeping } from "./tree-run.ts";

const PLACE = childPath(ROOT, "tree", 1, "wait");

/** How a run ended, as it is kept. */
export type KeptEnding = Omit<Ending, "status"> & { readonly state: unknown };

/** What is kept: the machine may be another one, once it is known what the journal has. */
export interface HasMachine {
  readonly machine: Machine;
  /** Of its tree. */
  readonly shape: string;
  /** What may not have been sent. */
  recentEnds(): readonly RecentEnd[];
}

export type KeptRun = Saved & { readonly shape: string; readonly ends: readonly RecentEnd[] };

export class Keeping implements StayKeeping {
  readonly #leased: Leased;
  readonly #codec: Codec;
  readonly #of: HasMachine;
  readonly #over: () => void;
  readonly #startedAt: number;
  #kept = 0;
  /** Resolves when what is being written is kept. */
  #writing: Promise<void> | undefined;
  readonly #waiting: (() => void)[] = [];
  #again = false;

  /** @param over called when nothing more is kept */
  constructor(leased: Leased, codec: Codec, of: HasMachine, over: () => void) {
    this.#leased = leased;
    this.#codec = codec;
    this.#of = of;
    this.#over = over;
    this.#startedAt = of.machine.clock.now();
  }

  get #machine(): Machine {
    return this.#of.machine;
  }

  get kept(): number {
    return this.#kept;
  }

  keep(then?: () => void): void {
    if (then !== undefined) this.#waiting.push(then);
    this.#again = true;
    this.#writing ??= this.#write();
  }

  /** Resolves when all that happened so far is kept. */
  async saved(): Promise<void> {
    if (this.#writing === undefined) return;
    await new Promise<void>((resolve) => this.keep(resolve));
  }

  async end(ending: Ending, state: unknown): Promise<void> {
    await this.#writing;
    const { status, ...rest } = ending;
    const value = this.#endingText({ ...rest, state });
    await surely(this.#leased, (journal, lease) => journal.end(lease, { status, value }));
    this.#over();
  }

  async leave(): Promise<void> {
    await this.saved();
    const dueAt = this.#machine.clock.now();
    await surely(this.#leased, (journal, lease) => journal.park(lease, { dueAt }));
    this.#over();
  }

  async #write(): Promise<void> {
    // The caller has something to do first, such as the next signal of a burst.
    await Promise.resolve();
    while (this.#again && !this.#machine.isOver) {
      this.#again = false;
      const waiting = this.#waiting.splice(0);
      await this.#writeOnce();
      for (const each of waiting) each();
    }
    this.#writing = undefined;
    // Whoever waits while the run ends is answered by its end.
    for (const each of this.#waiting.splice(0)) each();
  }

  async #writeOnce(): Promise<void> {
    const { moves } = this.#machine;
    try {
      const { shape } = this.#of;
      const kept: KeptRun = { shape, ends: this.#of.recentEnds(), ...this.#machine.save() };
      const value = this.#codec.encode(kept, `state of run ${this.#leased.lease.runId}`);
      const startedAt = this.#startedAt;
      const entry = { path: PLACE, attempt: 1, kind: "wait", name: "tree", status: "waiting" } as const;
      await surely(this.#leased, (journal, lease) => journal.write(lease, { ...entry, value, startedAt }));
      this.#kept = moves;
    } catch (error) {
      // What can't be kept ends the run: it must not go on as if it were.
      this.#machine.failWith(error);
    }
  }

  #endingText(ending: KeptEnding): string {
    const what = `end of run ${this.#leased.lease.runId}`;
    try {
      return this.#codec.encode(ending, what);
    } catch (error) {
      if (!(error instanceof NotEncodable || error instanceof ValueTooLarge)) throw error;
      return this.#codec.encode({ ...ending, state: undefined }, what);
    }
  }
}

/** Where a run stood; `undefined` where nothing was kept yet. */
export async function savedOf(journal: Journal, codec: Codec, runId: string): Promise<KeptRun | undefined> {
  const entries = await journal.entries(runId);
  const value = entries.find(({ path }) => path === PLACE)?.value;
  return value === undefined ? undefined : (codec.decode(value, `state of run ${runId}`) as KeptRun);
}
