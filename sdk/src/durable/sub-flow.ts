/** `ctx.exec`: another flow as a part of the run, with data of its own. Its result is noted, and so are its steps. */
import type { Status } from "../attributes.ts";
import { abortError, check, endingOf, openUnitStep } from "../run/index.ts";
import type { OpenUnit } from "./activity.ts";
import { detailsOf } from "./details.ts";
import type { Execution } from "./execution.ts";
import { applyExtensions } from "./extension.ts";
import { FLOW } from "./flow.ts";
import type { Frame } from "./frame.ts";
import type { RunDetails } from "./handle.ts";
import type { Place } from "./place.ts";
import { RunPromise, type Steering } from "./run-promise.ts";
import { unitFailed } from "./unit-failed.ts";

export interface SubFlowCall {
  /** Of the flow around it. */
  readonly frame: Frame;
  readonly child: Frame;
  readonly place: Place;
  readonly key: string;
  readonly input: unknown;
}

export function startSubFlow(call: SubFlowCall): RunPromise<unknown> {
  const run = new SubFlow(call);
  const handle = new RunPromise<unknown>(run);
  // One that nobody awaits must not fall on the process when the flow fails.
  handle.catch(() => {});
  return handle;
}

class SubFlow implements Steering {
  readonly id: string;
  readonly ended: Promise<unknown>;
  status: Status = "running";
  readonly #call: SubFlowCall;
  readonly #execution: Execution;
  readonly #child: Frame;

  constructor(call: SubFlowCall) {
    this.#call = call;
    this.#child = call.child;
    this.#execution = call.child.execution;
    this.id = call.child.runId + call.child.path;
    this.ended = this.#begun();
    this.ended.then(
      () => this.#settled("succeeded"),
      (error: unknown) => this.#settled(endingOf(error, this.#child.signal)),
    );
  }

  async cancel(reason: string): Promise<void> {
    this.#child.abort(abortError(reason));
    await this.ended.catch(() => {});
  }

  async send(name: string, value: unknown): Promise<void> {
    await this.#execution.around.send(this.#execution.facts.id, name, value);
  }

  async details(): Promise<RunDetails> {
    const { flow, path } = this.#child;
    const all = await detailsOf(this.#execution, path);
    return { ...all, id: this.id, flow: { name: flow.name, version: flow.version }, status: this.status };
  }

  #settled(status: Status): void {
    this.status = status;
    this.#child[Symbol.dispose]();
  }

  async #begun(): Promise<unknown> {
    const { frame, input } = this.#call;
    const { flow, path } = this.#child;
    const { ledger, around } = this.#execution;
    const given = ledger.durable ? ` with input ${around.digest(input, `input of flow ${flow.name}`)}` : "";
    const name = `flow ${flow.name} in version ${flow.version}${given}`;
    return await frame.once(path, name, async () => {
      try {
        return await this.#run(name);
      } catch (error) {
        frame.forget(path);
        throw error;
      }
    });
  }

  async #run(name: string): Promise<unknown> {
    const { place } = this.#call;
    const { path } = this.#child;
    const execution = this.#execution;
    const before = execution.ledger.recall(path);
    if (before !== undefined && before.name !== name) throw execution.programChanged(path, before.name, name);
    const isDone = before?.status === "succeeded";
    if (isDone && execution.undoing === undefined) {
      execution.replayed.add(path);
      execution.skippedSubFlow = true;
      return await this.#wrapped(before.attempt, this.#call.input, true, () => before.value);
    }
    if (execution.undoing !== undefined) return await this.#registerAgain(isDone, before?.value);
    const stopped = execution.admit(place.signal);
    if (stopped !== undefined) return await stopped;
    return await this.#attempt(name, (before?.attempt ?? 0) + 1);
  }

  /** While the run is undone: its handler runs as far as it came, for what it gave to `onRollback`. */
  async #registerAgain(isDone: boolean, value: unknown): Promise<unknown> {
    const result = this.#checkedInput().then((input) => this.#child.handle(input));
    return isDone
      ? await result.then(
          () => value,
          () => value,
        )
      : await result;
  }

  #checkedInput(): Promise<unknown> {
    const { input } = this.#call;
    const { flow } = this.#child;
    return check(flow[FLOW].input, input, `input of flow ${flow.name}`);
  }

  async #attempt(name: string, attempt: number): Promise<unknown> {
    const { key } = this.#call;
    const { path } = this.#child;
    const execution = this.#execution;
    const { ledger, around, facts } = execution;
    const startedAt = around.clock.now();
    const note = { path, attempt, kind: "child" as const, name, startedAt };
    const abandoned = Promise.withResolvers<never>();
    const unit: OpenUnit = { path, kind: "child", attempt, startedAt, abandon: abandoned.reject };
    const seen = openUnitStep({ runId: facts.id, path, attempt, name: key });
    execution.activity.opened(unit);
    try {
      const value = await Promise.race([abandoned.promise, seen.run(() => this.#handled(attempt))]);
      execution.activity.works();
      try {
        await ledger.write({ ...note, status: "succeeded", value, endedAt: around.clock.now() });
      } finally {
        execution.activity.rested();
      }
      seen.end();
      return value;
    } catch (error) {
      return await unitFailed(execution, { note, seen, signal: this.#child.signal }, error);
    } finally {
      execution.activity.closed(unit);
    }
  }

  async #handled(attempt: number): Promise<unknown> {
    this.#execution.activity.works();
    let input: unknown;
    try {
      input = await this.#checkedInput();
    } finally {
      this.#execution.activity.rested();
    }
    return await this.#wrapped(attempt, input, false, () => this.#child.handle(input));
  }

  #wrapped(attempt: number, input: unknown, replay: boolean, work: () => unknown): Promise<unknown> {
    const { key } = this.#call;
    const { flow } = this.#child;
    const { facts, around } = this.#execution;
    const { name, version } = flow;
    const operation = { name, version, input, runId: facts.id, tenant: facts.tenant, attempt, key, replay };
    return applyExtensions(around.extensions, "flow", operation, work);
  }
}
