/**
 * What one collector process takes: spans a second from HTTP to commit, beside the limit of the machine (decoding and
 * inserting the same rows in one loop, without HTTP, without a fold); small requests a second; and how long questions
 * wait while it takes as much as it can.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import Database from "better-sqlite3";
import { ExportTraceServiceRequestSchema } from "../collector/src/otlp/gen/otlp_pb.js";
import { startCollector } from "../e2e/support/processes.ts";
import { BATCHES, load, SINGLE_SPANS, WARM_UP_SECONDS } from "./load.ts";
import type { Load } from "./load-worker.ts";
import { bodies, type Encoding } from "./payloads.ts";
import type { Delays } from "./probe-worker.ts";
import { type Figure, median, quantile, whole } from "./table.ts";
import { measureIn } from "./workers.ts";

const PROBE = fileURLToPath(new URL("./probe-worker.ts", import.meta.url));
const SECONDS = 2;
const PROBE_SECONDS = 8;
const ROUNDS = 5;
const LIMIT_BODIES = 120;

export async function ingest(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const encoding of ["json", "protobuf"] as const) {
    const rates: number[] = [];
    const limits: number[] = [];
    // In turn, so that a machine that slows down slows both.
    for (let round = 1; round <= ROUNDS; round += 1) {
      rates.push((await loadOf(encoding, BATCHES)).spansPerSecond);
      limits.push(machineLimit(encoding, round));
    }
    const ratio = median(rates.map((rate, at) => rate / (limits[at] as number)));
    figures.push({
      what: `spans a second, HTTP to commit, OTLP/${encoding}`,
      value: whole(median(rates)),
      beside: `${whole(median(limits))} decoded and inserted in one loop: ${ratio.toFixed(2)} of it`,
    });
  }
  return [...figures, await smallRequests(), ...(await questionsUnderLoad())];
}

async function smallRequests(): Promise<Figure> {
  const rates: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    rates.push((await loadOf("protobuf", SINGLE_SPANS)).requestsPerSecond);
  }
  return {
    what: "requests of one span a second, OTLP/protobuf",
    value: whole(median(rates)),
    beside: `${SINGLE_SPANS.connections} connections, each answered after the commit`,
  };
}

async function questionsUnderLoad(): Promise<Figure[]> {
  const collector = await startCollector();
  try {
    const [{ spansPerSecond }, asked] = await Promise.all([
      load(collector.url, { encoding: "protobuf", kind: BATCHES, seconds: PROBE_SECONDS }),
      measureIn(PROBE, [collector.url, `${WARM_UP_SECONDS}`, `${PROBE_SECONDS}`]),
    ]);
    return Object.entries(JSON.parse(asked) as Delays).map(([what, delays]) => ({
      what: `${what === "healthz" ? "/healthz" : what} while it takes ${whole(spansPerSecond)} spans a second`,
      value: `${quantile(delays, 0.5).toFixed(1)} ms`,
      beside: `p99 ${quantile(delays, 0.99).toFixed(1)} ms, of ${delays.length}`,
    }));
  } finally {
    await collector.stop();
  }
}

/** A collector with an empty store for each. */
async function loadOf(encoding: Encoding, kind: typeof BATCHES): Promise<Load> {
  const collector = await startCollector();
  try {
    const loaded = await load(collector.url, { encoding, kind, seconds: SECONDS });
    if (loaded.refused > 0)
      throw new Error(`expected 200 from the collector, got another ${loaded.refused} times`);
    return loaded;
  } finally {
    await collector.stop();
  }
}

interface Row {
  name: string;
  attributes?: unknown;
  startTimeUnixNano: unknown;
  endTimeUnixNano: unknown;
  spanId: unknown;
}

/** Spans a second of decoding and one plain insert each, a transaction and a sync for each body. */
function machineLimit(encoding: Encoding, seed: number): number {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  const db = new Database(join(folder, "limit.db"));
  try {
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.exec("CREATE TABLE spans (id TEXT PRIMARY KEY, name TEXT, started TEXT, ended TEXT, attributes TEXT)");
    const insert = db.prepare("INSERT INTO spans VALUES (?, ?, ?, ?, ?)");
    const insertAll = db.transaction((rows: Row[]) => {
      for (const row of rows) {
        const id =
          typeof row.spanId === "string" ? row.spanId : Buffer.from(row.spanId as Uint8Array).toString("hex");
        const times = [String(row.startTimeUnixNano), String(row.endTimeUnixNano)];
        insert.run(id, row.name, ...times, JSON.stringify(row.attributes));
      }
    });
    const waiting = bodies(encoding, LIMIT_BODIES, seed);
    const started = performance.now();
    for (const body of waiting) insertAll(decode(encoding, body));
    return (LIMIT_BODIES * 512) / ((performance.now() - started) / 1000);
  } finally {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function decode(encoding: Encoding, body: Buffer): Row[] {
  const request =
    encoding === "json"
      ? JSON.parse(body.toString("utf8"))
      : fromBinary(ExportTraceServiceRequestSchema, body);
  return request.resourceSpans[0].scopeSpans[0].spans;
}
