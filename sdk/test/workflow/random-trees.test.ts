// Random trees and random signals against a model: a recursive interpreter over a list of signals, which has no promises, no
// timers and no frames.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TestClock } from "../../src/testing.ts";
import {
  debounce,
  each,
  error,
  ok,
  parallel,
  repeat,
  retry,
  run,
  type Step,
  sequence,
  setState,
  wait,
  waitUntil,
  when,
  workflow,
} from "../../src/workflow/index.ts";
import { hear, settled } from "./hearing.ts";

interface State {
  /** Told apart by the order of what was done to it. */
  n: number;
  /** How many signals came. */
  signals: number;
  list: number[];
}

type Attempt = { ms: number; does: "ok" | "update" | "retry" | "error" };

type Tree =
  | { type: "set"; k: number }
  | { type: "wait"; ms: number }
  | { type: "until"; signals: number }
  | { type: "debounce"; ms: number }
  | { type: "run"; attempts: Attempt[]; k: number }
  | { type: "each"; ms: number; k: number }
  | { type: "parallel"; ms: number[] }
  | { type: "sequence"; steps: Tree[] }
  | { type: "repeat"; times: number; body: Tree }
  | { type: "when"; odd: boolean; yes: Tree; no: Tree };

const mixed = (n: number, k: number) => (n * 31 + k) % 1_000_003;
const set = (state: State, k: number): State => ({ ...state, n: mixed(state.n, k) });
const signalled = (state: State): State => ({ ...state, n: mixed(state.n, 7), signals: state.signals + 1 });
const DELAY = 20;
const LIST = [3, 5];

function stepOf(tree: Tree, clock: TestClock): Step<State> {
  switch (tree.type) {
    case "set":
      return setState((state: State) => set(state, tree.k));
    case "wait":
      return wait(tree.ms);
    case "until":
      return waitUntil((state: State) => state.signals >= tree.signals);
    case "debounce":
      return debounce(tree.ms);
    case "run":
      return run(
        "work",
        async (state: State, { attempt }) => {
          const { ms, does } = tree.attempts[attempt - 1] as Attempt;
          await clock.sleep(ms);
          if (does === "error") return error("no");
          if (does === "retry") return retry(set(state, tree.k));
          return does === "ok" ? ok(set(state, tree.k)) : ok((now: State) => set(now, tree.k));
        },
        { retries: tree.attempts.length - 1, backoff: "fixed", baseDelay: DELAY },
      );
    case "each":
      return each("list", async (item: number, state: State) => {
        await clock.sleep(tree.ms);
        return ok(set(state, item + tree.k));
      }) as Step<State>;
    case "parallel":
      return sequence(
        parallel(
          tree.ms.map((ms, index) => () => clock.sleep(ms).then(() => index)),
          { collectAs: "list" },
        ) as Step<State>,
        setState((state: State) => ({ ...state, list: LIST })),
      );
    case "sequence":
      return sequence(...tree.steps.map((each) => stepOf(each, clock)));
    case "repeat":
      return repeat(stepOf(tree.body, clock), { times: tree.times });
    case "when":
      return when(
        (state: State) => (state.n % 2 === 1) === tree.odd,
        stepOf(tree.yes, clock),
        stepOf(tree.no, clock),
      );
  }
}

/** The same by recursion. */
class Model {
  state: State;
  readonly states: State[] = [];
  now = 0;
  readonly #signals: number[];

  constructor(state: State, signals: readonly number[]) {
    this.state = state;
    this.#signals = [...signals];
  }

  /** How it ends, once all signals have come. */
  run(tree: Tree): "succeeded" | "failed" | "waits" {
    try {
      this.#do(tree);
      return "succeeded";
    } catch (thrown) {
      return thrown as "failed" | "waits";
    }
  }

