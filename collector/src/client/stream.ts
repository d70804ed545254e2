/** The stream of changes, kept open: where it breaks it is taken up where it was. */
import type {
  ChildChange,
  ChildFlow,
  EventChange,
  FlowEvent,
  FlowSummary,
  Step,
  StepChange,
} from "../http/schemas.ts";
import { WeirApiError } from "./api-error.ts";
import { pause } from "./pause.ts";
import { answer, type Connection, queryOf } from "./request.ts";
import { eventsIn, type ServerSentEvent } from "./server-sent-events.ts";

/**
 * `event` and `child` come only of one flow, where that was asked for: what was noted in it, and a flow that it opened.
 * `resync`: changes were missed; what is shown is to be asked for again. `id`: where to go on, for `lastEventId`.
 */
export type StreamChange =
  | { type: "flow"; id: string; flow: FlowSummary }
  | { type: "step"; id: string; tenant: string; flowId: string; step: Step }
  | { type: "event"; id: string; tenant: string; flowId: string; event: FlowEvent }
  | { type: "child"; id: string; tenant: string; flowId: string; child: ChildFlow }
  | { type: "resync"; id: string };

/** Options of `client.stream`. */
export interface StreamOptions {
  /** Ends it: the loop over it is left without an error. */
  signal?: AbortSignal | undefined;
  /** The `id` of the last change that was seen before, also by another process. */
  lastEventId?: string | undefined;
  /** Hears of each time that it breaks, and in how many milliseconds it is tried again. */
  onBreak?: ((error: unknown, retryInMs: number) => void) | undefined;
  /** Milliseconds after which a connection that says nothing is held to be gone. Default 45,000: three of its heartbeats. */
  silentMs?: number | undefined;
}

const LONGEST_WAIT_MS = 30_000;
const KNOWN = new Set(["flow", "step", "event", "child", "resync"]);

/** @throws {WeirApiError} where the first connection fails, and for what will not go well later. */
export async function* stream(
  connection: Connection,
  filter: object,
  options: StreamOptions,
): AsyncGenerator<StreamChange, void, undefined> {
  const { signal, onBreak, silentMs = 45_000 } = options;
  let lastEventId = options.lastEventId;
  let firstWaitMs = 1_000;
  let breaks = 0;
  let wasOpen = false;
  while (!signal?.aborted) {
    const watch = new Watch(silentMs, signal);
    try {
      const headers = {
        accept: "text/event-stream",
        ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
      };
      const response = await answer(connection, {
        path: "/stream",
        query: queryOf(filter),
        headers,
        signal: watch.signal,
      });
      wasOpen = true;
      for await (const event of eventsIn(response.body as ReadableStream<Uint8Array>)) {
        watch.heard();
        breaks = 0;
        firstWaitMs = event.retryMs ?? firstWaitMs;
        if (event.lastEventId !== "") lastEventId = event.lastEventId;
        const change = changeIn(event);
        if (change !== undefined) yield change;
      }
      throw new WeirApiError("the stream has ended", { status: 0, code: "unreachable" });
    } catch (error) {
      if (signal?.aborted) return;
      const final = error instanceof WeirApiError && (!error.passes || !wasOpen);
      if (final) throw error;
      const waitMs = waitBefore(error, firstWaitMs, breaks);
      breaks += 1;
      onBreak?.(error, waitMs);
      await pause(waitMs, signal).catch(() => {});
    } finally {
      watch.end();
    }
  }
}

/** Longer each time, and not the same for all who were cut off together. */
function waitBefore(error: unknown, firstMs: number, breaks: number): number {
  const asked = error instanceof WeirApiError ? error.retryAfterMs : null;
  const grown = Math.min(LONGEST_WAIT_MS, firstMs * 2 ** breaks);
  return Math.round(Math.max(asked ?? 0, grown * (0.5 + Math.random() / 2)));
}

function changeIn({ type, data, lastEventId: id }: ServerSentEvent): StreamChange | undefined {
  if (data === null || !KNOWN.has(type)) return undefined;
  if (type === "flow") return { type, id, flow: JSON.parse(data) as FlowSummary };
  if (type === "step") return { type, id, ...(JSON.parse(data) as StepChange) };
  if (type === "event") return { type, id, ...(JSON.parse(data) as EventChange) };
  if (type === "child") return { type, id, ...(JSON.parse(data) as ChildChange) };
  return { type: "resync", id };
}

/** Aborts what is silent for too long. */
class Watch {
  readonly #ending = new AbortController();
  readonly #silentMs: number;
  readonly signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(silentMs: number, signal: AbortSignal | undefined) {
    this.#silentMs = silentMs;
    this.signal = signal === undefined ? this.#ending.signal : AbortSignal.any([this.#ending.signal, signal]);
    this.heard();
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ending.abort(new Error("the stream was silent")), this.#silentMs);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#ending.abort();
  }
}
