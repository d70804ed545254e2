/**
 * The interpreter: one run on its way through the tree. It stands in a chain of frames, from the root down to the part that it
 * is at, and goes from part to part in a loop: no part calls another, so no tree is too deep and no `repeat` too long.
 *
 * A signal changes the state at once, wherever the run stands. What work returns as a new state was made from the one that it
 * began with, so signals that came meanwhile are put on top of it, in their order: no change is lost.
 */
import { diagnose } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import { endingOf, type Random, type RunClock } from "../run/index.ts";
import type { Ending, Host, Saved } from "./host.ts";
import { type Place, placeOf } from "./node.ts";
import { AGAIN, BLOCKED, type Course, DONE, type Frame, type Node, type Undo } from "./part.ts";
import { type Advancing, scheduler } from "./scheduler.ts";
import type { Opened, Unit } from "./seen.ts";
import { checkRoom, type SignalFn, Signalled } from "./signalled.ts";
import { checkState, lookup, replaced, type State } from "./state.ts";
import { Timer } from "./timer.ts";
import { WorkContext } from "./work.ts";

/** Steps between two looks at the clock. */
const LOOK_EVERY = 8;

export class Machine implements Course, Advancing {
  readonly #host: Host;
  readonly #held: Signalled;
  #frame: Frame | undefined;
  /** It stands at a part that does not wait. */
  #ready = true;
  /** A function of the user's is being called. */
  #busy = false;
  #paused = false;
  #over = false;
  /** It goes to its end: what is left is to undo. */
  #ending: Ending | undefined;
  #undo: Undo | undefined;
  #units = 0;
  /** Steps taken; what is kept is told by it. */
  #moves = 1;
  #work: WorkContext | undefined;
  /** The steps of the part at hand. */
  #opened: Opened | Set<Opened> | undefined;
  /** Signals that came while a function of the user's was being called. */
  #mail: SignalFn[] | undefined;
  /** Made when first wanted: most runs wait without. */
  #timer: Timer | undefined;
  #pausedAt = 0;
  #rest: number | undefined;

  constructor(host: Host, root: Node, state: State, saved?: Saved) {
    this.#host = host;
    this.#held = new Signalled(state);
    if (saved === undefined) this.#frame = { node: root, up: undefined, at: 0, data: undefined };
    else this.#restore(saved);
  }

  get state(): State {
    return this.#held.state;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  get isOver(): boolean {
    return this.#over;
  }

  get moves(): number {
    return this.#moves;
  }

  get clock(): RunClock {
    return this.#host.clock;
  }

  get random(): Random {
    return this.#host.random;
  }

  get undo(): Undo | undefined {
    return this.#undo;
  }

  get place(): Place | undefined {
    return this.#frame && placeOf(this.#frame);
  }

  // Turns.

  start(): void {
    scheduler.add(this);
  }

  advance(until: number): boolean {
    if (!this.#mayGoOn()) return false;
    return this.#host.inside(() => this.#goOn(until));
  }

  #mayGoOn(): boolean {
    return this.#ready && !this.#paused && !this.#over && !this.#busy;
  }

  #goOn(until: number): boolean {
    for (let steps = 1; this.#mayGoOn(); steps += 1) {
      const frame = this.#frame;
      if (frame === undefined) {
        if (!this.#undoNext()) this.#finish();
      } else if (this.#mustKeep(frame)) {
        this.#ready = false;
        this.#host.keeper?.keep(() => this.wake(frame));
      } else this.#step(frame);
      if (steps % LOOK_EVERY === 0 && performance.now() >= until) return this.#mayGoOn();
    }
    if (!this.#over && this.#host.keeper !== undefined) this.#host.keeper.keep();
    return false;
  }

  #step(frame: Frame): void {
    this.#moves += 1;
    // Whoever wakes it from within the part means it.
    this.#ready = false;
    this.#busy = true;
    let verdict = BLOCKED;
    let thrown: { readonly error: unknown } | undefined;
    try {
      verdict = frame.node.part.step(this, frame);
    } catch (error) {
      thrown = { error };
    }
    this.#busy = false;
    if (this.#over || this.#frame !== frame) return;
    if (thrown !== undefined) this.#failed(thrown.error);
    else if (verdict === DONE) this.#enter(frame.up);
    else if (verdict === AGAIN) this.#ready = true;
    else if (verdict >= 0) {
      const node = frame.node.children[verdict] as Node;
      this.#enter({ node, up: frame, at: 0, data: undefined });
    }
    if (this.#mail !== undefined) this.#readMail();
  }

  #enter(frame: Frame | undefined): void {
    this.#frame = frame;
    this.#ready = true;
  }

  #mustKeep(frame: Frame): boolean {
    const { keeper } = this.#host;
    return keeper !== undefined && keeper.kept < this.#moves && frame.node.part.works(frame);
  }

