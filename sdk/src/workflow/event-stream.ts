/** `eventStream`: what a subscriber hears, as server-sent events for a page. */
import { describeError } from "../errors.ts";
import type { Message, MessagesOptions, Watchable } from "./handle.ts";

/** Options of `eventStream`. */
export interface EventStreamOptions<S> extends MessagesOptions {
  /** What of the state the page may see. Default: all of it, as JSON. */
  select?: ((state: S) => unknown) | undefined;
  /** Milliseconds between two signs of life, which keep proxies from closing a silent connection. Default 15,000. */
  heartbeat?: number | undefined;
}

/** What a page gets of a message. */
export interface PageMessage<S> {
  readonly type: Message<S>["type"];
  readonly id: string;
  readonly workflow: string;
  readonly status: Message<S>["status"];
  readonly state: S;
  readonly node: string;
  readonly path: readonly string[];
  readonly reason?: string;
  /** Type and message; the stack stays here. */
  readonly error?: { readonly type: string; readonly message: string };
}

/** To be sent with the stream. */
export const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  // nginx would hold events back.
  "x-accel-buffering": "no",
} as const;

const DEFAULT_HEARTBEAT_MS = 15_000;
/** After which a browser tries again where the connection was lost. */
const RETRY_MS = 1000;

/**
 * The messages of a run as server-sent events: first how it stands, then each change, and at last its end, after which the
 * stream closes. A page that connects again gets how the run stands then, so nothing has to be sent twice. A slow page
 * misses states in between, as a slow subscriber does. Where a page leaves, the stream is to be cancelled: `pipeline` of
 * `node:stream` does that, `pipe` does not.
 *
 * @throws {RangeError}
 * @example
 * app.get("/books/:id/events", (req, res) => {
 *   res.writeHead(200, EVENT_STREAM_HEADERS);
 *   pipeline(Readable.fromWeb(eventStream(sync)), res, () => {});
 * });
 */
export function eventStream<S>(
  run: Watchable<S>,
  { select = (state) => state, heartbeat = DEFAULT_HEARTBEAT_MS, limit }: EventStreamOptions<S> = {},
): ReadableStream<Uint8Array> {
  if (!(heartbeat > 0 && heartbeat < 2 ** 31))
    throw new RangeError(
      `eventStream: expected heartbeat to be milliseconds above 0, got ${String(heartbeat)}`,
    );
  const messages = run.messages({ limit });
  const encoder = new TextEncoder();
  let beat: NodeJS.Timeout | undefined;
  const close = () => {
    clearInterval(beat);
    void messages.return();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
        beat = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(": alive\n\n"));
        }, heartbeat).unref();
      },
      async pull(controller) {
        try {
          const next = await messages.next();
          if (next.done === true) {
            close();
            controller.close();
          } else controller.enqueue(encoder.encode(eventText(next.value, select)));
        } catch (error) {
          close();
          throw error;
        }
      },
      cancel: close,
    },
    // One more than what is being read: a slow page leaves its messages where their number is bounded.
    { highWaterMark: 1 },
  );
}

function eventText<S>(message: Message<S>, select: (state: S) => unknown): string {
  const { type, id, workflow, status, state, node, path, reason, error } = message;
  const said = error === undefined ? undefined : describeError(error);
  const page: PageMessage<unknown> = {
    type,
    id,
    workflow,
    status,
    state: select(state),
    node,
    path,
    ...(reason !== undefined && { reason }),
    ...(said !== undefined && { error: { type: said.type, message: said.message } }),
  };
  // JSON has no line break in it. An event named `error` would be taken for one of the connection's own: none has a name.
  return `data: ${JSON.stringify(page)}\n\n`;
}