  #do(tree: Tree): void {
    switch (tree.type) {
      case "set":
        return void this.#put(set(this.state, tree.k));
      case "wait":
        return void this.#pass(this.now + tree.ms);
      case "until":
        while (this.state.signals < tree.signals) this.#next();
        return;
      case "debounce":
        for (let due = this.now + tree.ms; ; due = this.now + tree.ms) {
          if (this.#first() > due) {
            this.now = due;
            return;
          }
          this.#next();
        }
      case "run":
        return void this.#attempts(tree.attempts, tree.k);
      case "each":
        for (const item of [...this.state.list]) this.#work(tree.ms, (base) => set(base, item + tree.k));
        return;
      case "parallel":
        this.#pass(this.now + Math.max(0, ...tree.ms));
        this.#put({ ...this.state, list: tree.ms.map((_, index) => index) });
        return void this.#put({ ...this.state, list: LIST });
      case "sequence":
        for (const each of tree.steps) this.#do(each);
        return;
      case "repeat":
        for (let round = 0; round < tree.times; round += 1) this.#do(tree.body);
        return;
      case "when":
        return void this.#do((this.state.n % 2 === 1) === tree.odd ? tree.yes : tree.no);
    }
  }

  #attempts(attempts: readonly Attempt[], k: number): void {
    for (const [index, { ms, does }] of attempts.entries()) {
      if (does === "ok") return void this.#work(ms, (base) => set(base, k));
      if (does === "retry") this.#work(ms, (base) => set(base, k));
      else this.#pass(this.now + ms);
      if (does === "update") return void this.#put(set(this.state, k));
      if (index === attempts.length - 1) throw "failed";
      this.#pass(this.now + DELAY);
    }
  }

  /** What it makes of the state that it began with, and on top of it the signals that came meanwhile. */
  #work(ms: number, make: (base: State) => State): void {
    const base = this.state;
    const came = this.#pass(this.now + ms);
    let made = make(base);
    for (let n = 0; n < came; n += 1) made = signalled(made);
    this.#put(made);
  }

  /** @returns how many signals came */
  #pass(until: number): number {
    let came = 0;
    while (this.#first() < until) {
      this.#next();
      came += 1;
    }
    this.now = until;
    return came;
  }

  #first(): number {
    return this.#signals[0] ?? Number.POSITIVE_INFINITY;
  }

  #next(): void {
    const at = this.#signals.shift();
    if (at === undefined) throw "waits";
    this.now = at;
    this.#put(signalled(this.state));
  }

  #put(state: State): void {
    this.state = state;
    this.states.push(state);
  }
}

const ms = fc.integer({ min: 1, max: 60 });
const k = fc.integer({ min: 0, max: 99 });
const attempt = fc.record({
  ms,
  does: fc.constantFrom<Attempt["does"]>("ok", "update", "retry", "error", "ok"),
});

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.record({ type: fc.constant("set" as const), k }),
    fc.record({ type: fc.constant("wait" as const), ms }),
    fc.record({ type: fc.constant("until" as const), signals: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ type: fc.constant("debounce" as const), ms }),
    fc.record({
      type: fc.constant("run" as const),
      k,
      attempts: fc.array(attempt, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ type: fc.constant("each" as const), ms, k }),
    fc.record({ type: fc.constant("parallel" as const), ms: fc.array(ms, { maxLength: 3 }) }),
    fc.record({ type: fc.constant("sequence" as const), steps: fc.array(tie("tree"), { maxLength: 4 }) }),
    fc.record({
      type: fc.constant("repeat" as const),
      times: fc.integer({ min: 0, max: 3 }),
      body: tie("tree"),
    }),
    fc.record({
      type: fc.constant("when" as const),
      odd: fc.boolean(),
      yes: tie("tree"),
      no: tie("tree"),
    }),
  ),
}));

/**
 * Each at a fraction of a millisecond of its own, which all timers that it starts keep: what comes at one time has no order that
 * a user could rely on.
 */
const signals = fc
  .uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 8 })
  .map((times) => times.sort((a, b) => a - b).map((time, index) => time + (index + 1) / 16));

test("random trees do what the model does, whatever signals come when", async () => {
  await fc.assert(
    fc.asyncProperty(
      tree,
      signals,
      fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 3 }),
      async (spec, times, breaks) => {
        const initialState: State = { n: 1, signals: 0, list: LIST };
        const model = new Model(initialState, times);
        const status = model.run(spec);

        const clock = new TestClock(0);
        const started = workflow("random", { initialState }, stepOf(spec, clock)).start({ clock });
        started.done.catch(() => {});
        const heard = hear(started);
        await settled();
        for (const at of times) {
          await clock.advance(at - clock.now());
          if (started.status !== "running") break;
          // A break of no time changes nothing.
          if (breaks.includes(Math.floor(at))) {
            started.pause();
            started.resume();
          }
          started.signal(signalled);
          await settled();
        }
        await clock.advance(100_000);
        await settled();
        expect(started.status).toBe(status === "waits" ? "running" : status);
        expect(started.state).toEqual(model.state);
        const states = heard.messages.filter(({ type }) => type === "state").map(({ state }) => state);
        expect(states.filter((state, index) => index === 0 || state !== states[index - 1])).toEqual([
          initialState,
          ...model.states,
        ]);
        await started.stop();
      },
    ),
    { numRuns: 500 },
  );
});
