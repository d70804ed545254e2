/**
 * A thread that answers calls, as seen by the one that started it.
 *
 * Calls made within one turn of the event loop go with one message, or with a few where they are many. What waits for
 * an answer is bounded in number, in bytes and in time: over a bound a call is refused as `overloaded`, so that whoever
 * asked can ask later. When the thread dies, every call that waits is refused as `unavailable`, and another one is
 * started, after a pause that doubles while it goes on dying.
 */
import { type ResourceLimits, Worker } from "node:worker_threads";
import { detailOf, toWeirError, WeirError } from "../errors.ts";
import { YOUNG_MB } from "./garbage.ts";
import {
  type Answers,
  type Call,
  type Calls,
  type Failure,
  type FromThread,
  fromFailure,
  type ToThread,
} from "./message.ts";
import { parcel } from "./parcel.ts";

/** What may wait for an answer. */
export interface ThreadBounds {
  calls: number;
  bytes: number;
  /** Milliseconds that the oldest may have waited: another one would wait about as long. */
  waitMs: number;
}

export interface CallOptions {
  /** Are given away. */
  bytes?: Uint8Array | undefined;
  /** It is answered when there is something to say: it counts towards no bound, and closing does not wait for it. */
  patient?: boolean;
  /**
   * For what another thread has done its part of: when that took it, by `performance.now()`. It was let in then, and is
   * not refused for a bound now; but it counts.
   */
  since?: number;
}

export interface ThreadOptions {
  /** For the log and for debuggers. */
  name: string;
  /** The file that it runs; it calls `serveCalls`. */
  entry: URL;
  /** Plain data for the file. */
  data: unknown;
  bounds: ThreadBounds;
  /** Of its heap. Default: of what is young `YOUNG_MB`, else those of V8. */
  limits?: ResourceLimits;
  /** Hears, in one line, what an operator should know. */
  warn: (line: string) => void;
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: WeirError) => void;
  bytes: number;
  since: number;
  patient: boolean;
}

/** How long a thread that has closed may take to end before it is ended. */
const GRACE_MS = 5_000;
/** Calls of one message: with more of one turn the thread begins while the rest of the turn goes on here. */
const MOST_TOGETHER = 24;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** Having lived this long it counts as well again. */
const WELL_AFTER_MS = 60_000;

export class Thread<C extends Calls<C>> {
  readonly #options: ThreadOptions;
  /** In the order in which they were made. */
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #outgoing: Call[] = [];
  #lastId = 0;
  /** Calls that wait, those without patience only. */
  #calls = 0;
  #bytes = 0;
  #startedAt = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #restart: NodeJS.Timeout | undefined;
  /** Settles when a thread that is started again is there, or is not to be. */
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  private constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /**
   * Starts a thread.
   *
   * @throws {WeirError} what its file threw.
   */
  static async start<C extends Calls<C>>(options: ThreadOptions): Promise<Thread<C>> {
    const thread = new Thread<C>(options);
    await thread.#run();
    return thread;
  }

  /** Calls that wait for an answer. */
  get waiting(): number {
    return this.#calls;
  }

