/** Bytes → server-sent events, as the HTML standard reads them. */
export interface ServerSentEvent {
  type: string;
  /** `null`: there was no data, only what came with it. */
  data: string | null;
  /** The last that was said up to here. */
  lastEventId: string;
  /** Milliseconds to wait before one connects again, where that was said. */
  retryMs: number | null;
}

/** Comments, which only keep a connection open, come as events without data too: someone is there. */
export async function* eventsIn(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  let lastEventId = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r\n\r\n|\n\n|\r\r/);
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = eventIn(block, lastEventId);
        lastEventId = event.lastEventId;
        yield event;
      }
    }
  } finally {
    // Also where the reader has had enough: nobody listens any more.
    await reader.cancel().catch(() => {});
  }
}

function eventIn(block: string, idBefore: string): ServerSentEvent {
  const event: ServerSentEvent = { type: "message", data: null, lastEventId: idBefore, retryMs: null };
  for (const line of block.split(/\r\n|\n|\r/)) {
    // `s`: JSON leaves U+2028 and U+2029 as they are, and these break no line here.
    const [, field, value = ""] = /^([^:]+)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === "event") event.type = value;
    else if (field === "data") event.data = event.data === null ? value : `${event.data}\n${value}`;
    else if (field === "id" && !value.includes("\0")) event.lastEventId = value;
    else if (field === "retry" && /^\d+$/.test(value)) event.retryMs = Number(value);
  }
  return event;
}
