/**
 * Spans of Weir's own pipeline. OpenTelemetry's are made for every use: they ask a sampler, look up limits, count
 * metrics, check and copy attributes. None of that is wanted here, and it is most of what a span costs: ours are
 * always kept, and what they say was checked and bounded when it came in (text.ts, errors.ts).
 */
import {
  type Attributes,
  type AttributeValue,
  type Context,
  type HrTime,
  isSpanContextValid,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { ATTR } from "./attributes.ts";
import { newSpanId, newTraceId } from "./ids.ts";
import type { OpenSpan, SpanStart, SpanStarter } from "./runtime.ts";

/** What all spans of a process share, and where those that have ended go. */
export interface Origin<Resource> {
  readonly resource: Resource;
  readonly instrumentationScope: { readonly name: string };
  ended(span: OwnSpan<Resource>): void;
}

interface TimedEvent {
  name: string;
  time: HrTime;
  attributes: Attributes;
}

const UNSET: SpanStatus = { code: SpanStatusCode.UNSET };
const NO_EVENTS: TimedEvent[] = [];

/** Written while it is open, and read as OpenTelemetry's exporters read a span. */
export class OwnSpan<Resource = unknown> implements OpenSpan {
  readonly name: string;
  readonly attributes: Attributes;
  /** Milliseconds since the epoch, as `endedAt`. */
  readonly startedAt: number;
  endedAt: number;
  readonly parentSpanContext?: SpanContext;
  status = UNSET;
  events = NO_EVENTS;
  ended = false;
  readonly id: string;
  readonly traceId: string;
  readonly traceState: SpanContext["traceState"];
  /** Made when first asked for: most spans have none below them. */
  #context: SpanContext | undefined;
  readonly #origin: Origin<Resource>;

  /** @param parent one that is valid */
  constructor(name: string, start: SpanStart, parent: SpanContext | undefined, origin: Origin<Resource>) {
    this.name = name;
    this.attributes = start.attributes;
    this.startedAt = start.startTime;
    this.endedAt = start.startTime;
    this.#origin = origin;
    this.id = start.id ?? newSpanId();
    if (parent !== undefined) this.parentSpanContext = parent;
    this.traceId = parent?.traceId ?? newTraceId();
    this.traceState = parent?.traceState;
  }

  spanContext(): SpanContext {
    this.#context ??= contextOf(this);
    return this.#context;
  }

  setAttribute(key: string, value: AttributeValue): this {
    this.attributes[key] = value;
    return this;
  }

  setStatus(status: SpanStatus): this {
    this.status = status;
    return this;
  }

  addEvent(name: string, attributes: Attributes, at: number): this {
    this.events = [...this.events, { name, time: hrTime(at), attributes }];
    return this;
  }

  /** Ends it once; never before its start. */
  end(at: number): void {
    if (this.ended) return;
    this.ended = true;
    this.endedAt = Math.max(at, this.startedAt);
    this.#origin.ended(this);
  }

  /** The span of which it is the copy that is sent at the start. */
  get copyOf(): string | undefined {
    return this.attributes[ATTR.pending] === true ? this.parentSpanContext?.spanId : undefined;
  }

  get kind(): SpanKind {
    return SpanKind.INTERNAL;
  }

  get startTime(): HrTime {
    return hrTime(this.startedAt);
  }

  get endTime(): HrTime {
    return hrTime(this.endedAt);
  }

  get duration(): HrTime {
    return hrTime(this.endedAt - this.startedAt);
  }

  get resource(): Resource {
    return this.#origin.resource;
  }

  get instrumentationScope(): { readonly name: string } {
    return this.#origin.instrumentationScope;
  }

  get links(): [] {
    return [];
  }

  get droppedAttributesCount(): number {
    return 0;
  }

  get droppedEventsCount(): number {
    return 0;
  }

  get droppedLinksCount(): number {
    return 0;
  }
}

/** Starts spans of ours, below the one that the context holds. */
export function ownSpans<Resource>(origin: Origin<Resource>): SpanStarter {
  return {
    startSpan: (name, start, parent) => new OwnSpan(name, start, validIn(parent), origin),
  };
}

function validIn(parent: Context): SpanContext | undefined {
  const span = trace.getSpan(parent);
  if (span === undefined) return undefined;
  const context = span.spanContext();
  // One of ours needs no looking at.
  return (span as unknown) instanceof OwnSpan || isSpanContextValid(context) ? context : undefined;
}

function contextOf({ traceId, id, traceState }: OwnSpan): SpanContext {
  const context: SpanContext = { traceId, spanId: id, traceFlags: TraceFlags.SAMPLED };
  if (traceState !== undefined) context.traceState = traceState;
  return context;
}

/** To the microsecond, as the clock counts. */
function hrTime(ms: number): HrTime {
  const micros = Math.round(ms * 1000);
  const seconds = Math.floor(micros / 1e6);
  return [seconds, (micros - seconds * 1e6) * 1000];
}
