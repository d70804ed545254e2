/**
 * Contract section 1: "Works beside an OpenTelemetry set-up that is already there". The real dd-trace, whose spans and
 * context are its own; each case is a process of its own, and its agent a local one.
 */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Unpackr } from "msgpackr";
import { describe, expect, test } from "vitest";
import type { DatadogOutcome, DatadogPlan } from "./beside/datadog-service.ts";
import { otlpServer, type Received } from "./otlp-server.ts";

const SERVICE = fileURLToPath(new URL("./beside/datadog-service.ts", import.meta.url));
const REQUESTS = 100;
const QUIET = { DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false", DD_REMOTE_CONFIGURATION_ENABLED: "false" };
const run = promisify(execFile);

interface DatadogSpan {
  name: string;
  resource: string;
  span_id: number | bigint;
  parent_id: number | bigint;
}

interface Agent {
  url: string;
  spans: DatadogSpan[];
  close(): Promise<void>;
}

/** Datadog's agent, as far as its client asks: takes traces, and has nothing to say. */
async function datadogAgent(): Promise<Agent> {
  const unpackr = new Unpackr({ int64AsType: "bigint", mapsAsObjects: true });
  const spans: DatadogSpan[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    if (request.url === "/v0.4/traces") spans.push(...(unpackr.unpack(body) as DatadogSpan[][]).flat());
    response.setHeader("content-type", "application/json").end("{}");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    close: () => new Promise((done) => void server.close(() => done())),
  };
}

async function runService(
  plan: Pick<DatadogPlan, "weir" | "registers">,
): Promise<DatadogOutcome & { flows: Received[]; received: Received[]; spans: string[] }> {
  const [server, agent] = await Promise.all([otlpServer(), datadogAgent()]);
  try {
    const whole: DatadogPlan = { ...plan, endpoint: server.url, agent: agent.url, requests: REQUESTS };
    const { stdout } = await run(process.execPath, [SERVICE, JSON.stringify(whole)], {
      env: { ...process.env, ...QUIET },
    });
    const received = server.spans.filter(({ attributes }) => attributes["weir.pending"] !== true);
    const flows = received.filter(({ name }) => name === "data_import");
    return { ...(JSON.parse(stdout) as DatadogOutcome), flows, received, spans: described(agent.spans) };
  } finally {
    await Promise.all([server.close(), agent.close()]);
  }
}

/** Each span as `parent > name`, sorted; without the ports, which are others in each run. */
function described(spans: DatadogSpan[]): string[] {
  const names = new Map(
    spans.map(({ span_id, name, resource }) => [String(span_id), `${name} ${resource}`.replace(/:\d+$/, "")]),
  );
  return spans
    .map(({ span_id, parent_id }) => `${names.get(String(parent_id)) ?? "-"} > ${names.get(String(span_id))}`)
    .sort();
}

function openedIn({ attributes, traceId, parentSpanId }: Received): [flowId: string, span: string] {
  return [String(attributes["weir.flow.id"]), `${traceId} ${parentSpanId}`];
}

describe.each<{ registers: boolean; orders: DatadogPlan["weir"][] }>([
  { registers: true, orders: ["first", "last", "used-first"] },
  { registers: false, orders: ["last"] },
])("beside dd-trace, whose spans OpenTelemetry knows of: $registers", ({ registers, orders }) => {
  // Not before its turn: the others would wait for all of these processes at once.
  let alone: ReturnType<typeof runService> | undefined;

  test.each(orders)(
    "and Weir set up %s: no flow is lost, each joins the trace that is known, and Datadog gets what it would have",
    { timeout: 60_000 },
    async (weir) => {
      alone ??= runService({ weir: "absent", registers });
      const [without, ran] = [await alone, await runService({ weir, registers })];
      expect(ran.dropped).toBe(0);
      expect(new Set(ran.flows.map(({ attributes }) => attributes["weir.flow.id"])).size).toBe(REQUESTS);
      expect(ran.flows).toHaveLength(REQUESTS);
      expect(new Set(ran.received.map(({ spanId }) => spanId)).size).toBe(ran.received.length);

      expect(without.spans.filter((line) => line.startsWith("- > request"))).toHaveLength(REQUESTS);
      expect(without.spans.filter((line) => /^request .* > query /.test(line))).toHaveLength(REQUESTS);
      // But for Weir's connection to its collector, which dd-trace notes as it does any.
      const connected = ran.spans.filter((line) => line === "- > tcp.connect 127.0.0.1");
      expect(connected.length).toBeLessThanOrEqual(3);
      expect(ran.spans).toEqual([...without.spans, ...connected].sort());
      expect(ran.active).toEqual(Array.from({ length: REQUESTS }, () => true));
      expect(ran.carried).toEqual(without.carried.map((line) => `${line}weir`));
      if (registers) expect(Object.fromEntries(ran.flows.map(openedIn))).toEqual(ran.openedIn);
    },
  );
});
