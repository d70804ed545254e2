/**
 * Replaces and releases values that others were made from.
 *
 * A change waits until all that was made from its cell is at rest, marks what it will touch, runs the cleanups of
 * dependents first, and lets the marked ones be made anew, each when what it needs is there. Nobody holds a mark while
 * waiting for another change, so changes can't block each other; those of one cell go one after the other.
 */
import type { Cell, Pending, Use } from "./cell.ts";
import { ScopeDisposed } from "./errors/scope-disposed.ts";
import type { InFlight } from "./in-flight.ts";
import type { Maker } from "./maker.ts";
import { dependentsFirst, HARD_USE, madeFrom } from "./order.ts";
import { Task } from "./task.ts";

const REACTIVE: readonly Use[] = ["reactive"];

export class Changes {
  readonly #maker: Maker;
  readonly #inFlight: InFlight;
  readonly #updated: (cell: Cell) => void;

  /** @param updated told of each value that took an older one's place, dependents last */
  constructor(maker: Maker, inFlight: InFlight, updated: (cell: Cell) => void) {
    this.#maker = maker;
    this.#inFlight = inFlight;
    this.#updated = updated;
  }

  /** @param next the value, or a function of the current one */
  update(cell: Cell, next: unknown): Promise<unknown> {
    return this.#inTurn(cell, `update of "${cell.name}"`, async (task) => {
      for (;;) {
        while (!cell.isReady) await this.#maker.wanted(cell, task);
        const { version, value: current } = cell;
        const value = await (typeof next === "function" ? task.run(() => next(current)) : next);
        await this.#rest(cell, REACTIVE, task);
        // Another change came between: the function has seen a value that is gone.
        if (!cell.isReady || cell.version !== version || busy(cell, REACTIVE).length > 0) continue;
        await this.#replace(cell, task, { value });
        return value;
      }
    });
  }

  reload(cell: Cell): Promise<unknown> {
    return this.#inTurn(cell, `reload of "${cell.name}"`, async (task) => {
      if (cell.hasValue || cell.pending !== undefined) {
        do {
          while (!cell.isReady) await this.#maker.wanted(cell, task);
          await this.#rest(cell, REACTIVE, task);
        } while (!cell.isReady || busy(cell, REACTIVE).length > 0);
        await this.#replace(cell, task, undefined);
      }
      while (!cell.isReady) await this.#maker.wanted(cell, task);
      return cell.value;
    });
  }

  release(cell: Cell): Promise<void> {
    return this.#inTurn(cell, `release of "${cell.name}"`, async (task) => {
      do await this.#rest(cell, HARD_USE, task);
      while (busy(cell, HARD_USE).length > 0);
      if (!cell.hasValue) return;
      const errors = await this.close([cell, ...madeFrom(cell, HARD_USE)], task);
      if (errors.length > 0)
        throw new AggregateError(errors, `release of "${cell.name}": ${wentWrong(errors)}`);
    });
  }

  /** Takes the values away and runs their cleanups, dependents first. @returns what the cleanups threw */
  async close(cells: readonly Cell[], task: Task): Promise<unknown[]> {
    const closed = Promise.withResolvers<void>();
    const order = dependentsFirst(cells);
    for (const cell of cells) {
      cell.forget();
      cell.closing = { task, promise: closed.promise };
    }
    const errors = await this.#cleanUp(order, task);
    for (const cell of cells) {
      cell.useNothing();
      cell.closing = undefined;
    }
    closed.resolve();
    return errors;
  }

  /** Gives the cell `fresh` or has its value made anew, and then those of all that follow it. */
  async #replace(cell: Cell, task: Task, fresh: { value: unknown } | undefined): Promise<void> {
    const followers = [...madeFrom(cell, REACTIVE)];
    const order = dependentsFirst([cell, ...followers]);
    const cleaned = Promise.withResolvers<void>();
    const whenCleaned = (pending: Pending) => pending.task.waitFor(task, cleaned.promise);
    const own = fresh === undefined ? this.#maker.makeAfter(cell, whenCleaned) : cell.begin();
    const waiting = fresh === undefined ? undefined : whenCleaned(own);
    const pending = [own, ...followers.map((follower) => this.#maker.makeAfter(follower, whenCleaned))];
    const errors = await this.#cleanUp(order, task);
    if (fresh !== undefined) cell.publish(fresh.value, undefined);
    cleaned.resolve();
    await waiting;
    const made = await Promise.allSettled(pending.map((one) => task.waitFor(one.task, one.promise)));
    for (const one of order.toReversed()) if (one.isReady) this.#updated(one);
    const [first] = made;
    if (first?.status === "rejected") throw first.reason;
    // A follower fails with the error of what it follows: said once.
    const failed = new Set(made.flatMap((one) => (one.status === "rejected" ? [one.reason] : [])));
    const all = [...errors, ...failed];
    if (all.length > 0) {
      throw new AggregateError(all, `${task.name}: the new value is there, but ${wentWrong(all)}`);
    }
  }

  async #cleanUp(order: readonly Cell[], task: Task): Promise<unknown[]> {
    const errors: unknown[] = [];
    for (const cell of order) errors.push(...(await this.#maker.cleanUp(cell, task)));
    return errors;
  }

  /** Waits for what is being made or closed of the cell and of all that was made from it, whatever comes of it. */
  async #rest(cell: Cell, uses: readonly Use[], task: Task): Promise<void> {
    for (let found = busy(cell, uses); found.length > 0; found = busy(cell, uses)) {
      await Promise.all(
        found.flatMap(({ pending, closing }) => [
          ...(pending === undefined ? [] : [task.waitFor(pending.task, settled(pending.promise))]),
          ...(closing === undefined ? [] : [task.waitFor(closing.task, closing.promise)]),
        ]),
      );
    }
  }

  /** Runs `work` when the changes of this cell that were asked for earlier are through. */
  async #inTurn<T>(cell: Cell, name: string, work: (task: Task) => Promise<T>): Promise<T> {
    if (this.#maker.isShut) throw new ScopeDisposed(name);
    const task = new Task(name);
    const asker = Task.current();
    const done = this.#after(cell.lastChange, task, work);
    const change = { task, settled: settled(done) };
    cell.lastChange = change;
    this.#inFlight.add({ name, done, cancel() {} });
    return await (asker === undefined ? done : asker.waitFor(task, done));
  }

  async #after<T>(earlier: Cell["lastChange"], task: Task, work: (task: Task) => Promise<T>): Promise<T> {
    try {
      // A turn later, when whoever asked is known to wait.
      await undefined;
      if (earlier !== undefined) await task.waitFor(earlier.task, earlier.settled);
      return await work(task);
    } finally {
      task.end();
    }
  }
}

function busy(cell: Cell, uses: readonly Use[]): Cell[] {
  return [cell, ...madeFrom(cell, uses)].filter(
    (one) => one.pending !== undefined || one.closing !== undefined,
  );
}

function wentWrong(errors: readonly unknown[]): string {
  return `${errors.length === 1 ? "one thing" : `${errors.length} things`} went wrong on the way; the rest was done`;
}

function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => {},
    () => {},
  );
}
