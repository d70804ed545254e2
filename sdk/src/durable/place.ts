/**
 * Where in a handler the running code is. What has no key of its own (a sleep, a wait, a sub-flow without one) is told
 * apart by its order, which chance decides between branches of parallel work: so each branch counts by itself.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { childPath, type PlaceKind } from "../run/index.ts";
import type { Execution } from "./execution.ts";

const running = new AsyncLocalStorage<Place>();

export class Place {
  readonly execution: Execution;
  /** Of the flow: branches share it. */
  readonly owner: object;
  readonly signal: AbortSignal;
  readonly #path: string;
  readonly #counts = new Map<string, number>();

  constructor(execution: Execution, owner: object, path: string, signal: AbortSignal) {
    this.execution = execution;
    this.owner = owner;
    this.#path = path;
    this.signal = signal;
  }

  /** Of the code that calls, in whichever flow; `undefined` outside one. */
  static current(): Place | undefined {
    return running.getStore();
  }

  /** The path of the next one of this kind and key here. */
  next(kind: PlaceKind, key: string): string {
    const counted = `${kind} ${key}`;
    const occurrence = (this.#counts.get(counted) ?? 0) + 1;
    this.#counts.set(counted, occurrence);
    return childPath(this.#path, key, occurrence, kind);
  }

  /** A place of its own for each of several pieces of work, all of which heed `signal`. */
  branches(signal: AbortSignal): (index: number) => Place {
    const path = this.next("branch", "");
    return (index) =>
      new Place(this.execution, this.owner, childPath(path, String(index), 1, "branch"), signal);
  }

  run<T>(fn: () => T): T {
    return running.run(this, fn);
  }
}
