/**
 * What `setup()` made and everything else works with. One per process at a time.
 */
import type { Attributes, Context, Span } from "@opentelemetry/api";
import type { Clock } from "./clock.ts";
import { diagnose } from "./diagnostics.ts";
import type { Pending } from "./pending.ts";
import type { Redactor } from "./redact.ts";
import type { AcceptFrom } from "./trust.ts";

export interface Runtime {
  readonly spans: SpanStarter;
  readonly now: Clock;
  readonly pending: Pending;
  /** Host patterns that may receive flow identity, besides those of the inside. */
  readonly propagateTo: readonly string[];
  /** From whom flow identity is taken. */
  readonly acceptFrom: AcceptFrom;
  /** What takes secrets out of the user's words; `undefined` where that is not wanted. */
  readonly redactor: Redactor | undefined;
  /** Mutable: what this process has open, and what it did outside any flow. */
  readonly counts: Counts;
}

/** How a span begins. */
export interface SpanStart {
  /** The span's own from now on. */
  attributes: Attributes;
  /** Milliseconds since the epoch. */
  startTime: number;
  /** The span's own id, where it is drawn already. A tracer of the user's draws its own. */
  id?: string | undefined;
}

/** What is done with an open span. */
export type OpenSpan = Pick<Span, "spanContext"> & {
  setAttribute(key: string, value: string | boolean): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  addEvent(name: string, attributes: Attributes, at: number): unknown;
  end(at: number): void;
};

/** What starts spans: ours, or a tracer of the user's. */
export interface SpanStarter {
  startSpan(name: string, start: SpanStart, parent: Context): OpenSpan;
}

export interface Counts {
  openFlows: number;
  openSteps: number;
  stepsOutsideFlow: number;
}

let current: Runtime | undefined;
let wasSetUp = false;

/** What `setup()` made; `undefined` before it, after `shutdown()`, and where telemetry is disabled. */
export function runtime(): Runtime | undefined {
  return current;
}

/** The same; says once that `setup()` is missing, where nobody has called it yet. */
export function runtimeFor(call: string): Runtime | undefined {
  if (current === undefined && !wasSetUp) {
    diagnose("not-set-up", `${call} was called before setup(): the function runs, Weir sees nothing of it`);
  }
  return current;
}

/** Puts a runtime in place, or with `undefined` takes it away for good: no one will be asked to call `setup()`. */
export function setRuntime(next: Runtime | undefined): void {
  current = next;
  wasSetUp = true;
}
