/** One run of a workflow in this process: the interpreter, with who hears of it, how it is seen, and where it is kept. */
import { AsyncResource } from "node:async_hooks";
import type { Status } from "../attributes.ts";
import { diagnose, diagnoseInternal } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import { INERT_STEP } from "../inert.ts";
import { abortError, moved, type Random, type Resumed, type RunClock, RunEnded } from "../run/index.ts";
import type { LabelValue } from "../types.ts";
import { Audience } from "./audience.ts";
import { RunLeft } from "./errors/run-left.ts";
import type { Message, Messages, MessagesOptions, Snapshot, WorkflowRun } from "./handle.ts";
import type { Ending, Host, Saved } from "./host.ts";
import { Machine } from "./machine.ts";
import type { Node } from "./part.ts";
import type { Program } from "./program.ts";
import { type RecentEnd, RecentEnds, sayEndsAgain } from "./recent-ends.ts";
import type { Opened, Unit } from "./seen.ts";
import type { SignalFn } from "./signalled.ts";
import type { State } from "./state.ts";
import { TreeSeen } from "./tree-seen.ts";

export interface RunFacts {
  readonly id: string;
  readonly tenant: string;
  readonly labels: Record<string, LabelValue> | undefined;
  readonly tag: unknown;
  readonly program: Program;
  readonly clock: RunClock;
  readonly random: Random;
}

/** Where a run is kept, and how it came to be here. */
export interface Stay {
  readonly keeping: StayKeeping;
  readonly saved: Saved | undefined;
  readonly resumed: Resumed | undefined;
  /** What the process before did last, and may not have sent. */
  readonly unsent: readonly RecentEnd[];
}

/** What a run asks of what keeps it. */
export interface StayKeeping {
  readonly kept: number;
  keep(then?: () => void): void;
  saved(): Promise<void>;
  end(ending: Ending, state: unknown): Promise<void>;
  /** Gives it back. */
  leave(): Promise<void>;
}

/** The run that the journal has under this id has ended. */
export interface EndedBefore {
  readonly ended: Ending;
  readonly state: object;
}

export class TreeRun implements WorkflowRun<State>, Host {
  readonly #facts: RunFacts;
  /** Where the run was started; a snapshot of AsyncLocalStorage would take four times the room. */
  readonly #place = new AsyncResource("weir.workflow", { requireManualDestroy: true });
  #machine: Machine;
  #seen: TreeSeen | undefined;
  #audience: Audience | undefined;
  #ending: Ending | undefined;
  #pauseReason: string | undefined;
  /** Until it is known whether the journal has it, what is asked of it waits. */
  #opening: Promise<void> | undefined;
  /** Aborted when nobody wants to wait any more for a run that another process has. */
  #notWanted: AbortController | undefined;
  #keeping: StayKeeping | undefined;
  #released = false;
  /** Of a run in a journal. */
  #recent: RecentEnds | undefined;

  constructor(facts: RunFacts, state: State) {
    this.#facts = facts;
    this.#machine = new Machine(this, facts.program.node, state);
  }

  // How it begins.

  begin(): void {
    this.#see(undefined);
    this.#machine.start();
  }

