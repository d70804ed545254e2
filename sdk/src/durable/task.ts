/**
 * Who waits for whom. Each resolution and each change is a task; one that would wait for itself, over however many
 * others, is refused by name instead of hanging.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Cell } from "./cell.ts";
import { ResourceCycle } from "./errors/resource-cycle.ts";

const running = new AsyncLocalStorage<Task>();

export class Task {
  readonly name: string;
  /** Whose value it makes; `undefined` for a change. */
  readonly cell: Cell | undefined;
  readonly #waits = new Map<Task, number>();
  #over = false;

  constructor(name: string, cell?: Cell) {
    this.name = name;
    this.cell = cell;
  }

  /** The task whose code this is. What outlives its task, such as a timer, is in none. */
  static current(): Task | undefined {
    const task = running.getStore();
    return task === undefined || task.#over ? undefined : task;
  }

  run<T>(fn: () => T): T {
    return running.run(this, fn);
  }

  end(): void {
    this.#over = true;
  }

  /** @throws {ResourceCycle} at once, where `other` waits for this task */
  async waitFor<T>(other: Task, promise: Promise<T>): Promise<T> {
    const path = other.#pathTo(this);
    if (path !== undefined) throw new ResourceCycle([this.name, ...path.map((task) => task.name)]);
    this.#waits.set(other, (this.#waits.get(other) ?? 0) + 1);
    try {
      return await promise;
    } finally {
      const left = (this.#waits.get(other) ?? 1) - 1;
      if (left === 0) this.#waits.delete(other);
      else this.#waits.set(other, left);
    }
  }

  /** From this task to `goal`, both included; breadth first, so the shortest. */
  #pathTo(goal: Task): Task[] | undefined {
    const cameFrom = new Map<Task, Task | undefined>([[this, undefined]]);
    for (const task of cameFrom.keys()) {
      if (task === goal) return trace(task, cameFrom);
      for (const next of task.#waits.keys()) if (!cameFrom.has(next)) cameFrom.set(next, task);
    }
    return undefined;
  }
}

function trace(last: Task, cameFrom: Map<Task, Task | undefined>): Task[] {
  const path: Task[] = [];
  for (let task: Task | undefined = last; task !== undefined; task = cameFrom.get(task)) path.unshift(task);
  return path;
}
