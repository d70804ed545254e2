/** `Content-Encoding`: undone within a bound, which holds while inflating: a bomb is stopped, not measured. */
import { promisify } from "node:util";
import zlib from "node:zlib";
import { WeirError } from "../errors.ts";
import { turns } from "./turns.ts";

type Inflate = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const gunzip: Inflate = promisify(zlib.gunzip);
const inflateZlib: Inflate = promisify(zlib.inflate);
const inflateRaw: Inflate = promisify(zlib.inflateRaw);
const zstd: Inflate = promisify(zlib.zstdDecompress);

const ENCODINGS = new Map<string, Inflate>([
  ["gzip", gunzip],
  ["x-gzip", gunzip],
  ["deflate", (body, options) => (hasZlibHeader(body) ? inflateZlib : inflateRaw)(body, options)],
  ["zstd", zstd],
]);

/** Each may grow to the limit before it is known how large it is: so few of them at a time. Node has four threads for it. */
const inTurn = turns(4);

/**
 * @param encoding the header's value.
 * @param limit bytes that the result may have.
 * @throws {WeirError} `unsupported_media_type`, `too_large`, or `invalid_argument` for what does not inflate.
 */
export async function inflate(body: Buffer, encoding: string | undefined, limit: number): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return body;
  const undo = ENCODINGS.get(name);
  if (undo === undefined) {
    const got = JSON.stringify(name.slice(0, 100));
    throw new WeirError(
      "unsupported_media_type",
      `Content-Encoding: expected gzip, deflate, zstd or none, got ${got}`,
    );
  }
  try {
    return await inTurn(() => undo(body, { maxOutputLength: limit }));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw new WeirError("too_large", `expected at most ${limit} bytes once inflated`, { cause });
    }
    throw new WeirError("invalid_argument", `the body is not ${name}: ${message}`, { cause });
  }
}

/** `deflate` means zlib's form (RFC 9110), yet some send it bare. */
function hasZlibHeader(body: Buffer): boolean {
  const [first = 0, second = 0] = body;
  return (first & 15) === 8 && ((first << 8) | second) % 31 === 0;
}
