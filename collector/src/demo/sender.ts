/** Spans of the demo to a collector, over OTLP as any program would. */
import { setTimeout as sleep } from "node:timers/promises";
import { RETRY_AFTER_SECONDS, WeirError } from "../errors.ts";
import { requestOf, type SentSpan } from "./spans.ts";

/** A collector that is busy is asked again for a minute at most. */
const MOST_TRIES = 60;
/** Spans of one request. */
const AT_ONCE = 1_000;

export interface SenderOptions {
  /** Where the collector is, such as `http://127.0.0.1:4318`. */
  url: string;
  apiKey?: string | undefined;
  signal?: AbortSignal;
}

export class Sender {
  readonly #options: SenderOptions;
  #waiting: SentSpan[] = [];
  /** Spans that the collector would not take. */
  rejected = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /**
   * Sends when there is enough for a request.
   *
   * @throws {WeirError} where the collector is not there, or does not take what this key sends.
   */
  async add(spans: readonly SentSpan[]): Promise<void> {
    for (const span of spans) this.#waiting.push(span);
    while (this.#waiting.length >= AT_ONCE) await this.#send(this.#waiting.splice(0, AT_ONCE));
  }

  /** Sends what waits. */
  async flush(): Promise<void> {
    if (this.#waiting.length > 0) await this.#send(this.#waiting.splice(0));
  }

  async #send(spans: readonly SentSpan[]): Promise<void> {
    const { url, apiKey, signal } = this.#options;
    const body = JSON.stringify(requestOf(spans));
    const headers = {
      "content-type": "application/json",
      ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    };
    for (let tries = 1; ; tries += 1) {
      const response = await fetch(`${url}/v1/traces`, {
        method: "POST",
        headers,
        body,
        signal: signal ?? null,
      }).catch((cause: unknown) => {
        if (signal?.aborted) throw cause;
        throw new WeirError("unavailable", `expected a collector at ${url}, nothing answers there`, {
          cause,
        });
      });
      const said = await response.text();
      if (response.ok) return this.#note(said);
      if (![429, 503].includes(response.status) || tries === MOST_TRIES) {
        throw new WeirError(
          "unavailable",
          `the collector at ${url} answered ${response.status}: ${messageIn(said)}`,
        );
      }
      const seconds = Number(response.headers.get("retry-after") ?? RETRY_AFTER_SECONDS);
      await sleep(seconds * 1000, undefined, signal && { signal });
    }
  }

  #note(said: string): void {
    const { partialSuccess } = JSON.parse(said) as { partialSuccess?: { rejectedSpans?: number | string } };
    this.rejected += Number(partialSuccess?.rejectedSpans ?? 0);
  }
}

function messageIn(said: string): string {
  try {
    return String((JSON.parse(said) as { message?: unknown }).message ?? said);
  } catch {
    return said.slice(0, 200);
  }
}
