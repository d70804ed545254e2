/** The body of an HTTP request as it comes, within its limits while it comes. */
import type { IncomingMessage } from "node:http";
import { WeirError } from "../errors.ts";
import { release } from "../own-bytes.ts";
import type { Claim } from "./budget.ts";

/**
 * By events: an async iterator costs a small request more than its decoding does.
 *
 * @param limit bytes that it may have. One that says it has more is not kept at all.
 * @throws {WeirError} `too_large`, `overloaded`, or `invalid_argument` for one that breaks off
 */
export function readBody(request: IncomingMessage, limit: number, claim: Claim): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge(limit);
    const chunks: Buffer[] = [];
    let size = 0;
    let whole = false;
    const take = (chunk: Buffer) => {
      size += chunk.length;
      try {
        if (size > limit) throw tooLarge(limit);
        claim.add(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        // The rest is read past, so that the sender hears why, and the connection can go on.
        request.off("data", take).resume();
        reject(error);
      }
    };
    const breakOff = (cause?: Error) => {
      // Each is closed in the end, and an error takes long to make.
      if (whole) return;
      reject(new WeirError("invalid_argument", "expected a whole body, got one that breaks off", { cause }));
    };
    request.on("data", take).on("error", breakOff).on("close", breakOff);
    request.on("end", () => {
      whole = true;
      resolve(joined(chunks, size));
    });
  });
}

function joined(chunks: Buffer[], size: number): Buffer {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const whole = Buffer.concat(chunks, size);
  for (const chunk of chunks) release(chunk);
  return whole;
}

/** Reads the body to its end, wherever that is, and keeps nothing of it. */
export function skipBody(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const done = () => resolve();
    request.on("end", done).on("error", done).on("close", done).resume();
  });
}

function tooLarge(limit: number): WeirError {
  return new WeirError("too_large", `expected a body of at most ${limit} bytes; send smaller batches`);
}
