/**
 * Spans a second from HTTP to commit in one collector process, beside the limit of the machine: decoding and
 * inserting the same rows in one loop, without HTTP, without a fold.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import Database from "better-sqlite3";
import { ExportTraceServiceRequestSchema } from "../collector/src/otlp/gen/otlp_pb.js";
import { startCollector } from "../e2e/support/processes.ts";
import { bodies, CONTENT_TYPE, type Encoding } from "./payloads.ts";
import { type Figure, median, whole } from "./table.ts";

const CONNECTIONS = 8;
const BODIES = 120;
const SPANS = BODIES * 512;
const ROUNDS = 5;

export async function ingest(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const encoding of ["json", "protobuf"] as const) {
    const rates: number[] = [];
    const limits: number[] = [];
    // In turn, so that a machine that slows down slows both; the first round only warms up.
    for (let round = 0; round <= ROUNDS; round += 1) {
      const rate = await collectorRate(encoding, round + 1);
      const limit = machineLimit(encoding, round + 1);
      if (round === 0) continue;
      rates.push(rate);
      limits.push(limit);
    }
    const ratio = median(rates.map((rate, at) => rate / (limits[at] as number)));
    figures.push({
      what: `spans a second, HTTP to commit, OTLP/${encoding}`,
      value: whole(median(rates)),
      beside: `${whole(median(limits))} decoded and inserted in one loop: ${ratio.toFixed(2)} of it`,
    });
  }
  return figures;
}

async function collectorRate(encoding: Encoding, seed: number): Promise<number> {
  const collector = await startCollector();
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  try {
    for (const body of bodies(encoding, 10, 1000 + seed)) await post(collector.url, encoding, body, agent);
    const waiting = bodies(encoding, BODIES, seed);
    const started = performance.now();
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) {
          await post(collector.url, encoding, body, agent);
        }
      }),
    );
    return SPANS / ((performance.now() - started) / 1000);
  } finally {
    agent.destroy();
    await collector.stop();
  }
}

function post(url: string, encoding: Encoding, body: Buffer, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": CONTENT_TYPE[encoding], "content-length": body.length };
    const call = request(`${url}/v1/traces`, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`expected 200 from the collector, got ${response.statusCode}`));
      });
    });
    call.on("error", reject);
    call.end(body);
  });
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
    const waiting = bodies(encoding, BODIES, seed);
    const started = performance.now();
    for (const body of waiting) insertAll(decode(encoding, body));
    return SPANS / ((performance.now() - started) / 1000);
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