  // Signals.

  /** @throws {SignalsUnheard} too many have come while one piece of work is under way */
  signal(fn: SignalFn): void {
    if (this.#busy || (this.#ready && !this.#paused && scheduler.isAdvancing)) {
      this.#mail ??= [];
      checkRoom(this.#host.id, this.#mail);
      this.#mail.push(fn);
      return;
    }
    this.#held.checkRoom(this.#host.id);
    // It comes after what the run has to do before it waits.
    if (this.#mayGoOn()) scheduler.advance(this);
    if (this.#over) return;
    this.#apply(fn);
    if (this.#mayGoOn()) scheduler.advance(this);
    else if (this.#host.keeper !== undefined && !this.#over) this.#host.keeper.keep();
  }

  #readMail(): void {
    const mail = this.#mail ?? [];
    this.#mail = undefined;
    for (const fn of mail) if (!this.#over) this.#apply(fn);
  }

  #apply(fn: SignalFn): void {
    const frame = this.#frame;
    try {
      this.#busy = true;
      const next = this.#held.signalled(fn);
      const changed = next !== this.state;
      if (changed) this.#put(next);
      if (frame !== undefined && this.#ending === undefined) frame.node.part.changed?.(this, frame, changed);
      this.#busy = false;
    } catch (error) {
      this.#busy = false;
      if (!this.#over) this.#failed(error);
    }
    if (this.#mail !== undefined) this.#readMail();
  }

  // The state.

  read(frame: Frame): unknown {
    return lookup(this.state, frame.node.focus);
  }

  write(frame: Frame, next: unknown, what: string): void {
    const { focus } = frame.node;
    if (focus.length > 0) checkState(next, what);
    const whole = checkState(focus.length === 0 ? next : replaced(this.state, focus, next), what);
    if (whole !== this.state) this.#put(whole);
  }

  begin(): void {
    this.#held.begin();
  }

  commit(frame: Frame, next: unknown, what: string): void {
    const state = this.#held.committed(frame.node.focus, next, what);
    if (state !== this.state) this.#put(state);
  }

  settle(): void {
    this.#held.settle();
  }

  #put(state: State): void {
    // Stopped by the very function that made it.
    if (this.#over) return;
    this.#held.state = state;
    this.#host.changed();
  }

  // Time.

  arm(ms: number, ring: () => void): void {
    this.#timer ??= new Timer(this.clock);
    this.#timer.arm(ms, ring, this.#paused);
  }

  disarm(): void {
    this.#timer?.disarm();
  }

  takeRest(): number | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    return rest;
  }

  now(): number {
    return this.#paused ? this.#pausedAt : this.clock.now();
  }

  wake(frame: Frame): void {
    if (this.#frame !== frame || this.#over || this.#ready) return;
    this.#ready = true;
    if (!this.#busy && !this.#paused) scheduler.add(this);
  }

  /** @returns whether it was not paused before */
  pause(): boolean {
    if (this.#paused) return false;
    this.#paused = true;
    this.#pausedAt = this.clock.now();
    this.#timer?.pause();
    this.#host.keeper?.keep();
    return true;
  }

  /** @returns whether it was paused */
  resume(): boolean {
    if (!this.#paused) return false;
    this.#paused = false;
    const frame = this.#frame;
    frame?.node.part.shift?.(frame, this.clock.now() - this.#pausedAt);
    this.#timer?.resume();
    this.#host.keeper?.keep();
    if (this.#ready) scheduler.add(this);
    return true;
  }

  // Work.

  work(_frame: Frame, attempt: number): WorkContext {
    this.#work = new WorkContext(attempt, this.#host.id, this.#host.tenant);
    return this.#work;
  }

  nextUnit(): number {
    this.#units += 1;
    return this.#units;
  }

  open(frame: Frame, unit: Unit): Opened {
    const opened = this.#host.open(frame.node, unit);
    this.#opened = opened;
    return opened;
  }

  openBeside(frame: Frame, unit: Unit): Opened {
    const opened = this.#host.open(frame.node, unit);
    if (!(this.#opened instanceof Set)) this.#opened = new Set();
    this.#opened.add(opened);
    return opened;
  }

  close(opened: Opened): void {
    if (this.#opened instanceof Set) this.#opened.delete(opened);
  }

  dropOpen(reason: string | undefined): void {
    const all = this.#opened;
    this.#opened = undefined;
    if (all instanceof Set) for (const opened of all) opened.cancel(reason);
    else all?.cancel(reason);
  }

  /** From outside the tree: what it stands at is cut short. */
  failWith(error: unknown): void {
    if (this.#over) return;
    this.#failed(error);
    if (!this.#busy) this.#paused ? this.resume() : scheduler.add(this);
  }

  forget(undo: Undo | undefined): void {
    if (this.#ending === undefined) this.#undo = undo;
  }

  undoWith(node: Node): void {
    this.#undo = { node, before: this.#undo };
  }

  // Ends.

  /** Ends it as it is. Work that is under way is told, and not waited for. */
  stop(reason: string): void {
    if (this.#over) return;
    const { place } = this;
    this.#leave(new DOMException(reason, "AbortError"));
    this.#undo = undefined;
    this.#ending = { status: "cancelled", reason, stopped: true, place };
    this.#finish();
  }

  /** Undoes what it did, and ends it. */
  cancel(error: unknown): void {
    if (this.#over || this.#ending !== undefined) return;
    const { place } = this;
    this.#leave(error);
    this.#ending = { status: "cancelled", error, reason: describeError(error).message, place };
    this.#enter(undefined);
    if (this.#paused) this.resume();
    else if (!this.#busy) scheduler.add(this);
  }

  /** Another process has it, or will: nothing more is done here. */
  release(reason: unknown): void {
    this.#leave(reason);
    this.#over = true;
  }

  #failed(error: unknown): void {
    const { place } = this;
    if (this.#ending !== undefined) {
      this.#leave(error);
      this.#unundone(error, place);
      this.#enter(undefined);
      return;
    }
    const status = endingOf(error);
    const reason = status === "cancelled" ? describeError(error).message : undefined;
    this.#leave(error);
    this.#ending = { status, error, reason, place };
    this.#enter(undefined);
  }

  /** What could not be undone is said, and the rest is undone all the same. */
  #unundone(error: unknown, place: Place | undefined): void {
    const { type, message } = describeError(error);
    const where = place?.path.join(" > ");
    diagnose("workflow-undo", `run ${this.#host.id}: ${where} could not be undone: ${type}: ${message}`);
  }

  /** Lets go of what the part at hand holds. */
  #leave(reason: unknown): void {
    this.disarm();
    this.settle();
    this.#rest = undefined;
    this.#work?.abort(reason);
    this.#work = undefined;
    this.dropOpen(reason instanceof Error ? reason.message : undefined);
    this.#frame = undefined;
    this.#ready = false;
  }

  /** @returns whether there was something to undo */
  #undoNext(): boolean {
    const undo = this.#undo;
    if (undo === undefined || this.#ending === undefined) return false;
    this.#undo = undo.before;
    this.#enter({ node: undo.node, up: undefined, at: 0, data: undefined });
    return true;
  }

  #finish(): void {
    this.#over = true;
    this.#ready = false;
    this.#host.ended(this.#ending ?? { status: "succeeded" });
  }

  // For a journal.

  save(): Saved {
    const frames: [string, number, unknown][] = [];
    for (let frame = this.#frame; frame !== undefined; frame = frame.up)
      frames.unshift([frame.node.id, frame.at, frame.node.part.save?.(this, frame)]);
    const undo: string[] = [];
    for (let each = this.#undo; each !== undefined; each = each.before) undo.push(each.node.id);
    return {
      state: this.state,
      frames,
      units: this.#units,
      undo,
      ending: this.#ending,
      paused: this.#paused,
      rest: this.#timer?.rest(this.#paused) ?? this.#rest,
    };
  }

  #restore(saved: Saved): void {
    this.#units = saved.units;
    this.#ending = saved.ending;
    this.#paused = saved.paused;
    this.#pausedAt = this.clock.now();
    for (const id of saved.undo.toReversed()) this.undoWith(this.#host.nodeAt(id));
    for (const [id, at, data] of saved.frames) {
      const node = this.#host.nodeAt(id);
      this.#frame = { node, up: this.#frame, at, data };
    }
    this.#rest = saved.rest;
    for (let frame = this.#frame; frame !== undefined; frame = frame.up)
      frame.node.part.restore?.(this, frame);
  }
}
