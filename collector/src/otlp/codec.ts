/** The two encodings of answers and errors; those of requests are in `ingest.ts`. */
import { create, toBinary } from "@bufbuild/protobuf";
import { RPC_CODE, type WeirError } from "../errors.ts";
import type { Encoding } from "./delivery.ts";
import { ExportTraceServiceResponseSchema, RetryInfoSchema, RpcStatusSchema } from "./gen/otlp_pb.js";
import type { PartialSuccess } from "./receipt.ts";

export interface Codec {
  encoding: Encoding;
  contentType: string;
  /** An `ExportTraceServiceResponse`; also that of logs and metrics, which have the same shape. */
  answer(partial: PartialSuccess): Buffer;
  /** A `google.rpc.Status`. */
  error(error: WeirError): Buffer;
}

const JSON_CODEC = withAnswerReady({
  encoding: "json",
  contentType: "application/json",
  answer: ({ rejectedSpans, errorMessage }) =>
    jsonBytes({
      partialSuccess: {
        // 64-bit integers are text in protobuf's JSON.
        ...(rejectedSpans > 0 && { rejectedSpans: String(rejectedSpans) }),
        ...(errorMessage !== "" && { errorMessage }),
      },
    }),
  error: ({ code, message }) => jsonBytes({ code: RPC_CODE[code], message }),
});

export const PROTOBUF_CODEC = withAnswerReady({
  encoding: "protobuf",
  contentType: "application/x-protobuf",
  answer: ({ rejectedSpans, errorMessage }) => {
    const partialSuccess = { rejectedSpans: BigInt(rejectedSpans), errorMessage };
    const schema = ExportTraceServiceResponseSchema;
    return Buffer.from(toBinary(schema, create(schema, { partialSuccess })));
  },
  error: (error) => rpcStatus(error),
});

/** Nearly every answer is the one that says nothing of spans left out: it is made once. */
function withAnswerReady(codec: Codec): Codec {
  const allTaken = codec.answer({ rejectedSpans: 0, errorMessage: "" });
  return {
    ...codec,
    answer: (partial) =>
      partial.rejectedSpans === 0 && partial.errorMessage === "" ? allTaken : codec.answer(partial),
  };
}

/**
 * A `google.rpc.Status` in protobuf.
 *
 * @param retryAfter seconds after which the sender shall try again, as its `RetryInfo`.
 */
export function rpcStatus({ code, message }: WeirError, retryAfter?: number): Buffer {
  const details = retryAfter === undefined ? [] : [retryInfo(retryAfter)];
  return Buffer.from(
    toBinary(RpcStatusSchema, create(RpcStatusSchema, { code: RPC_CODE[code], message, details })),
  );
}

function retryInfo(seconds: number) {
  const info = create(RetryInfoSchema, { retryDelay: { seconds: BigInt(seconds) } });
  const value = toBinary(RetryInfoSchema, info);
  return { typeUrl: "type.googleapis.com/google.rpc.RetryInfo", value };
}

export const CONTENT_TYPES = [JSON_CODEC.contentType, PROTOBUF_CODEC.contentType];

/** By the request's content type. Parameters do not matter, but for a charset that is not the one of both encodings. */
export function codecOf(contentType: string | undefined): Codec | undefined {
  const [type, ...parameters] = (contentType ?? "").split(";").map((part) => part.trim().toLowerCase());
  if (parameters.some((parameter) => /^charset=(?!"?utf-?8"?$)/.test(parameter))) return undefined;
  return [JSON_CODEC, PROTOBUF_CODEC].find((codec) => codec.contentType === type);
}

/** For errors about the content type itself. */
export const FALLBACK_CODEC = JSON_CODEC;

/** As bytes, to which Fastify adds no charset: some senders compare the content type by the letter. */
function jsonBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
