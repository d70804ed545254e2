/** News from other processes: Redis publishes them. As it promises no delivery, those who wait look by themselves too. */
import type { Watchers } from "../watchers.ts";
import type { Client } from "./link.ts";

const LOOK_MS = 2_000;
const DUE = "due";
const OF_RUN = "run:";

export class News {
  readonly #client: Client;
  readonly #channel: string;
  readonly #watchers: Watchers;
  #subscriber: Client | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Client, channel: string, watchers: Watchers) {
    this.#client = client;
    this.#channel = channel;
    this.#watchers = watchers;
  }

  /** @param waiting how many wait */
  waited(waiting: number): void {
    if (waiting === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setInterval(() => this.#watchers.tellAll(), LOOK_MS);
    // Kept once it is there: waits come and go.
    this.#subscriber ??= this.#subscribe();
  }

  #subscribe(): Client {
    // A connection that listens can't do anything else.
    const subscriber = duplicate(this.#client);
    subscriber.on("error", () => {});
    subscriber.on("message", (_channel: string, message: string) => {
      if (message === DUE) this.#watchers.tellDue();
      else this.#watchers.tell(message.slice(OF_RUN.length));
    });
    subscriber.subscribe(this.#channel).catch(() => {});
    return subscriber;
  }

  ofRun(runId: string): void {
    this.#watchers.tell(runId);
    this.#publish(OF_RUN + runId);
  }

  ofDue(): void {
    this.#watchers.tellDue();
    this.#publish(DUE);
  }

  #publish(message: string): void {
    this.#client.publish(this.#channel, message).catch(() => {});
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#subscriber?.disconnect();
  }
}

/** The two kinds of client have one method of this name, with types that can't be called as one. */
function duplicate(client: Client): Client {
  return "nodes" in client ? client.duplicate() : client.duplicate();
}
