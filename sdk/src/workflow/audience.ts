/** Who wants to hear of a run: its subscribers, and those who wait for its end. A run that nobody asks about has none. */
import type { Message, Messages } from "./handle.ts";
import type { Ending } from "./host.ts";
import { MessageQueue } from "./messages.ts";
import type { State } from "./state.ts";

/** The last of a run: how it ended, and with what state. */
export interface Last {
  readonly ending: Ending;
  readonly state: State;
}

export class Audience {
  readonly #queues = new Set<MessageQueue<State>>();
  readonly #waiting: (() => void)[] = [];
  #done: PromiseWithResolvers<State> | undefined;

  /** @param last where the run has ended already */
  done(last: Last | undefined): Promise<State> {
    if (this.#done === undefined) {
      this.#done = Promise.withResolvers();
      // One that nobody awaits must not fall on the process.
      this.#done.promise.catch(() => {});
      if (last !== undefined) this.#settle(last);
    }
    return this.#done.promise;
  }

  /** Resolves when the run has ended, however that was. */
  ended(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  subscribe(limit: number | undefined, first: Message<State>): Messages<State> {
    const queue = new MessageQueue<State>(limit, (closed) => void this.#queues.delete(closed));
    this.#queues.add(queue);
    queue.push(first);
    return queue;
  }

  tell(message: () => Message<State>): void {
    if (this.#queues.size === 0) return;
    const made = message();
    for (const queue of this.#queues) queue.push(made);
  }

  /** @returns whether anyone heard of it */
  end(message: Message<State>, last: Last): boolean {
    const heard = this.#queues.size > 0 || this.#done !== undefined;
    for (const queue of this.#queues) queue.push(message);
    this.#queues.clear();
    this.#settle(last);
    for (const each of this.#waiting.splice(0)) each();
    return heard;
  }

  #settle({ ending, state }: Last): void {
    if ("error" in ending) this.#done?.reject(ending.error);
    else this.#done?.resolve(state);
  }
}
