/** OTLP over HTTP: `POST /v1/traces`, and polite answers at `/v1/logs` and `/v1/metrics`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { detailOf, errorHeaders, HTTP_STATUS, toWeirError, WeirError } from "../errors.ts";
import type { Admit } from "./admit.ts";
import { CONTENT_TYPES, type Codec, codecOf, FALLBACK_CODEC } from "./codec.ts";
import type { OtlpCounters } from "./counters.ts";
import { inflate } from "./inflate.ts";
import { MalformedError, type RawSpan } from "./raw-span.ts";
import { type Accept, receive } from "./receive.ts";

export interface OtlpOptions {
  accept: Accept;
  counters: OtlpCounters;
  warn: (line: string) => void;
  /** What the sender of a request may say. Default: everything. */
  admit?: ((request: FastifyRequest) => Admit | undefined) | undefined;
  /** Bytes of a body as it comes. Default 20 MiB. */
  bodyLimit?: number;
  /** Bytes of a body once inflated. Default 64 MiB. */
  inflatedLimit?: number;
}

const MIB = 1024 * 1024;

/** Adds the door; its own scope, because bodies and errors have forms of their own here. */
export function addOtlp(app: FastifyInstance, options: OtlpOptions): void {
  const { accept, counters, warn, admit, bodyLimit = 20 * MIB, inflatedLimit = 64 * MIB } = options;

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(CONTENT_TYPES, { parseAs: "buffer", bodyLimit }, (_request, body, done) => {
      done(null, body);
    });
    scope.setErrorHandler((thrown, request, reply) => {
      const error = toWeirError(thrown);
      if (error.code === "internal") warn(detailOf(error.cause));
      const codec = codecOf(request.headers["content-type"]) ?? FALLBACK_CODEC;
      const body = codec.error(error);
      return reply
        .code(HTTP_STATUS[error.code])
        .headers(errorHeaders(error))
        .header("content-type", codec.contentType)
        .send(body);
    });

    scope.post("/v1/traces", async (request, reply) => {
      const codec = codecOfRequest(request);
      const body = await bodyOf(request, inflatedLimit);
      const partial = await receive(decode(codec, body), { accept: keep, counters, admit: admit?.(request) });
      return answer(reply, codec, partial);
    });

    for (const signal of ["logs", "metrics"]) {
      const notKept = { rejectedSpans: 0, errorMessage: `weir keeps no ${signal}` };
      scope.post(`/v1/${signal}`, async (request, reply) => answer(reply, codecOfRequest(request), notKept));
    }
  });

  /** What the store can't keep now it may later: whatever the cause, the sender shall try again. */
  async function keep(observations: Parameters<Accept>[0]): Promise<void> {
    try {
      await accept(observations);
    } catch (cause) {
      if (cause instanceof WeirError && (cause.code === "unavailable" || cause.code === "overloaded"))
        throw cause;
      warn(`spans were not kept: ${detailOf(cause)}`);
      throw new WeirError("unavailable", "the store did not keep the spans; send them again", { cause });
    }
  }
}

function codecOfRequest(request: FastifyRequest): Codec {
  const type = request.headers["content-type"];
  const codec = codecOf(type);
  if (codec !== undefined) return codec;
  const got = type === undefined ? "none" : JSON.stringify(type.slice(0, 100));
  throw new WeirError(
    "unsupported_media_type",
    `Content-Type: expected ${CONTENT_TYPES.join(" or ")}, got ${got}`,
  );
}

function bodyOf({ body, headers }: FastifyRequest, limit: number): Promise<Buffer> {
  return inflate(Buffer.isBuffer(body) ? body : Buffer.alloc(0), headers["content-encoding"], limit);
}

function decode(codec: Codec, body: Buffer): RawSpan[] {
  try {
    return codec.decode(body);
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new WeirError(
      "invalid_argument",
      `the body is not ${codec.contentType} of OTLP: ${cause.message}`,
      { cause },
    );
  }
}

function answer(reply: FastifyReply, codec: Codec, partial: Parameters<Codec["answer"]>[0]): FastifyReply {
  return reply.header("content-type", codec.contentType).send(codec.answer(partial));
}
