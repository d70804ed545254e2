/** The way of a span from its start to the network: one of ours, and one through a provider of the user's. */
import type { TracerProvider } from "@opentelemetry/api";
import { ATTR } from "./attributes.ts";
import { type OwnSpan, ownSpans } from "./own-span.ts";
import type { Announceable } from "./pending.ts";
import type { ExportQueue } from "./queue.ts";
import type { SpanStarter } from "./runtime.ts";
import { bodiesFor, SpanWriter, type WrittenSpan } from "./span-bytes.ts";
import { type Exporter, type SpanQueueOptions, spanQueue } from "./span-queue.ts";
import { takeOverBodies } from "./transport.ts";

export interface Pipeline {
  readonly spans: SpanStarter;
  /** Announces an open span by a copy of its start. */
  announce(open: Announceable): void;
  /** `undefined` where the user's provider does the sending. */
  readonly queue: Pick<ExportQueue<unknown>, "hurry" | "drain" | "close" | "counts"> | undefined;
}

const SCOPE = { name: "@weir/sdk" };

export function usersPipeline(provider: TracerProvider): Pipeline {
  const spans: SpanStarter = provider.getTracer(SCOPE.name);
  return { spans, announce: announceBy(spans), queue: undefined };
}

/**
 * A pipeline to an exporter of OpenTelemetry's; diagnostics call it by `endpoint`. Spans wait as bytes where the
 * exporter takes them so, else as they are.
 */
export function ownPipeline<Resource extends { readonly attributes: Readonly<Record<string, unknown>> }>(
  exporter: Exporter<OwnSpan<Resource>>,
  resource: Resource,
  endpoint: string,
  options?: SpanQueueOptions,
): Pipeline {
  if (!takeOverBodies(exporter, bodiesFor(resource, SCOPE))) {
    const queue = spanQueue<OwnSpan<Resource>>(exporter, endpoint, options);
    const spans = ownSpans({ resource, instrumentationScope: SCOPE, ended: (span) => queue.add(span) });
    return { spans, announce: announceBy(spans), queue };
  }
  const ends = new SpanWriter();
  // On pages of their own: a full queue drops copies first, and a page goes only when it is empty.
  const copies = new SpanWriter();
  const queue = spanQueue(exporter as unknown as Exporter<WrittenSpan>, endpoint, options);
  return {
    spans: ownSpans({
      resource,
      instrumentationScope: SCOPE,
      ended(span) {
        // While the queue is full, nothing is written that nobody would send.
        if (queue.admits(false)) queue.add(ends.finished(span));
      },
    }),
    announce({ span }) {
      if (queue.admits(true)) queue.add(copies.copy(span as OwnSpan));
    },
    queue,
  };
}

function announceBy(spans: SpanStarter): Pipeline["announce"] {
  return function announce(open) {
    const attributes = { ...open.attributes, [ATTR.pending]: true };
    spans.startSpan(open.name, { attributes, startTime: open.startedAt }, open.parent()).end(open.startedAt);
  };
}
