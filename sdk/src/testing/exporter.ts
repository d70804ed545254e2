/** Where spans go in tests, in place of the network. */
import { flush, type SetupParts } from "../setup.ts";
import type { SpanSource } from "./spans.ts";

type SpanExporter = NonNullable<SetupParts["exporter"]>;
type ReadableSpan = Parameters<SpanExporter["export"]>[0][number];

/** An OpenTelemetry exporter that keeps what it is given, copies of starts included. */
export class InMemoryExporter implements SpanExporter, SpanSource {
  #spans: ReadableSpan[] = [];

  export(batch: ReadableSpan[], done: Parameters<SpanExporter["export"]>[1]): void {
    this.#spans.push(...batch);
    done({ code: 0 });
  }

  /** All so far, in the order in which they were sent; what is open now has sent a copy of its start. */
  getFinishedSpans(): ReadableSpan[] {
    // As this exporter answers at once, all that is queued is here before the call returns.
    void flush();
    return [...this.#spans];
  }

  /** Forgets what it has. */
  reset(): void {
    void flush();
    this.#spans = [];
  }

  async shutdown(): Promise<void> {}
}
