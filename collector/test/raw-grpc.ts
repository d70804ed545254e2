/** A gRPC client that can send any bytes. */
import { once } from "node:events";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { RetryInfoSchema } from "../src/otlp/gen/otlp_pb.js";
import type { Outcome } from "./otlp.contract.ts";
import { ExportTraceServiceResponseSchema, RpcStatusSchema } from "./otlp-support.ts";

export const PATHS = {
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
};

export interface RawCall {
  path?: string;
  /** Framed, and marked as encoded where an encoding is named. */
  message?: Buffer;
  encoding?: string | undefined;
  /** In place of a framed message. */
  bytes?: Buffer;
  headers?: Record<string, string>;
}

export interface RawAnswer {
  /** Headers and trailers. */
  headers: IncomingHttpHeaders;
  /** Of the first message. */
  message: Buffer;
}

/** One HTTP/2 connection; what it sends need not be gRPC. */
export class RawGrpc {
  readonly #session;

  constructor(url: string) {
    this.#session = connect(url);
    this.#session.on("error", () => {});
  }

  /** @throws when the stream ends without an answer */
  call(call: RawCall): Promise<RawAnswer> {
    const { message = Buffer.alloc(0), encoding, bytes = frame(message, encoding !== undefined) } = call;
    return this.begin(bytes, call).finish();
  }

  /** Sends bytes, and holds back the end. */
  begin(bytes: Buffer, { path = PATHS.traces, encoding, headers }: RawCall = {}) {
    const stream = this.#session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...(encoding !== undefined && { "grpc-encoding": encoding }),
      ...headers,
    });
    const received: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    const keep = (more: IncomingHttpHeaders) => void Object.assign(received, more);
    stream
      .on("response", keep)
      .on("trailers", keep)
      .on("error", () => {});
    stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
    const closed = once(stream, "close");
    const written = new Promise<void>((resolve) => stream.write(bytes, () => resolve()));
    const answer = (): RawAnswer => {
      if (received[":status"] === undefined) throw new Error("the stream ended without an answer");
      return { headers: received, message: Buffer.concat(chunks).subarray(5) };
    };
    return {
      written,
      /** For answers that do not wait for the end. */
      answered: async () => {
        await once(stream, "end");
        return answer();
      },
      finish: async () => {
        stream.end();
        await closed;
        return answer();
      },
    };
  }

  close(): void {
    this.#session.destroy();
  }
}

export function frame(message: Buffer, encoded = false): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(encoded ? 1 : 0, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export function outcomeOf({ headers, message }: RawAnswer): Outcome {
  const code = Number(headers["grpc-status"]);
  if (code === 0) {
    const { partialSuccess } = fromBinary(ExportTraceServiceResponseSchema, message);
    return {
      is: "taken",
      rejectedSpans: Number(partialSuccess?.rejectedSpans ?? 0),
      errorMessage: partialSuccess?.errorMessage ?? "",
    };
  }
  const text = decodeURIComponent(String(headers["grpc-message"]));
  const details = headers["grpc-status-details-bin"];
  if (details === undefined) return { is: "refused", code, message: text };
  const status = fromBinary(RpcStatusSchema, Buffer.from(String(details), "base64"));
  const [detail] = status.details;
  if (status.code !== code || status.message !== text || detail?.typeUrl !== RETRY_INFO) {
    throw new Error(`expected a status with ${RETRY_INFO} as its detail, got ${JSON.stringify(detail)}`);
  }
  const { retryDelay } = fromBinary(RetryInfoSchema, detail.value);
  return { is: "put off", code, message: text, retryAfter: Number(retryDelay?.seconds) };
}

const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";
