/** OTLP over HTTP: `POST /v1/traces`, and polite answers at `/v1/logs` and `/v1/metrics`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { detailOf, errorHeaders, HTTP_STATUS, toWeirError, WeirError } from "../errors.ts";
import { CONTENT_TYPES, type Codec, codecOf, FALLBACK_CODEC } from "./codec.ts";
import type { OtlpCounters } from "./counters.ts";
import { inflate } from "./inflate.ts";
import type { Intake } from "./intake.ts";
import { count } from "./receipt.ts";

export interface OtlpOptions {
  intake: Intake;
  counters: OtlpCounters;
  warn: (line: string) => void;
  /** The one tenant that the sender of a request speaks for; `null`: any. Default: any. */
  tenantOf?: ((request: FastifyRequest) => string | null) | undefined;
  /** Bytes of a body as it comes. Default 20 MiB. */
  bodyLimit?: number;
  /** Bytes of a body once inflated. Default 64 MiB. */
  inflatedLimit?: number;
}

const MIB = 1024 * 1024;

/** Adds the door; its own scope, because bodies and errors have forms of their own here. */
export function addOtlp(app: FastifyInstance, options: OtlpOptions): void {
  const { intake, counters, warn, bodyLimit = 20 * MIB, inflatedLimit = 64 * MIB } = options;
  const { tenantOf = () => null } = options;

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
      const receipt = await intake.take({ encoding: codec.encoding, body, tenant: tenantOf(request) });
      // After the commit: what was not kept will be sent, and counted, again.
      count(counters, receipt);
      return answer(reply, codec, receipt.partial);
    });

    for (const signal of ["logs", "metrics"]) {
      const notKept = { rejectedSpans: 0, errorMessage: `weir keeps no ${signal}` };
      scope.post(`/v1/${signal}`, async (request, reply) => answer(reply, codecOfRequest(request), notKept));
    }
  });
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

function answer(reply: FastifyReply, codec: Codec, partial: Parameters<Codec["answer"]>[0]): FastifyReply {
  return reply.header("content-type", codec.contentType).send(codec.answer(partial));
}
