/** Those in this process who wait for runs, by the run's id, wherever the run is. */
import { type Codec, hasEnded, type RunRecord } from "../run/index.ts";
import type { Execution } from "./execution.ts";
import { HeldRun, type Keeper } from "./held-run.ts";
import type { RunRequest } from "./request.ts";

export class HeldRuns {
  readonly #keeper: Keeper;
  readonly #codec: Codec;
  readonly #held = new Map<string, Set<HeldRun>>();
  /** What a run was asked for with, of which no journal can keep all. */
  readonly #requests = new Map<string, RunRequest>();

  constructor(keeper: Keeper, codec: Codec) {
    this.#keeper = keeper;
    this.#codec = codec;
  }

  /** One more waits. @param execution where it is in this process */
  hold(id: string, execution: Execution | undefined, request?: RunRequest): HeldRun {
    const held = new HeldRun(id, this.#keeper);
    held.execution = execution;
    const others = this.#held.get(id) ?? new Set();
    others.add(held);
    this.#held.set(id, others);
    if (request !== undefined) this.#requests.set(id, request);
    return held;
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  /** The newest. */
  requestOf(id: string): RunRequest | undefined {
    return this.#requests.get(id);
  }

  /** It came to this process, or left it. */
  moved(id: string, execution: Execution | undefined): void {
    for (const held of this.#held.get(id) ?? []) held.execution = execution;
  }

  /** It could not be begun: this one waits no more. */
  drop(held: HeldRun): void {
    this.#requests.delete(held.id);
    const others = this.#held.get(held.id);
    others?.delete(held);
    if (others?.size === 0) this.#held.delete(held.id);
  }

  /** Those who wait for it, who wait no more. @param keep they may still ask for what it did here */
  taken(id: string, keep = false): HeldRun[] {
    const all = [...(this.#held.get(id) ?? [])];
    this.#held.delete(id);
    this.#requests.delete(id);
    if (!keep) for (const held of all) held.execution = undefined;
    return all;
  }

  /** Nothing more will be known of it here. */
  giveUp(id: string, error: unknown, keep = false): void {
    for (const held of this.taken(id, keep)) held.giveUp(error);
  }

  /** How it ended, as the journal has it. */
  settle({ id, status, value }: RunRecord): void {
    if (!hasEnded(status)) return;
    for (const held of this.taken(id)) {
      try {
        held.end(status, value && this.#codec.decode(value, `result of run ${id}`));
      } catch (error) {
        held.giveUp(error);
      }
    }
  }

  /** @param why nobody is told of this run any more */
  close(why: (id: string) => unknown): void {
    for (const id of [...this.#held.keys()]) this.giveUp(id, why(id), true);
    this.#requests.clear();
  }
}
