/** The two encodings of answers and errors; those of requests are in `intake.ts`. */
import { create, toBinary } from "@bufbuild/protobuf";
import { RPC_CODE, type WeirError } from "../errors.ts";
import { ExportTraceServiceResponseSchema, RpcStatusSchema } from "./gen/otlp_pb.js";
import type { Encoding } from "./intake.ts";
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

const PROTOBUF_CODEC = withAnswerReady({
  encoding: "protobuf",
  contentType: "application/x-protobuf",
  answer: ({ rejectedSpans, errorMessage }) => {
    const partialSuccess = { rejectedSpans: BigInt(rejectedSpans), errorMessage };
    const schema = ExportTraceServiceResponseSchema;
    return Buffer.from(toBinary(schema, create(schema, { partialSuccess })));
  },
  error: ({ code, message }) => {
    const status = create(RpcStatusSchema, { code: RPC_CODE[code], message });
    return Buffer.from(toBinary(RpcStatusSchema, status));
  },
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

export const CONTENT_TYPES = [JSON_CODEC.contentType, PROTOBUF_CODEC.contentType];

/** By the request's content type; parameters such as `charset` do not matter. */
export function codecOf(contentType: string | undefined): Codec | undefined {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  return [JSON_CODEC, PROTOBUF_CODEC].find((codec) => codec.contentType === type);
}

/** For errors about the content type itself. */
export const FALLBACK_CODEC = JSON_CODEC;

/** As bytes, to which Fastify adds no charset: some senders compare the content type by the letter. */
function jsonBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
