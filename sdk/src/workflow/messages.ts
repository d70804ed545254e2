/** What one subscriber of a run has not read yet. A slow one misses states in between, never the last, and never the end. */
import type { Message, Messages } from "./handle.ts";

const DEFAULT_LIMIT = 256;

export class MessageQueue<S> implements Messages<S> {
  readonly #limit: number;
  readonly #closed: (queue: MessageQueue<S>) => void;
  #waiting: Message<S>[] = [];
  #skipped = 0;
  #isOver = false;
  #wanted: PromiseWithResolvers<IteratorResult<Message<S>, undefined>>[] = [];

  /** @param closed called once, when nobody reads any more @throws {RangeError} */
  constructor(limit: number = DEFAULT_LIMIT, closed: (queue: MessageQueue<S>) => void) {
    if (!(Number.isSafeInteger(limit) && limit >= 1))
      throw new RangeError(`messages: expected limit to be a whole number from 1, got ${String(limit)}`);
    this.#limit = limit;
    this.#closed = closed;
  }

  push(message: Message<S>): void {
    if (this.#isOver) return;
    if (message.type !== "state") this.#isOver = true;
    const reader = this.#wanted.shift();
    if (reader !== undefined) reader.resolve({ done: false, value: message });
    else {
      this.#waiting.push(message);
      if (this.#waiting.length > this.#limit) {
        this.#waiting.shift();
        this.#skipped += 1;
      }
    }
    if (this.#isOver) this.#end();
  }

  next(): Promise<IteratorResult<Message<S>, undefined>> {
    const first = this.#waiting.shift();
    if (first !== undefined) {
      const skipped = this.#skipped;
      this.#skipped = 0;
      return Promise.resolve({ done: false, value: skipped === 0 ? first : { ...first, skipped } });
    }
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    const wanted = Promise.withResolvers<IteratorResult<Message<S>, undefined>>();
    this.#wanted.push(wanted);
    return wanted.promise;
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.#waiting = [];
    if (!this.#isOver) {
      this.#isOver = true;
      this.#end();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #end(): void {
    for (const wanted of this.#wanted.splice(0)) wanted.resolve({ done: true, value: undefined });
    this.#closed(this);
  }
}
