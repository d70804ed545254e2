/**
 * What flows and steps share: one span that is open here, was left open, or has ended, and the calls that end it.
 */
import type { Attributes, Context } from "@opentelemetry/api";
import { ATTR } from "./attributes.ts";
import { callIn } from "./call.ts";
import { diagnoseInternal } from "./diagnostics.ts";
import { describeError, isAbort } from "./errors.ts";
import type { Outcome } from "./outcome.ts";
import type { OpenSpan, Runtime } from "./runtime.ts";
import { activeContext, type Scope, withScope } from "./scope.ts";
import { type Ending, endSpan, SUCCEEDED } from "./spans.ts";

/**
 * `open`: its span is open in this process. `elsewhere`: it is open, but by no span of this process: another opened
 * it, or this one left it open. `ended`: this handle has ended it.
 */
type State = "open" | "elsewhere" | "ended";

/** `Handle` is the public face of the class that extends this. */
export abstract class Lifecycle<Handle> implements Outcome {
  /** What the span was started with; its pending copy says the same. */
  attributes: Attributes;
  /** Milliseconds since the epoch. */
  startedAt = 0;
  place = -1;
  readonly #counted: "openFlows" | "openSteps";
  #state: State = "elsewhere";
  #span: OpenSpan | undefined;
  #endOnExit = true;
  #thrown: { error: unknown } | undefined;

  abstract readonly name: string;
  abstract readonly runtime: Runtime;
  /** A context that holds the span and nothing else. */
  abstract parent(): Context;
  /** Says that it has ended, where no span of this process can say so by its own end. */
  protected abstract sendEnd(ending: Ending): void;

  constructor(counted: "openFlows" | "openSteps", attributes: Attributes) {
    this.#counted = counted;
    this.attributes = attributes;
  }

  /** The span that is open here, or was. */
  get span(): OpenSpan | undefined {
    return this.#span;
  }

  /** Opens the span, under the one that `parent` holds; with the id `spanId`, where it is one of ours. */
  protected begin(parent: Context, endOnExit: boolean, spanId?: string): OpenSpan {
    const rt = this.runtime;
    this.startedAt = rt.now();
    this.#endOnExit = endOnExit;
    const span = rt.spans.startSpan(
      this.name,
      { attributes: this.attributes, startTime: this.startedAt, id: spanId },
      parent,
    );
    this.#span = span;
    this.#state = "open";
    rt.counts[this.#counted]++;
    rt.pending.add(this);
    return span;
  }

  run<T>(fn: (handle: Handle) => T): T {
    const outcome: Outcome = {
      returned() {},
      threw: (error) => {
        this.#thrown ??= { error };
      },
    };
    const ctx = withScope(activeContext(), this as unknown as Scope);
    return callIn(ctx, outcome, this as unknown as Handle, fn);
  }

  end(): void {
    this.#finish(SUCCEEDED);
  }

  fail(error?: unknown): void {
    this.#finish({ status: "failed", error: error === undefined ? undefined : describeError(error) });
  }

  cancel(reason?: string): void {
    const text = reason === undefined ? undefined : describeError(reason).message;
    this.#finish({ status: "cancelled", reason: text });
  }

  /** The callback that it was opened around returned. */
  returned(): void {
    if (this.#endOnExit) this.#finish(SUCCEEDED);
    else this.#leave();
  }

  /** The callback that it was opened around threw. */
  threw(thrown: unknown): void {
    if (this.#state === "ended") return;
    const error = describeError(thrown);
    this.#finish(
      isAbort(thrown) ? { status: "cancelled", reason: error.message } : { status: "failed", error },
    );
  }

  [Symbol.dispose](): void {
    if (this.#thrown !== undefined) this.threw(this.#thrown.error);
    else this.returned();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }

  #finish(ending: Ending): void {
    const state = this.#state;
    if (state === "ended") return;
    this.#state = "ended";
    try {
      if (state === "open") this.#close(ending);
      else this.sendEnd(ending);
    } catch (error) {
      diagnoseInternal("ending a flow or step", error);
    }
  }

  #leave(): void {
    if (this.#state !== "open") return;
    this.#state = "elsewhere";
    try {
      this.#span?.setAttribute(ATTR.open, true);
      this.#close(SUCCEEDED);
    } catch (error) {
      diagnoseInternal("leaving a flow or step open", error);
    }
  }

  #close(ending: Ending): void {
    const rt = this.runtime;
    rt.counts[this.#counted]--;
    rt.pending.remove(this);
    if (this.#span !== undefined) endSpan(rt, this.#span, ending);
  }
}
