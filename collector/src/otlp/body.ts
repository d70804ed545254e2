/** Takes in a body within its limit, and within what may be in hand at once. */
import type { IncomingMessage } from "node:http";
import { WeirError } from "../errors.ts";
import type { Ticket } from "./gate.ts";

/**
 * Counted as it arrives, not as it was announced: a sender that promises much and sends nothing takes up no room.
 *
 * @param limit bytes that it may have.
 * @throws {WeirError} `too_large`; `overloaded`; `invalid_argument` where it breaks off.
 */
export function readBody(payload: IncomingMessage, limit: number, ticket: Ticket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    if (Number(payload.headers["content-length"] ?? 0) > limit) return refuse(tooLarge(limit));
    payload.on("data", take);
    payload.on("end", () => resolve(Buffer.concat(chunks, size)));
    payload.on("error", breakOff);
    payload.on("close", breakOff);

    function take(chunk: Buffer): void {
      size += chunk.length;
      try {
        if (size > limit) throw tooLarge(limit);
        ticket.grow(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        refuse(error);
      }
    }

    /** What still comes is let go by, so that the sender reads the answer instead of a broken pipe. */
    function refuse(error: unknown): void {
      payload.off("data", take);
      chunks.length = 0;
      payload.resume();
      reject(error);
    }

    /** After the end it means nothing. */
    function breakOff(cause?: Error): void {
      reject(new WeirError("invalid_argument", "the body broke off before its end", { cause }));
    }
  });
}

function tooLarge(limit: number): WeirError {
  return new WeirError("too_large", `expected at most ${limit} bytes`);
}
