/** OTLP over HTTP: `POST /v1/traces`, and polite answers at `/v1/logs` and `/v1/metrics`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { errorHeaders, HTTP_STATUS, toWeirError, WeirError } from "../errors.ts";
import { readBody, skipBody } from "./body.ts";
import { CONTENT_TYPES, type Codec, codecOf, FALLBACK_CODEC } from "./codec.ts";
import { inflaterOf } from "./inflate.ts";
import { type Intake, notKept, type Unkept } from "./intake.ts";

export interface OtlpHttpOptions {
  /** The one tenant that the sender of a request speaks for; `null`: any. Default: any. */
  tenantOf?: ((request: FastifyRequest) => string | null) | undefined;
}

const SENDS = { access: "send" } as const;
const UNKEPT: Unkept[] = ["logs", "metrics"];

/** Adds the door; its own scope, because bodies and errors have forms of their own here. */
export function addOtlpHttp(
  app: FastifyInstance,
  intake: Intake,
  { tenantOf = () => null }: OtlpHttpOptions = {},
): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Read in the handler: what is held of a body is claimed until its answer.
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.setErrorHandler((thrown, request, reply) => {
      const error = toWeirError(thrown);
      intake.failed("http", error, request.log);
      const codec = codecOf(request.headers["content-type"]) ?? FALLBACK_CODEC;
      reply.code(HTTP_STATUS[error.code]).headers(errorHeaders(error));
      return send(reply, codec, codec.error(error));
    });

    scope.post("/v1/traces", { config: SENDS }, (request, reply) =>
      intake.budget.hold(async (claim) => {
        const codec = codecOfRequest(request);
        const inflate = inflaterOf(request.headers["content-encoding"], intake.inflatedLimit);
        const body = await inflate(await readBody(request.raw, intake.bodyLimit, claim), claim);
        const partial = await intake.take({ door: "http", codec, body, tenant: tenantOf(request) });
        return send(reply, codec, codec.answer(partial));
      }),
    );
    for (const signal of UNKEPT) {
      scope.post(`/v1/${signal}`, { config: SENDS }, async (request, reply) => {
        const codec = codecOfRequest(request);
        await skipBody(request.raw);
        return send(reply, codec, codec.answer(notKept(signal)));
      });
    }
    scope.all("/v1/*", { config: SENDS }, async ({ url }) => {
      const got = JSON.stringify(url.slice(0, 100));
      throw new WeirError("not_found", `expected /v1/traces, /v1/logs or /v1/metrics, got ${got}`);
    });
  });
}

function codecOfRequest(request: FastifyRequest): Codec {
  const type = request.headers["content-type"];
  const codec = codecOf(type);
  if (codec !== undefined) return codec;
  const got = type === undefined ? "none" : JSON.stringify(type.slice(0, 100));
  throw new WeirError(
    "unsupported_media_type",
    `Content-Type: expected ${CONTENT_TYPES.join(" or ")} in UTF-8, got ${got}`,
  );
}

function send(reply: FastifyReply, codec: Codec, body: Buffer): FastifyReply {
  return reply.header("content-type", codec.contentType).send(body);
}
