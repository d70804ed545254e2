/**
 * What the official exporter's answers mean to our queue, and who retries.
 */
import { ANSWER_TOO_LONG } from "./agent.ts";
import type { Sent } from "./queue.ts";

/** The part of OpenTelemetry's OTLP exporter, private to it, that puts bytes on the wire. */
interface Transport {
  send(data: Uint8Array, timeoutMs: number): Promise<Answer>;
  shutdown(): void;
}

interface Answer extends Seen {
  status: string;
}

/** What the transport saw of one answer, and the exporter keeps to itself. */
export interface Seen {
  retryInMillis?: number | undefined;
  data?: Uint8Array | undefined;
}

/**
 * Takes over the retries. The exporter makes its own, with waits that hold the process open for up to ten seconds
 * and a back-off that a collector just come back must sit out; our queue is made for that. Reaches into the
 * exporter's private fields, which a patch of it may rename: then its own retries stay, and everything works a little
 * slower.
 *
 * @param noteFor where to note the answer to the request that begins now
 * @returns whether it could
 */
export function takeOverRetries(exporter: unknown, noteFor: () => Seen): boolean {
  const delegate = (exporter as { _delegate?: { _transport?: unknown } })._delegate;
  const transport = (delegate?._transport as { _transport?: Partial<Transport> } | undefined)?._transport;
  if (delegate === undefined || typeof transport?.send !== "function") return false;
  const inner = transport as Transport;
  const direct: Transport = {
    async send(data, timeoutMs) {
      const note = noteFor();
      const answer = await inner.send(data, timeoutMs);
      note.retryInMillis = answer.retryInMillis;
      note.data = answer.data;
      return answer;
    },
    shutdown: () => inner.shutdown(),
  };
  delegate._transport = direct;
  return true;
}

/**
 * Has the exporter's requests made by `bodyOf`, of whatever items it is given. Reaches into a private field as
 * `takeOverRetries` does.
 *
 * @returns whether it could; if not, the exporter goes on to expect spans
 */
export function takeOverBodies<Item>(
  exporter: unknown,
  bodyOf: (items: readonly Item[]) => Uint8Array,
): boolean {
  const delegate = (exporter as { _delegate?: { _serializer?: Partial<Serializer> } })._delegate;
  const serializer = delegate?._serializer;
  if (delegate === undefined || typeof serializer?.serializeRequest !== "function") return false;
  delegate._serializer = { ...serializer, serializeRequest: bodyOf as Serializer["serializeRequest"] };
  return true;
}

/** The part of OpenTelemetry's OTLP exporter, private to it, that knows the encoding. */
interface Serializer {
  serializeRequest(items: readonly unknown[]): Uint8Array | undefined;
  deserializeResponse(data: Uint8Array): unknown;
}

const RETRYABLE = new Set([429, 502, 503, 504]);
const TOO_LARGE = 413;

/** What the queue should do with a batch that the exporter could not deliver. */
export function failedWith(error: unknown, seen: Seen): Sent {
  const { code, message, data } = (error ?? {}) as { code?: unknown; message?: unknown; data?: unknown };
  // Node's errors for a refused connection to a name with several addresses have a code and no message.
  let text = typeof message === "string" && message !== "" ? message : String(code ?? "the export failed");
  if (typeof data === "string" && data !== "") text += `: ${data.slice(0, 200)}`;
  if (code === TOO_LARGE) return { result: "split", message: `${code} ${text}` };
  if (typeof code === "number" && !RETRYABLE.has(code)) return { result: "lost", message: `${code} ${text}` };
  // Whoever answers at such length will do so again; the second is the bound of an exporter that was not given our agent.
  if (code === ANSWER_TOO_LONG || text.includes("exceeded size limit"))
    return { result: "lost", message: text };
  return { result: "retry", message: text, afterMs: seen.retryInMillis };
}

/** What a collector that took the batch says of single spans that it refused. */
export function delivered(seen: Seen): Sent {
  if (seen.data === undefined || seen.data.length === 0) return { result: "sent" };
  const answer = parsed(seen.data);
  if (answer === undefined) return { result: "sent", message: NO_OTLP };
  const { rejectedSpans, errorMessage: why } = answer.partialSuccess ?? {};
  const refused = Number(rejectedSpans ?? 0);
  if (!Number.isSafeInteger(refused) || refused <= 0) return { result: "sent" };
  return {
    result: "sent",
    refused,
    message: typeof why === "string" && why !== "" ? why.slice(0, 500) : "the collector refused spans",
  };
}

const NO_OTLP = "a 200 whose body is no OTLP: is it a collector?";

interface ExportResponse {
  partialSuccess?: { rejectedSpans?: unknown; errorMessage?: unknown } | null;
}

/** `undefined`: it is no object in JSON. */
function parsed(body: Uint8Array): ExportResponse | undefined {
  try {
    const answer: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    return typeof answer === "object" && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
}
