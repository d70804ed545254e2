/** Errors as REST answers: `{ "error": { "code", "message" } }`, with the status of the code. */
import type { FastifyReply } from "fastify";
import { errorHeaders, HTTP_STATUS, type WeirError } from "../errors.ts";

export function sendError(reply: FastifyReply, error: WeirError): FastifyReply {
  return reply
    .code(HTTP_STATUS[error.code])
    .headers(errorHeaders(error))
    .type("application/json; charset=utf-8")
    .send({ error: { code: error.code, message: error.message } });
}
