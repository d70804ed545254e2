/** `Content-Encoding`: undone within a bound, which holds while inflating: a bomb is stopped, not measured. */
import type { Transform } from "node:stream";
import { createGunzip, createInflate, createInflateRaw, createZstdDecompress } from "node:zlib";
import { WeirError } from "../errors.ts";
import type { Claim } from "./budget.ts";
import { isWholeZstd } from "./zstd.ts";

/** By the body, because one name may stand for two forms. */
const ENCODINGS = new Map<string, (body: Buffer) => Transform>([
  ["gzip", () => createGunzip()],
  ["x-gzip", () => createGunzip()],
  ["deflate", (body) => (hasZlibHeader(body) ? createInflate() : createInflateRaw())],
  ["zstd", () => createZstdDecompress()],
]);

/** How a body becomes what it was before it was encoded. */
export type Inflate = (body: Buffer, claim: Claim) => Promise<Buffer>;

/**
 * What undoes an encoding.
 *
 * @param encoding the header's value. Several at once are none that is known: nobody who sends telemetry does that.
 * @param limit bytes that the result may have.
 * @returns a function that throws `too_large`, `overloaded`, or `invalid_argument` for what does not inflate.
 * @throws {WeirError} `unsupported_media_type`
 */
export function inflaterOf(encoding: string | undefined, limit: number): Inflate {
  const name = encoding?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return async (body) => body;
  const open = ENCODINGS.get(name);
  if (open !== undefined)
    return async (body, claim) => {
      if (name === "zstd" && !isWholeZstd(body))
        throw new WeirError("invalid_argument", "the body is not zstd: it breaks off");
      return inflate(name, open(body), body, limit, claim);
    };
  const got = JSON.stringify(name.slice(0, 100));
  throw new WeirError(
    "unsupported_media_type",
    `Content-Encoding: expected one of gzip, deflate, zstd or none, got ${got}`,
  );
}

function inflate(
  name: string,
  engine: Transform,
  body: Buffer,
  limit: number,
  claim: Claim,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    engine.on("data", (chunk: Buffer) => {
      size += chunk.length;
      try {
        if (size > limit)
          throw new WeirError("too_large", `expected a body of at most ${limit} bytes once inflated`);
        claim.add(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        engine.destroy();
        reject(error);
      }
    });
    engine.on("end", () => resolve(Buffer.concat(chunks, size)));
    engine.on("error", (cause) => {
      reject(new WeirError("invalid_argument", `the body is not ${name}: ${cause.message}`, { cause }));
    });
    engine.end(body);
  });
}

/** `deflate` means zlib's form (RFC 9110), yet some send it bare. */
function hasZlibHeader(body: Buffer): boolean {
  const [first = 0, second = 0] = body;
  return (first & 15) === 8 && ((first << 8) | second) % 31 === 0;
}
