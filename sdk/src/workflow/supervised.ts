/** The runs of one key, one after the other: a crash is followed by a restart, until there were too many. */
import type { Status } from "../attributes.ts";
import { diagnoseInternal } from "../diagnostics.ts";
import { type Alarm, RunEnded, retryDelay } from "../run/index.ts";
import { SignalsUnheard } from "./errors/signals-unheard.ts";
import type {
  Message,
  Messages,
  MessagesOptions,
  NoSignals,
  Signals,
  Snapshot,
  Watchable,
  WorkflowRun,
} from "./handle.ts";
import { MessageQueue } from "./messages.ts";
import type { RestartRule } from "./restart-rule.ts";

/** A crash, and what followed. */
export interface Restarted {
  readonly key: string;
  readonly error: unknown;
  /** How often it was started again so far. */
  readonly restarts: number;
  /** How it stood when it crashed. */
  readonly snapshot: Snapshot<object>;
}

/** What is the same over all restarts. */
export interface SupervisedRun<S, Out = S, Sigs extends Signals = NoSignals>
  extends Pick<
      WorkflowRun<S, Out, Sigs>,
      "signal" | "send" | "state" | "status" | "done" | "snapshot" | "stop" | "cancel" | "release"
    >,
    Watchable<S> {
  readonly key: string;
  /** How often it was started again. */
  readonly restarts: number;
  /** The run that is under way, or was the last. */
  readonly run: WorkflowRun<S, Out, Sigs>;
}

export interface Starting {
  start(more: { id?: string; initialState?: object }): WorkflowRun<object>;
  /** Of the first run; each restart is a run of its own. */
  readonly id: string | undefined;
  ended(): void;
  restarted(told: Restarted): void;
  givenUp(told: Restarted): void;
}

type Asked = (run: WorkflowRun<object>) => void;

/** Signals that can wait for a restart. */
const MAX_WAITING = 10_000;

export class Supervised implements SupervisedRun<object> {
  readonly key: string;
  readonly #rule: RestartRule;
  readonly #starting: Starting;
  readonly #queues = new Set<MessageQueue<object>>();
  readonly #done = Promise.withResolvers<object>();
  readonly #crashes: number[] = [];
  #run: WorkflowRun<object>;
  #restarts = 0;
  /** Until the restart. */
  #alarm: Alarm | undefined;
  #waiting: Asked[] = [];
  #last: Message<object> | undefined;

  constructor(key: string, rule: RestartRule, starting: Starting) {
    this.key = key;
    this.#rule = rule;
    this.#starting = starting;
    this.#done.promise.catch(() => {});
    this.#run = starting.start({});
  }

  begin(): void {
    void this.#follow(this.#run);
  }

  get run(): WorkflowRun<object> {
    return this.#run;
  }

  get restarts(): number {
    return this.#restarts;
  }

  get state(): object {
    return this.#run.state;
  }

  /** `running` while it waits for its restart. */
  get status(): Status {
    return this.#alarm === undefined ? this.#run.status : "running";
  }

  get done(): Promise<object> {
    return this.#done.promise;
  }

  snapshot(): Snapshot<object> {
    return { ...this.#run.snapshot(), status: this.status };
  }

  signal(fn: (state: object) => object): void {
    this.#ask((run) => run.signal(fn));
  }

  send(name: string, payload?: unknown): void {
    this.#ask((run) => (run.send as (name: string, payload?: unknown) => void).call(run, name, payload));
  }

  async stop(reason?: string): Promise<void> {
    if (this.#alarm === undefined) await this.#run.stop(reason);
    else this.#leave("done", reason ?? "stopped");
    await this.#done.promise.catch(() => {});
  }

  async release(): Promise<void> {
    if (this.#alarm === undefined) await this.#run.release();
    else this.#leave("done", "stopped");
    await this.#done.promise.catch(() => {});
  }

  async cancel(reason?: string): Promise<void> {
    if (this.#alarm === undefined) await this.#run.cancel(reason);
    else this.#leave("error", reason ?? "cancelled");
    await this.#done.promise.catch(() => {});
  }

  messages({ limit }: MessagesOptions = {}): Messages<object> {
    const queue = new MessageQueue<object>(limit, (closed) => void this.#queues.delete(closed));
    queue.push(this.#last ?? { type: "state", ...this.snapshot() });
    if (this.#last === undefined) this.#queues.add(queue);
    return queue;
  }

  /** What is asked while nothing runs is asked of the run that comes next. */
  #ask(asked: Asked): void {
    if (this.#last !== undefined) throw new RunEnded(this.#run.id, "signals");
    if (this.#alarm === undefined) return void asked(this.#run);
    if (this.#waiting.length >= MAX_WAITING) throw new SignalsUnheard(this.#run.id, MAX_WAITING);
    this.#waiting.push(asked);
  }

  async #follow(run: WorkflowRun<object>): Promise<void> {
    let first = true;
    for await (const message of run.messages()) {
      // Who subscribed has had it.
      if (first && message.type === "state" && this.#restarts === 0) first = false;
      else if (message.type === "error" && message.status === "failed") this.#crashed(message);
      else if (message.type === "state") this.#tell(message);
      else this.#end(message);
    }
  }

  #crashed(message: Message<object>): void {
    const now = this.#rule.clock.now();
    this.#crashes.push(now);
    while ((this.#crashes[0] ?? now) <= now - this.#rule.within) this.#crashes.shift();
    const { key, restarts } = this;
    const { error } = message;
    if (this.#crashes.length > this.#rule.max) {
      this.#end(message);
      this.#hear(() => this.#starting.givenUp({ key, error, restarts, snapshot: message }));
      return;
    }
    const delay = retryDelay(this.#rule.delays, undefined, this.#crashes.length, this.#rule.random) ?? 0;
    this.#alarm = this.#rule.clock.after(delay, () => this.#restart(message));
    // It is not the end: the next message is of the run that follows.
    this.#tell({ ...message, type: "state" });
    this.#hear(() => this.#starting.restarted({ key, error, restarts: restarts + 1, snapshot: message }));
  }

  #restart(crashed: Message<object>): void {
    this.#alarm = undefined;
    this.#restarts += 1;
    const { id } = this.#starting;
    this.#run = this.#starting.start({
      ...(id !== undefined && { id: `${id}#${this.#restarts + 1}` }),
      ...(this.#rule.from === "last" && { initialState: crashed.state }),
    });
    void this.#follow(this.#run);
    for (const asked of this.#waiting.splice(0)) asked(this.#run);
  }

  #leave(type: "done" | "error", reason: string): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    const { error: _, ...snapshot } = this.#run.snapshot();
    const aborted = new DOMException(reason, "AbortError");
    this.#end({
      type,
      ...snapshot,
      status: "cancelled",
      reason,
      ...(type === "error" && { error: aborted }),
    });
  }

  #end(message: Message<object>): void {
    this.#last = message;
    this.#starting.ended();
    this.#tell(message);
    if (message.type === "error") this.#done.reject(message.error);
    else this.#done.resolve(message.state);
  }

  #tell(message: Message<object>): void {
    for (const queue of [...this.#queues]) queue.push(message);
  }

  /** What a listener throws is its own. */
  #hear(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      diagnoseInternal("a listener of a supervisor", error);
    }
  }
}
