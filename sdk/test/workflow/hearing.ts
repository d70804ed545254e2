/** What a subscriber of a run has heard so far. */
import type { Message, Watchable } from "../../src/workflow/index.ts";

export interface Heard<S> {
  readonly messages: Message<S>[];
  readonly states: S[];
  /** How many of these were the end of the run. */
  readonly ends: Message<S>[];
  /** Resolves when the subscription is over. */
  readonly over: Promise<void>;
}

export function hear<S>(run: Watchable<S>): Heard<S> {
  const messages: Message<S>[] = [];
  const heard = run.messages();
  const over = (async () => {
    for await (const message of heard) messages.push(message);
  })();
  return {
    messages,
    over,
    get states() {
      return messages.map(({ state }) => state);
    },
    get ends() {
      return messages.filter(({ type }) => type !== "state");
    },
  };
}

/** Lets everything happen that waits for nothing. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
