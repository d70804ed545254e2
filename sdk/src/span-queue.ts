/**
 * The queue of finished spans, with an OpenTelemetry exporter at its end.
 */
import { diagnose } from "./diagnostics.ts";
import { ExportQueue, type QueueOptions, type Sent } from "./queue.ts";
import { delivered, failedWith, type Seen } from "./transport.ts";
import { unseen } from "./unseen.ts";

/** What we need to know of a finished span, and of an exporter: only setup.ts knows OpenTelemetry's own types. */
interface FinishedSpan {
  readonly id: string;
  /** The span of which it is the copy sent at the start. */
  readonly copyOf: string | undefined;
}

export interface Exporter<S> {
  export(batch: S[], done: (result: { code: number; error?: Error }) => void): void;
}

export type SpanQueueOptions = Partial<
  Pick<QueueOptions<unknown>, "bound" | "batchSize" | "delayMs" | "lanes">
>;

let note: Seen = {};

/** Where the answer to the request that begins now is noted. The exporter begins it before `export` returns. */
export function noteOfRequest(): Seen {
  return note;
}

/** A queue that sends through `exporter`; diagnostics call it by `endpoint`. */
export function spanQueue<S extends FinishedSpan>(
  exporter: Exporter<S>,
  endpoint: string,
  options: SpanQueueOptions = {},
): ExportQueue<S> {
  let down = false;

  function send(batch: S[]): Promise<Sent> {
    return new Promise((resolve) => {
      const seen: Seen = {};
      note = seen;
      unseen(() => {
        exporter.export(batch, (result) => {
          const sent = result.code === 0 ? delivered(seen) : failedWith(result.error, seen);
          if (sent.result === "retry" && !down) {
            diagnose(
              "export-failed",
              `${endpoint} takes no spans: ${sent.message}. They are kept and sent later; weir doctor says what is wrong`,
            );
          }
          if (sent.result === "sent" && sent.refused === undefined && sent.message !== undefined) {
            diagnose("answer-unknown", `${endpoint} took spans with ${sent.message}`);
          }
          down = sent.result === "retry";
          resolve(sent);
        });
      });
    });
  }

  return new ExportQueue<S>({
    send,
    compact: withoutNeedlessCopies,
    expendable: isPending,
    onLoss(count, why, refused) {
      const subject = refused ? "refused" : why;
      diagnose("spans-dropped", `spans lost: ${count}, as ${why}; health().dropped counts them`, subject);
    },
    ...options,
  });
}

function isPending(span: FinishedSpan): boolean {
  return span.copyOf !== undefined;
}

/** A copy sent at the start says nothing that the finished span in the same batch does not say. */
function withoutNeedlessCopies<S extends FinishedSpan>(batch: S[]): S[] {
  const copies = batch.reduce((count, span) => count + (isPending(span) ? 1 : 0), 0);
  if (copies === 0 || copies === batch.length) return batch;
  const finished = new Set<string>();
  for (const span of batch) if (!isPending(span)) finished.add(span.id);
  return batch.filter((span) => span.copyOf === undefined || !finished.has(span.copyOf));
}
