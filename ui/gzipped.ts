import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** A packet holds as much: less would not arrive sooner. */
const least = 1_400;

/** Puts a `.gz` beside each built file, so that the collector need not compress the same ones for every visitor. */
export function gzipped(): Plugin {
  return {
    name: "gzipped",
    apply: "build",
    writeBundle({ dir }, bundle) {
      for (const file of Object.values(bundle)) {
        const content = Buffer.from(file.type === "chunk" ? file.code : file.source);
        if (dir === undefined || content.length < least) continue;
        const level = constants.Z_BEST_COMPRESSION;
        writeFileSync(join(dir, `${file.fileName}.gz`), gzipSync(content, { level }));
      }
    },
  };
}
