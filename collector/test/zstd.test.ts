/** That a zstd body which breaks off is known as such. */
import { constants, type ZstdOptions, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isWholeZstd } from "../src/otlp/zstd.ts";

const checksum: ZstdOptions = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
/** Raw, repeated and compressed blocks, several of them; long ones and short. */
const contents = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc
    .record({ unit: fc.string({ minLength: 1 }), times: fc.nat(60_000) })
    .map(({ unit, times }) => Buffer.from(unit.repeat(times).slice(0, 400_000))),
);
const options = fc.constantFrom(undefined, checksum);
const skipped = fc.uint8Array({ maxLength: 20 }).map((bytes) => {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d2a53);
  header.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
});
const frame = fc.tuple(contents, options).map(([bytes, how]) => zstdCompressSync(bytes, how));
const frames = fc.array(fc.oneof({ weight: 4, arbitrary: frame }, skipped), { minLength: 1, maxLength: 3 });

describe("a zstd body", () => {
  test("is whole, and cut short anywhere inside its last frame it is not", () => {
    fc.assert(
      fc.property(frames, fc.nat(), (parts, where) => {
        const body = Buffer.concat(parts);
        expect(isWholeZstd(body)).toBe(true);
        const last = parts.at(-1) as Buffer;
        const kept = 1 + (where % (last.length - 1));
        expect(isWholeZstd(body.subarray(0, body.length - last.length + kept))).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  test("that is none is left to whoever inflates it, whatever it is", () => {
    expect(isWholeZstd(Buffer.from("no zstd at all"))).toBe(true);
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(isWholeZstd(Buffer.concat([zstdCompressSync("x"), Buffer.from(bytes)]))).toBeTypeOf("boolean");
      }),
    );
  });
});
