/** Follows the `eventStream` of a run from a page: connects, connects again, and keeps what it heard last. */
import type { PageMessage } from "./event-stream.ts";

/** How a run stands, as far as the page knows. */
export interface Followed<S> extends Partial<Omit<PageMessage<S>, "type">> {
  /**
   * `connecting`: nothing was heard yet. `live`: connected. `lost`: it was connected, and tries to be again; what is shown may be
   * old. `ended`: the run has ended, and there is nothing more to hear.
   */
  readonly connection: "connecting" | "live" | "lost" | "ended";
}

/** What is needed of a browser's `EventSource`. */
export interface EventSourceLike {
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onerror: (() => void) | null;
  close(): void;
}

/** Options of `useWorkflow`. */
export interface FollowOptions {
  /** Sends cookies to another origin. */
  withCredentials?: boolean | undefined;
  /** In the place of the browser's. */
  EventSource?: (new (url: string, init: { withCredentials: boolean }) => EventSourceLike) | undefined;
}

const CLOSED = 2;
/** Between two tries where the server refuses; a connection that breaks is the browser's own to mend. */
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;

export class Follower<S> {
  readonly #url: string;
  readonly #options: FollowOptions;
  readonly #listeners = new Set<() => void>();
  #followed: Followed<S> = { connection: "connecting" };
  #source: EventSourceLike | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delay = FIRST_DELAY_MS;

  constructor(url: string, options: FollowOptions = {}) {
    this.#url = url;
    this.#options = options;
  }

  /** The same object until something is heard. */
  get followed(): Followed<S> {
    return this.#followed;
  }

  /** Connects while anyone listens. @returns ends it */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1 && this.#followed.connection !== "ended") this.#connect();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#disconnect();
    };
  }

  #connect(): void {
    const { withCredentials = false } = this.#options;
    const Source =
      this.#options.EventSource ?? (globalThis as { EventSource?: FollowOptions["EventSource"] }).EventSource;
    if (Source === undefined) return;
    const source = new Source(this.#url, { withCredentials });
    this.#source = source;
    source.onopen = () => {
      this.#delay = FIRST_DELAY_MS;
    };
    source.onmessage = ({ data }) => this.#heard(data);
    source.onerror = () => this.#lost(source);
  }

  #heard(data: string): void {
    const { type, ...told } = JSON.parse(data) as PageMessage<S>;
    const isOver = type !== "state";
    // The browser would connect again to a stream that has come to its end.
    if (isOver) this.#disconnect();
    this.#become({ ...told, connection: isOver ? "ended" : "live" });
  }

  #lost(source: EventSourceLike): void {
    if (this.#source !== source) return;
    const { connection } = this.#followed;
    if (connection === "live") this.#become({ ...this.#followed, connection: "lost" });
    if (source.readyState !== CLOSED) return;
    source.close();
    this.#source = undefined;
    this.#timer = setTimeout(() => this.#connect(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MS);
  }

  #disconnect(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  #become(followed: Followed<S>): void {
    this.#followed = followed;
    for (const listener of this.#listeners) listener();
  }
}