  /**
   * Asks the thread.
   *
   * @throws {WeirError} what the thread threw; `overloaded`, `unavailable`.
   */
  call<N extends keyof C & string>(
    name: N,
    argument: Parameters<C[N]>[0],
    { bytes, patient = false, since }: CallOptions = {},
  ): Promise<Awaited<ReturnType<C[N]>>> {
    const refusal = this.refusal({ bytes, patient: patient || since !== undefined });
    if (refusal !== undefined) return Promise.reject(refusal);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const waiting = {
        resolve,
        reject,
        bytes: bytes?.length ?? 0,
        since: since ?? performance.now(),
        patient,
      };
      this.#waiting.set(id, waiting);
      this.#count(waiting, 1);
      const outgoing = this.#outgoing.push({ id, name, argument, bytes });
      if (outgoing === MOST_TOGETHER) this.#send();
      else if (outgoing === 1) setImmediate(() => this.#send());
    });
  }

  /** Takes no more calls, waits for the answers to those that were made, and ends the thread. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Why a call would not be taken; `undefined` where it would be. */
  refusal({ bytes, patient = false }: Pick<CallOptions, "bytes" | "patient"> = {}): WeirError | undefined {
    const { name, bounds } = this.#options;
    if (this.#closing !== undefined) return new WeirError("unavailable", `${name} is closing`);
    if (this.#worker === undefined)
      return new WeirError("unavailable", `${name} is starting again: try it again`);
    if (patient || this.#calls === 0) return undefined;
    const full =
      this.#calls >= bounds.calls ||
      this.#bytes + (bytes?.length ?? 0) > bounds.bytes ||
      performance.now() - this.#oldest() > bounds.waitMs;
    return full
      ? new WeirError("overloaded", "more is asked than can be done: try it again later")
      : undefined;
  }

  #oldest(): number {
    for (const { since, patient } of this.#waiting.values()) if (!patient) return since;
    return performance.now();
  }

  #count({ patient, bytes }: Waiting, sign: 1 | -1): void {
    if (patient) return;
    this.#calls += sign;
    this.#bytes += sign * bytes;
    if (this.#calls === 0) this.#idle?.();
  }

  #send(): void {
    const calls = this.#outgoing;
    if (calls.length === 0) return;
    this.#outgoing = [];
    const { parts, transfer } = parcel(calls.map(({ bytes }) => bytes));
    for (const [at, part] of parts.entries()) (calls[at] as Call).bytes = part;
    try {
      this.#worker?.postMessage(calls satisfies ToThread, transfer);
    } catch (error) {
      // An argument that is no plain data: none of them has left.
      for (const { id } of calls) this.#take(id)?.reject(toWeirError(error));
    }
  }

  /** Resolves when it is ready; rejects when it could not start. */
  #run(): Promise<void> {
    const { name, entry, data, limits, warn } = this.#options;
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB, ...limits };
    const worker = new Worker(entry, { workerData: data, name, resourceLimits });
    let reason: WeirError | undefined;
    return new Promise((resolve, reject) => {
      worker.on("message", (message: FromThread) => {
        switch (message.kind) {
          case "ready":
            // Told to close while it was starting again.
            if (this.#closing !== undefined) return worker.postMessage("close" satisfies ToThread);
            this.#worker = worker;
            this.#startedAt = performance.now();
            resolve();
            break;
          case "answers":
            this.#settle(message);
            break;
          case "warning":
            warn(message.line);
            break;
          case "failed":
            reason = fromFailure(message.failure);
            break;
          case "closed":
            break;
        }
      });
      worker.on("messageerror", (error) => {
        reason = new WeirError("internal", `${name}: a message could not be read`, { cause: error });
        void worker.terminate();
      });
      worker.on("error", (error) => {
        reason = new WeirError("internal", detailOf(error), { cause: error });
      });
      worker.on("exit", () => {
        const wasReady = this.#worker === worker;
        reject(reason ?? new WeirError("unavailable", `${name} ended before it was ready`));
        if (wasReady) this.#ended(reason);
      });
    });
  }

  #settle({ values, failures }: Answers): void {
    for (let at = 0; at < values.length; at += 2) {
      this.#take(values[at] as number)?.resolve(values[at + 1] as never);
    }
    for (let at = 0; at < failures.length; at += 2) {
      this.#take(failures[at] as number)?.reject(fromFailure(failures[at + 1] as Failure));
    }
  }

  /** It waits no longer. */
  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(id);
    this.#count(waiting, -1);
    return waiting;
  }

  #ended(reason: WeirError | undefined): void {
    this.#worker = undefined;
    this.#outgoing = [];
    const { name, warn } = this.#options;
    const error = new WeirError("unavailable", `${name} ended: try it again`, { cause: reason });
    for (const id of this.#waiting.keys()) this.#take(id)?.reject(error);
    if (this.#closing !== undefined) return;
    warn(`${name} ended by itself, and is started again: ${reason?.message ?? "it gave no reason"}`);
    if (performance.now() - this.#startedAt > WELL_AFTER_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#startAgain();
  }

  #startAgain(): void {
    const { name, warn } = this.#options;
    const pause = this.#pauseMs;
    this.#pauseMs = Math.min(pause * 2, LONGEST_PAUSE_MS);
    this.#restart = setTimeout(() => {
      this.#starting = this.#run().catch((error: WeirError) => {
        if (this.#closing !== undefined) return;
        warn(`${name} could not start, and is tried again: ${error.message}`);
        this.#startAgain();
      });
    }, pause);
  }

  async #close(): Promise<void> {
    clearTimeout(this.#restart);
    if (this.#calls > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await this.#starting;
    const worker = this.#worker;
    if (worker === undefined) return;
    let failure: WeirError | undefined;
    let late: NodeJS.Timeout | undefined;
    worker.on("message", (message: FromThread) => {
      if (message.kind === "failed") failure = fromFailure(message.failure);
      if (message.kind !== "failed" && message.kind !== "closed") return;
      // It ends by itself now. To end it from here meanwhile would race with native code that cleans up after it.
      late = setTimeout(() => void worker.terminate(), GRACE_MS);
    });
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.postMessage("close" satisfies ToThread);
    await ended;
    clearTimeout(late);
    if (failure !== undefined) throw failure;
  }
}
