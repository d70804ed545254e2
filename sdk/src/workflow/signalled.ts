/**
 * A state that signals change while work makes a new one of it: what work returns was made from the state that it began with, so
 * the signals since are put on top of that, in their order.
 */
import { SignalsUnheard } from "./errors/signals-unheard.ts";
import { checkState, replaced, type State } from "./state.ts";

/** Pure: it may be applied again. */
export type SignalFn = (state: never) => unknown;

/** Signals that can come while one piece of work is under way: they are applied again when it ends. */
const MAX_SIGNALS = 10_000;

/** @throws {SignalsUnheard} too many have come while one piece of work is under way */
export function checkRoom(runId: string, signals: readonly SignalFn[] | undefined): void {
  if (signals !== undefined && signals.length >= MAX_SIGNALS) throw new SignalsUnheard(runId, MAX_SIGNALS);
}

export class Signalled {
  state: State;
  /** Since the work began. */
  #since: SignalFn[] | undefined;
  #base: State | undefined;

  constructor(state: State) {
    this.state = state;
  }

  /** @throws {SignalsUnheard} */
  checkRoom(runId: string): void {
    checkRoom(runId, this.#since);
  }

  /** What a signal makes of the state; remembered while work is under way. @throws what it throws; {TypeError} it gives no state */
  signalled(fn: SignalFn): State {
    const next = checkState(fn(this.state as never), "signal");
    this.#since?.push(fn);
    return next;
  }

  /** Work begins with the state as it is. */
  begin(): void {
    this.#since = [];
    this.#base = this.state;
  }

  /** The state with what the work made under these keys, and the signals since on top of it. */
  committed(focus: readonly string[], next: unknown, what: string): State {
    checkState(next, what);
    let state = focus.length === 0 ? (next as State) : replaced(this.#base as State, focus, next);
    const signals = this.#since ?? [];
    this.settle();
    for (const fn of signals) state = checkState(fn(state as never), "signal");
    return state;
  }

  /** No work is under way. */
  settle(): void {
    this.#since = undefined;
    this.#base = undefined;
  }
}