  /** @param open finds where it is kept, or how it ended; the signal ends the wait for another process' lease */
  beginKept(open: (signal: AbortSignal) => Promise<Stay | EndedBefore>): void {
    this.#notWanted = new AbortController();
    this.#opening = this.#open(open, this.#notWanted.signal).finally(() => {
      this.#opening = undefined;
    });
  }

  async #open(
    open: (signal: AbortSignal) => Promise<Stay | EndedBefore>,
    notWanted: AbortSignal,
  ): Promise<void> {
    try {
      const found = await open(notWanted);
      if ("ended" in found) this.#endedBefore(found);
      else this.#stay(found);
    } catch (error) {
      this.#machine.release(error);
      this.#finish({ status: error instanceof RunLeft ? "cancelled" : "failed", error });
    }
  }

  get shape(): string {
    return this.#facts.program.shape;
  }

  recentEnds(): readonly RecentEnd[] {
    return this.#recent?.list() ?? [];
  }

  get machine(): Machine {
    return this.#machine;
  }

  #stay({ keeping, saved, resumed, unsent }: Stay): void {
    if (saved !== undefined) this.#machine = new Machine(this, this.#facts.program.node, saved.state, saved);
    this.#keeping = keeping;
    this.#recent = new RecentEnds(() => this.clock.now());
    this.#there(() => this.#see(resumed));
    this.inside(() => sayEndsAgain(unsent));
    if (this.#machine.isPaused) this.#sayPaused();
    if (saved !== undefined) this.changed();
    this.#machine.start();
  }

  #endedBefore({ ended, state }: EndedBefore): void {
    this.#machine = new Machine(this, this.#facts.program.node, state);
    this.#machine.release(undefined);
    this.#finish(ended);
  }

  // What it is.

  get id(): string {
    return this.#facts.id;
  }

  get tenant(): string {
    return this.#facts.tenant;
  }

  get workflow(): string {
    return this.#facts.program.name;
  }

  get tag(): unknown {
    return this.#facts.tag;
  }

  get clock(): RunClock {
    return this.#facts.clock;
  }

  get random(): Random {
    return this.#facts.random;
  }

  get state(): State {
    return this.#machine.state;
  }

  get status(): Status {
    if (this.#ending !== undefined) return this.#ending.status;
    return this.#machine.isPaused ? "paused" : "running";
  }

  get done(): Promise<State> {
    this.#audience ??= new Audience();
    return this.#audience.done(this.#ending && { ending: this.#ending, state: this.state });
  }

  snapshot(): Snapshot<State> {
    const { id, workflow, tenant, status, state, tag } = this;
    const ending = this.#ending;
    const { node, path } = ending?.place ?? this.#machine.place ?? { node: "0", path: [] };
    const reason = ending === undefined ? this.#pauseReason : ending.reason;
    return {
      id,
      workflow,
      tenant,
      status,
      state,
      node,
      path,
      tag,
      ...(reason !== undefined && { reason }),
      ...(ending !== undefined && "error" in ending && { error: ending.error }),
    };
  }

  // What one may ask of it.

  signal(fn: (state: State) => State): void {
    if (typeof fn !== "function")
      throw new TypeError(
        `signal: expected a function of the state, got ${fn === null ? "null" : typeof fn}`,
      );
    this.#signal("signal", fn);
  }

  send(name: string, payload?: unknown): void {
    this.#signal(`signal ${name}`, this.#facts.program.signal(name, payload));
  }

  #signal(event: string, fn: SignalFn): void {
    this.#checkRuns("signals");
    this.#afterOpening(() => {
      this.#seen?.event(event);
      this.#machine.signal(fn);
    });
  }

  pause(reason?: string): void {
    this.#afterOpening(() => {
      if (this.status === "paused") return;
      moved(this.id, this.status, "paused");
      this.#pauseReason = reason;
      this.#machine.pause();
      this.#sayPaused();
      this.changed();
    });
  }

  resume(): void {
    this.#afterOpening(() => {
      if (this.status === "running") return;
      moved(this.id, this.status, "running");
      this.#pauseReason = undefined;
      this.#there(() => this.#see(undefined));
      this.#machine.resume();
      this.changed();
    });
  }

  cancel(reason = "cancelled"): Promise<void> {
    return this.#ends(reason, () => {
      if (this.#machine.isPaused) this.resume();
      this.#machine.cancel(abortError(reason));
    });
  }

  stop(reason = "stopped"): Promise<void> {
    return this.#ends(reason, () => this.#machine.stop(reason));
  }

  async saved(): Promise<void> {
    await this.#opening;
    await this.#keeping?.saved();
    if (this.#machine.isOver) await this.#end();
  }

  async release(): Promise<void> {
    await this.#opened("it was given back");
    if (this.#ending !== undefined) return;
    if (this.#keeping === undefined) return await this.stop();
    await this.#keeping.leave();
    this.lost("it was given back to its journal");
  }

  /** Another process has it, or will. */
  lost(reason: string): void {
    if (this.#ending !== undefined || this.#released) return;
    this.#released = true;
    const error = new RunLeft(this.id, reason);
    this.#machine.release(error);
    this.#seen?.leave();
    this.#seen = undefined;
    this.#keeping = undefined;
    this.#finish({ status: "cancelled", error, reason });
  }

  messages({ limit }: MessagesOptions = {}): Messages<State> {
    if (this.#ending === undefined) {
      this.#audience ??= new Audience();
      return this.#audience.subscribe(limit, { type: "state", ...this.snapshot() });
    }
    return new Audience().subscribe(limit, this.#last());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  // What the machine asks.

  get keeper(): StayKeeping | undefined {
    return this.#keeping;
  }

  /** Calls a function where the run was started. */
  #there<T>(fn: () => T): T {
    return this.#place.runInAsyncScope(fn);
  }

  inside<T>(fn: () => T): T {
    return this.#there(() => (this.#seen === undefined ? fn() : this.#seen.run(fn)));
  }

  open(node: Node, unit: Unit): Opened {
    if (this.#seen === undefined) return INERT_STEP;
    const opened = this.#seen.open(node, unit);
    return this.#recent?.noting(opened.unit, opened.step) ?? opened.step;
  }

  nodeAt(id: string): Node {
    return this.#facts.program.nodeAt(id);
  }

  changed(): void {
    this.#audience?.tell(() => ({ type: "state", ...this.snapshot() }));
  }

  ended(ending: Ending): void {
    const keeping = this.#keeping;
    if (keeping === undefined) this.#finish(ending);
    // Kept before told.
    else
      keeping.end(ending, this.state).then(
        () => this.#finish(ending),
        (error: unknown) => this.#finish({ ...ending, status: "failed", error }),
      );
  }

  #finish(ending: Ending): void {
    this.#ending = ending;
    this.#seen?.ended(ending);
    this.#seen = undefined;
    const heard = this.#audience?.end(this.#last(), { ending, state: this.state }) ?? false;
    if (!heard && ending.status === "failed") this.#sayUnheard(ending);
  }

  #last(): Message<State> {
    return {
      type: this.#ending !== undefined && "error" in this.#ending ? "error" : "done",
      ...this.snapshot(),
    };
  }

  /** Nobody asked how it ends: that it failed must be said somewhere. */
  #sayUnheard({ error, place }: Ending): void {
    const { type, message } = describeError(error);
    const where = place === undefined || place.path.length === 0 ? "" : ` at ${place.path.join(" > ")}`;
    diagnose(
      "workflow-failed",
      `run ${this.id} of ${this.workflow} failed${where}: ${type}: ${message}`,
      this.workflow,
    );
  }

  #see(resumed: Resumed | undefined): void {
    this.#seen = TreeSeen.open(this.#facts, resumed);
  }

  #sayPaused(): void {
    this.#seen?.paused(this.#pauseReason);
  }

  #afterOpening(fn: () => void): void {
    if (this.#opening === undefined) fn();
    else
      this.#opening
        .then(() => (this.#machine.isOver ? undefined : fn()))
        .catch((error: unknown) =>
          diagnoseInternal(`what was asked of run ${this.id} before it began`, error),
        );
  }

  #checkRuns(wanted: string): void {
    if (this.#ending !== undefined || this.#machine.isOver) throw new RunEnded(this.id, wanted);
  }

  /** At once, unless it is not known yet what the journal has. Resolves when it has ended. */
  async #ends(reason: string, fn: () => void): Promise<void> {
    if (this.#opening !== undefined) await this.#opened(reason);
    if (this.#ending !== undefined) return;
    fn();
    await this.#end();
  }

  /** @param reason why nobody waits any more for a run that another process has */
  async #opened(reason: string): Promise<void> {
    this.#notWanted?.abort(new RunLeft(this.id, reason));
    await this.#opening;
  }

  #end(): Promise<void> {
    if (this.#ending !== undefined) return Promise.resolve();
    this.#audience ??= new Audience();
    return this.#audience.ended();
  }
}
