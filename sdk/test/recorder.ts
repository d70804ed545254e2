/** An in-memory stand-in for the network, and the spans as tests want to read them. */
import type { Attributes, HrTime } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { afterEach } from "vitest";
import type { Diagnostic } from "../src/diagnostics.ts";
import type { SetupOptions } from "../src/options.ts";
import { flush, type SetupParts, setupWith, shutdown } from "../src/setup.ts";
import { InMemoryExporter } from "../src/testing.ts";

export interface Seen {
  name: string;
  spanId: string;
  parentSpanId: string | undefined;
  traceId: string;
  attributes: Attributes;
  /** `weir.kind` */
  kind: unknown;
  pending: boolean;
  open: boolean;
  /** What the collector makes of it. */
  status: string;
  /** Milliseconds since the epoch. */
  start: number;
  end: number;
  error: Attributes | undefined;
  resource: Attributes;
}

export interface Recorder {
  /** All that was sent so far, in order; flushes first. */
  spans(): Promise<Seen[]>;
  /** The same without pending copies. */
  finished(): Promise<Seen[]>;
  /** The one span with this name that is no pending copy. */
  one(name: string): Promise<Seen>;
  diagnostics: Diagnostic[];
  codes(): string[];
}

/** Sets the SDK up to record, until the end of the test. Open spans are not announced unless asked for. */
export function record(options: SetupOptions = {}, parts: SetupParts = {}): Recorder {
  const exporter = new InMemoryExporter();
  const diagnostics: Diagnostic[] = [];
  setupWith(
    { onDiagnostic: (diagnostic) => diagnostics.push(diagnostic), ...options },
    { exporter, env: {}, ...parts },
  );

  const recorder: Recorder = {
    async spans() {
      await flush();
      return exporter.getFinishedSpans().map(seen);
    },
    async finished() {
      return (await recorder.spans()).filter((span) => !span.pending);
    },
    async one(name) {
      const found = (await recorder.finished()).filter((span) => span.name === name);
      if (found.length !== 1) throw new Error(`expected one span named ${name}, got ${found.length}`);
      return found[0] as Seen;
    },
    diagnostics,
    codes: () => diagnostics.map((diagnostic) => diagnostic.code),
  };
  return recorder;
}

afterEach(async () => {
  await shutdown(100);
});

function seen(span: ReadableSpan): Seen {
  const { attributes } = span;
  return {
    name: span.name,
    spanId: span.spanContext().spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    traceId: span.spanContext().traceId,
    attributes,
    kind: attributes["weir.kind"],
    pending: attributes["weir.pending"] === true,
    open: attributes["weir.open"] === true,
    status: String(attributes["weir.status"] ?? (span.status.code === 2 ? "failed" : "succeeded")),
    start: millis(span.startTime),
    end: millis(span.endTime),
    error: span.events.find((event) => event.name === "exception")?.attributes,
    resource: span.resource.attributes,
  };
}

function millis([seconds, nanos]: HrTime): number {
  return seconds * 1000 + nanos / 1e6;
}

/** What a function throws. */
export function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error("expected it to throw");
}
