/** OTLP over HTTP: `POST /v1/traces`, and polite answers at `/v1/logs` and `/v1/metrics`. */
import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { errorHeaders, HTTP_STATUS, toWeirError, WeirError } from "../errors.ts";
import type { Admit } from "./admit.ts";
import { readBody } from "./body.ts";
import { CONTENT_TYPES, type Codec, codecOf, FALLBACK_CODEC } from "./codec.ts";
import { Complaints } from "./complaints.ts";
import type { OtlpTraffic } from "./counters.ts";
import type { Gate, Ticket } from "./gate.ts";
import { inflate } from "./inflate.ts";
import type { Limiter } from "./limits/limiter.ts";
import { MalformedError, type RawSpan } from "./raw-span.ts";
import { type Accept, receive } from "./receive.ts";

export interface OtlpOptions {
  accept: Accept;
  counters: OtlpTraffic;
  gate: Gate;
  /** Holds tenants to their limits. Default: none. */
  limiter?: Limiter | undefined;
  /** What the sender of a request may say. Default: everything. */
  admit?: ((request: FastifyRequest) => Admit | undefined) | undefined;
  /** Bytes of a body as it comes. Default 20 MiB. */
  bodyLimit?: number;
  /** Bytes of a body once inflated. Default 64 MiB. */
  inflatedLimit?: number;
}

declare module "fastify" {
  interface FastifyRequest {
    /** What this request holds of the gate's bound; `null` outside the OTLP door. */
    ticket: Ticket | null;
  }
}

const MIB = 1024 * 1024;

/** Adds the door; its own scope, because bodies and errors have forms of their own here. */
export function addOtlp(app: FastifyInstance, options: OtlpOptions): void {
  const { accept, counters, gate, limiter, admit, bodyLimit = 20 * MIB, inflatedLimit = 64 * MIB } = options;
  const complaints = new Complaints();

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.decorateRequest("ticket", null);
    scope.addContentTypeParser(CONTENT_TYPES, (request: FastifyRequest, payload: IncomingMessage) =>
      readBody(payload, bodyLimit, ticketOf(request)),
    );
    scope.addHook("onRequest", async (request, reply) => {
      const ticket = gate.enter(0);
      request.ticket = ticket;
      reply.raw.once("close", ticket.abandon);
    });
    scope.setErrorHandler((thrown, request, reply) => {
      const error = toWeirError(thrown);
      if (error.code === "internal") request.log.error({ err: error.cause }, "a request failed");
      if (isRefusal(error)) {
        gate.countRefused(error.code);
        complaints.about(error, request.log);
      }
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
      const ticket = ticketOf(request);
      try {
        const body = await bodyOf(request, inflatedLimit);
        ticket.grow(body.length - sizeOf(request));
        await ticket.turn();
        const partial = await receive(decode(codec, body), {
          accept,
          counters: counters.by("http", codec.name),
          admit: admit?.(request),
          limiter,
        });
        return answer(reply, codec, partial);
      } finally {
        ticket.leave();
      }
    });

    for (const signal of ["logs", "metrics"]) {
      const notKept = { rejectedSpans: 0, errorMessage: `weir keeps no ${signal}` };
      scope.post(`/v1/${signal}`, async (request, reply) => answer(reply, codecOfRequest(request), notKept));
    }
  });
}

/** The sender is to send it again. */
function isRefusal({ code }: WeirError): boolean {
  return code === "unavailable" || code === "overloaded";
}

function ticketOf({ ticket }: FastifyRequest): Ticket {
  if (ticket === null) throw new TypeError("expected a request that came in by the gate");
  return ticket;
}

function sizeOf({ body }: FastifyRequest): number {
  return Buffer.isBuffer(body) ? body.length : 0;
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
