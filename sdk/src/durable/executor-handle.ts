/** An executor in one scope, as an object; see `ExecutorHandle`. */
import type { Cell } from "./cell.ts";
import type { Changes } from "./changes.ts";
import type { Maker } from "./maker.ts";
import type { Executor, ExecutorHandle, Update } from "./types.ts";

export interface Parts {
  readonly maker: Maker;
  readonly changes: Changes;
  listen(cell: Cell, listener: (value: never) => void): () => void;
}

export class CellHandle<T> implements ExecutorHandle<T> {
  readonly #parts: Parts;
  readonly #cell: Cell;
  readonly #owner: Cell | undefined;

  /** @param owner who got the handle as a dependency */
  constructor(parts: Parts, cell: Cell, owner?: Cell) {
    this.#parts = parts;
    this.#cell = cell;
    this.#owner = owner;
  }

  get executor(): Executor<T> {
    return this.#cell.executor as Executor<T>;
  }

  resolve(): Promise<T> {
    return this.#parts.maker.resolve(this.#cell, this.#owner) as Promise<T>;
  }

  get(): T {
    return this.#cell.value as T;
  }

  update(value: Update<T>): Promise<T> {
    return this.#parts.changes.update(this.#cell, value) as Promise<T>;
  }

  reload(): Promise<T> {
    return this.#parts.changes.reload(this.#cell) as Promise<T>;
  }

  release(): Promise<void> {
    return this.#parts.changes.release(this.#cell);
  }

  onUpdate(listener: (value: T) => void): () => void {
    return this.#parts.listen(this.#cell, listener);
  }
}
