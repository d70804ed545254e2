/**
 * How flows and steps are written as spans: the ends, and the zero-length ones that say a single thing.
 */
import { type Attributes, type Context, SpanStatusCode } from "@opentelemetry/api";
import { ATTR, type EndStatus, EXCEPTION } from "./attributes.ts";
import type { ErrorText } from "./errors.ts";
import type { Redactor } from "./redact.ts";
import type { OpenSpan, Runtime } from "./runtime.ts";

/** How a flow or step ended; `paused` is of flows, which then may go on. */
export interface Ending {
  status: EndStatus | "paused";
  error?: ErrorText | undefined;
  /** Why it was cancelled or paused. */
  reason?: string | undefined;
}

export const SUCCEEDED: Ending = { status: "succeeded" };

/** Writes an ending on an open span, and ends it. */
export function endSpan(rt: Runtime, span: OpenSpan, ending: Ending, at: number = rt.now()): void {
  if (ending.status !== "succeeded") {
    const { error, reason } = ending;
    const { redactor } = rt;
    span.setAttribute(ATTR.status, ending.status);
    if (reason !== undefined) span.setAttribute(ATTR.reason, redactor?.text(reason) ?? reason);
    if (ending.status === "failed")
      recordFailure(span, error && redactor ? redacted(error, redactor) : error, at);
  }
  span.end(at);
}

/** Sends a span of no length: something is said about a moment, by default this one. */
export function sendPoint(
  rt: Runtime,
  name: string,
  attributes: Attributes,
  parent: Context,
  ending?: Ending,
  at: number = rt.now(),
): void {
  const span = rt.spans.startSpan(name, { attributes, startTime: at }, parent);
  if (ending === undefined) span.end(at);
  else {
    // Said in full, also where it succeeded: such a span has nothing else to say.
    if (ending.status === "succeeded") span.setAttribute(ATTR.status, ending.status);
    endSpan(rt, span, ending, at);
  }
}

function redacted({ type, message, stack }: ErrorText, redactor: Redactor): ErrorText {
  return { type, message: redactor.text(message), stack: redactor.text(stack) };
}

function recordFailure(span: OpenSpan, error: ErrorText | undefined, at: number): void {
  if (error === undefined) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    return;
  }
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  const attributes: Attributes = { [EXCEPTION.type]: error.type, [EXCEPTION.message]: error.message };
  if (error.stack !== "") attributes[EXCEPTION.stack] = error.stack;
  span.addEvent(EXCEPTION.event, attributes, at);
}
