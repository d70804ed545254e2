/** What a request leaves behind is taken away by the quick collections of young garbage, which a service hardly notices. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const WORKER = fileURLToPath(new URL("./young-worker.ts", import.meta.url));
/** Bytes. Node itself leaves some hundred. */
const LITTLE = 1500;

test.concurrent.each(["Express", "Fastify"])(
  "%s, and http of its own",
  async (kind) => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", WORKER, kind]);
    const rounds = JSON.parse(stdout) as number[];
    // In some the engine has begun to collect all garbage by itself: then it counts as less, or more.
    expect(rounds.sort((a, b) => a - b)[2], rounds.join()).toBeLessThan(LITTLE);
  },
  60_000,
);
