/** The two encodings: how a request is read, and how answers and errors are written in the same. */
import { create, toBinary } from "@bufbuild/protobuf";
import { RPC_CODE, type WeirError } from "../errors.ts";
import type { EncodingName } from "./counters.ts";
import { ExportTraceServiceResponseSchema, RpcStatusSchema } from "./gen/otlp_pb.js";
import { decodeJson } from "./json.ts";
import { decodeProtobuf } from "./protobuf.ts";
import type { RawSpan } from "./raw-span.ts";
import type { PartialSuccess } from "./receive.ts";

export interface Codec {
  name: EncodingName;
  contentType: string;
  /** @throws {MalformedError} */
  decode(body: Buffer): RawSpan[];
  /** An `ExportTraceServiceResponse`; also that of logs and metrics, which have the same shape. */
  answer(partial: PartialSuccess): Buffer;
  /** A `google.rpc.Status`. */
  error(error: WeirError): Buffer;
}

const JSON_CODEC: Codec = {
  name: "json",
  contentType: "application/json",
  decode: decodeJson,
  answer: ({ rejectedSpans, errorMessage }) =>
    jsonBytes({
      partialSuccess: {
        // 64-bit integers are text in protobuf's JSON.
        ...(rejectedSpans > 0 && { rejectedSpans: String(rejectedSpans) }),
        ...(errorMessage !== "" && { errorMessage }),
      },
    }),
  error: ({ code, message }) => jsonBytes({ code: RPC_CODE[code], message }),
};

const PROTOBUF_CODEC: Codec = {
  name: "protobuf",
  contentType: "application/x-protobuf",
  decode: decodeProtobuf,
  answer: ({ rejectedSpans, errorMessage }) => {
    const partialSuccess = { rejectedSpans: BigInt(rejectedSpans), errorMessage };
    const schema = ExportTraceServiceResponseSchema;
    return Buffer.from(toBinary(schema, create(schema, { partialSuccess })));
  },
  error: ({ code, message }) => {
    const status = create(RpcStatusSchema, { code: RPC_CODE[code], message });
    return Buffer.from(toBinary(RpcStatusSchema, status));
  },
};

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
