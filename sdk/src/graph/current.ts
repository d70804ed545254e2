/** The attempt that the running code belongs to: `emit` has to know of which job it is. */
import { AsyncLocalStorage } from "node:async_hooks";

/** What `emit` and a job's own methods need to know of it. */
export interface CurrentAttempt {
  readonly job: object;
  send(routine: object, event: string, payload: unknown): Promise<void>;
}

const running = new AsyncLocalStorage<CurrentAttempt>();

export function currentAttempt(): CurrentAttempt | undefined {
  return running.getStore();
}

export function inAttempt<T>(attempt: CurrentAttempt, fn: () => T): T {
  return running.run(attempt, fn);
}
