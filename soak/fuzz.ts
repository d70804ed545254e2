/**
 * Hostile bodies at a real collector, a third to each door: it must answer each of them as a mistake of its sender's or
 * as taken, say nothing to its log, and hold no more memory at the end than when it was warm.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostileJson, hostileProtobuf } from "../collector/test/hostile.ts";
import { frame, RawGrpc } from "../collector/test/raw-grpc.ts";
import { Child } from "../scripts/child.ts";
import { residentKiB } from "../scripts/process-memory.ts";
import { ROOT } from "../scripts/run.ts";
import { Pipeline } from "./pipeline.ts";
import type { Soak } from "./soak.ts";

/** Of each door. With `BATCH`, as many calls as gRPC's door reads at a time: of more it says that it is too busy. */
const CONNECTIONS = 2;
const BATCH = 32;
const ROUNDS = 20;
/** Of the answers: a machine that has other things to do turns some away, which tries nothing. */
const MOST_TURNED_AWAY = 0.01;
/** What a warm process may still gain: the heap's breathing, and caches on their way to their bounds. */
const GROWTH = 1.3;
/** A body is answered within this time, or the collector hangs. */
const LONGEST_MS = 30_000;

const BUSY = 429;
const HTTP_ANSWERS = [200, 400, 413, 415, BUSY];
/** OK, INVALID_ARGUMENT, RESOURCE_EXHAUSTED (too large, or too busy), UNIMPLEMENTED; INTERNAL where gRPC's library can't inflate. */
const GRPC_ANSWERS = [0, 3, 8, 12, 13];

/** Sends the messages of these seeds; returns their answers' codes in order. */
type Send = (seeds: number[]) => Promise<number[]>;

export const fuzz: Soak = {
  what: "hostile bodies at each door",
  count: 10_000_000,

  async run({ count, seed, say }) {
    const folder = mkdtempSync(join(tmpdir(), "weir-soak-"));
    const complaints: string[] = [];
    const collector = new Child({
      name: "collector",
      command: process.execPath,
      args: [
        join(ROOT, "collector", "bin", "weir.mjs"),
        ...["serve", "--port", "0", "--grpc-port", "0", "--store", `sqlite:${join(folder, "weir.db")}`],
        // What is a sender's mistake, or turned away, is told below it.
        ...["--log-level", "error"],
      ],
      cwd: folder,
      onLine: (line) => void complaints.push(line),
    });
    try {
      const [http, grpc] = await Promise.all([
        collector.says(/listening on (http:\S+)/),
        collector.says(/gRPC on (\S+)/),
      ]);
      if (!http?.[1] || !grpc?.[1]) throw new Error(`the collector did not start: ${complaints.join("; ")}`);
      const doors = [
        ...Array.from({ length: CONNECTIONS }, () =>
          overHttp(http[1] as string, "application/json", hostileJson),
        ),
        ...Array.from({ length: CONNECTIONS }, () =>
          overHttp(http[1] as string, "application/x-protobuf", hostileProtobuf),
        ),
        ...Array.from({ length: CONNECTIONS }, () => overGrpc(`http://${grpc[1]}`)),
      ];
      const memory: number[] = [];
      let turnedAway = 0;
      let next = seed;
      const perDoor = Math.ceil(count / ROUNDS / doors.length);
      for (let round = 1; round <= ROUNDS; round++) {
        const began = performance.now();
        await Promise.all(
          doors.map(async ({ send, answers }, at) => {
            for (let sent = 0; sent < perDoor; sent += BATCH) {
              const size = Math.min(BATCH, perDoor - sent);
              const seeds = Array.from({ length: size }, () => next++ % 2 ** 31);
              const got = await inTime(send(seeds), seeds);
              check(got, seeds, answers, at);
              turnedAway += got.filter((code) => code === BUSY).length;
            }
          }),
        );
        const rate = (perDoor * doors.length * 1000) / (performance.now() - began);
        memory.push(Math.round(residentKiB(collector.pid) / 1024));
        const bodies = `${round * perDoor * doors.length} bodies, ${turnedAway} of them turned away`;
        say(`${bodies}, ${Math.round(rate)} a second, ${memory.at(-1)} MB`);
        if (complaints.length > 0)
          throw new Error(`expected nothing in the log, got ${complaints.join("; ")}`);
      }
      if (turnedAway > count * MOST_TURNED_AWAY)
        throw new Error(`expected a collector that has the time, it turned ${turnedAway} away of ${count}`);
      // Warm from the fifth on.
      const [warm = 0] = memory.slice(ROUNDS / 4);
      const last = Math.min(...memory.slice(-3));
      if (last > warm * GROWTH)
        throw new Error(`expected no growth in memory, got ${warm} MB, then ${last} MB`);
      const health = await fetch(`${http[1]}/healthz`);
      if (!health.ok) throw new Error(`expected /healthz to be 200, got ${health.status}`);
      for (const { close } of doors) close();
    } finally {
      await collector.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface DoorInUse {
  send: Send;
  answers: number[];
  close: () => void;
}

function overHttp(url: string, contentType: string, hostile: typeof hostileJson): DoorInUse {
  const pipeline = new Pipeline(url);
  const send: Send = (seeds) =>
    pipeline.post(
      "/v1/traces",
      seeds.map((seed) => {
        const { body, encoding } = hostile(seed);
        return {
          body,
          headers: { "content-type": contentType, ...(encoding && { "content-encoding": encoding }) },
        };
      }),
    );
  return { send, answers: HTTP_ANSWERS, close: () => pipeline.close() };
}

function overGrpc(url: string): DoorInUse {
  const client = new RawGrpc(url);
  const send: Send = (seeds) =>
    Promise.all(
      seeds.map(async (seed) => {
        const { body, encoding } = hostileProtobuf(seed);
        const bytes = frame(body, encoding !== undefined);
        const { headers } = await client.call({ bytes, encoding });
        return Number(headers["grpc-status"]);
      }),
    );
  return { send, answers: GRPC_ANSWERS, close: () => client.close() };
}

function check(got: number[], seeds: number[], expected: number[], door: number): void {
  for (const [at, code] of got.entries()) {
    if (expected.includes(code)) continue;
    throw new Error(`door ${door}, seed ${seeds[at]}: expected one of ${expected.join(", ")}, got ${code}`);
  }
}

async function inTime<T>(answers: Promise<T>, seeds: number[]): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new Error(`seeds ${seeds[0]} to ${seeds.at(-1)}: expected answers within ${LONGEST_MS} ms, got none`),
    );
  }, LONGEST_MS);
  try {
    return await Promise.race([answers, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
