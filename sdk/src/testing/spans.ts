/** What one span says about its flow, read as the collector reads it. */
import {
  ATTR,
  EXCEPTION,
  KINDS,
  type Kind,
  LABEL_PREFIX,
  PREFIX,
  STEP_KINDS,
  type Status,
  type StepKind,
} from "../attributes.ts";

/** What is read of a span: OpenTelemetry's `ReadableSpan`, of 2.x and 3.x, has it. */
export interface FinishedSpan {
  readonly name: string;
  readonly startTime: readonly [seconds: number, nanos: number];
  readonly endTime: readonly [seconds: number, nanos: number];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: { readonly code: number; readonly message?: string | undefined };
  readonly events: readonly {
    readonly name: string;
    readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  }[];
  readonly parentSpanContext?: { readonly spanId: string } | undefined;
  spanContext(): { spanId: string };
}

/** The exporter of `setupForTests`, or OpenTelemetry's own `InMemorySpanExporter`. */
export interface SpanSource {
  getFinishedSpans(): readonly FinishedSpan[];
}

/** What a flow or step failed with. */
export interface TestFlowError {
  type: string;
  message: string;
  /** With its causes; `null` where there was none. */
  stack: string | null;
}

/** A span of ours. Times are milliseconds since the epoch, with a fraction. */
export interface Said {
  kind: Exclude<Kind, "heartbeat">;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  start: number;
  end: number;
  tenant: string;
  flowId: string;
  flowName: string;
  /** A step's own id, or of an `end` that of the step which it ends. */
  stepId: string | undefined;
  parentStepId: string | undefined;
  stepKind: StepKind;
  attempt: number;
  /** The id of the first attempt, where it says so. */
  attemptOf: string | undefined;
  optional: boolean;
  pending: boolean;
  /** What it says of the end of its flow or step; `undefined` where that goes on. */
  status: Exclude<Status, "running"> | undefined;
  error: TestFlowError | null;
  parentFlow: { tenant: string; id: string } | null;
  labels: Record<string, string>;
  /** The user's own. */
  attributes: Record<string, unknown>;
}

const STATUS_ERROR = 2;

/** `undefined` for what is no span of Weir, or belongs to no flow. */
export function readSpan(span: FinishedSpan): Said | undefined {
  const { attributes } = span;
  const text = (key: string): string | undefined => {
    const value = attributes[key];
    return value === undefined || value === "" ? undefined : String(value);
  };
  const kind = text(ATTR.kind) as Kind | undefined;
  const tenant = text(ATTR.tenant);
  const flowId = text(ATTR.flowId);
  const flowName = text(ATTR.flowName);
  if (kind === undefined || !KINDS.includes(kind) || kind === "heartbeat") return undefined;
  if (tenant === undefined || flowId === undefined || flowName === undefined) return undefined;

  const { spanId } = span.spanContext();
  const pending = attributes[ATTR.pending] === true;
  const status = (text(ATTR.status) ??
    (span.status.code === STATUS_ERROR ? "failed" : "succeeded")) as Status;
  const goesOn = pending || attributes[ATTR.open] === true || status === "running";
  const parentFlowId = text(ATTR.parentFlowId);
  return {
    kind,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    name: span.name,
    start: millis(span.startTime),
    end: millis(span.endTime),
    tenant,
    flowId,
    flowName,
    stepId: text(ATTR.stepId) ?? (kind === "step" ? spanId : undefined),
    parentStepId: text(ATTR.stepParentId),
    stepKind: STEP_KINDS.find((kind) => kind === attributes[ATTR.stepKind]) ?? "step",
    attempt: Number(attributes[ATTR.stepAttempt] ?? 1),
    attemptOf: text(ATTR.stepAttemptOf),
    optional: attributes[ATTR.stepOptional] === true,
    pending,
    status: goesOn ? undefined : status,
    error: status === "failed" || status === "cancelled" ? errorOf(span, status) : null,
    parentFlow:
      parentFlowId === undefined ? null : { tenant: text(ATTR.parentFlowTenant) ?? tenant, id: parentFlowId },
    labels: labelsOf(attributes),
    attributes: Object.fromEntries(Object.entries(attributes).filter(([key]) => !key.startsWith(PREFIX))),
  };
}

function errorOf(span: FinishedSpan, status: "failed" | "cancelled"): TestFlowError | null {
  const exception = span.events.find((event) => event.name === EXCEPTION.event)?.attributes;
  if (exception !== undefined) {
    const stack = exception[EXCEPTION.stack];
    return {
      type: String(exception[EXCEPTION.type] ?? "Error"),
      message: String(exception[EXCEPTION.message] ?? ""),
      stack: typeof stack === "string" ? stack : null,
    };
  }
  const message = String(span.attributes[ATTR.reason] ?? span.status.message ?? "");
  if (message === "") return null;
  return { type: status === "cancelled" ? "Cancelled" : "Error", message, stack: null };
}

function labelsOf(attributes: Readonly<Record<string, unknown>>): Record<string, string> {
  const labels = Object.entries(attributes).filter(([key]) => key.startsWith(LABEL_PREFIX));
  return Object.fromEntries(labels.map(([key, value]) => [key.slice(LABEL_PREFIX.length), String(value)]));
}

function millis([seconds, nanos]: readonly [number, number]): number {
  return seconds * 1000 + nanos / 1e6;
}
