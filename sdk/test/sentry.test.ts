/**
 * Contract section 1: "Works beside an OpenTelemetry set-up that is already there". The real Sentry, which brings a
 * context manager, scopes and headers of its own; each case is a process of its own.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import type { SentryOutcome, SentryPlan } from "./beside/sentry-service.ts";
import { otlpServer, type Received } from "./otlp-server.ts";

const SERVICE = fileURLToPath(new URL("./beside/sentry-service.ts", import.meta.url));
const REQUESTS = 100;
const run = promisify(execFile);

async function runService(
  plan: Omit<SentryPlan, "endpoint" | "requests">,
): Promise<SentryOutcome & { flows: Received[]; received: Received[] }> {
  const server = await otlpServer();
  try {
    const whole: SentryPlan = { ...plan, endpoint: server.url, requests: REQUESTS };
    const { stdout } = await run(process.execPath, [SERVICE, JSON.stringify(whole)], { maxBuffer: 2 ** 26 });
    const received = server.spans.filter(({ attributes }) => attributes["weir.pending"] !== true);
    const flows = received.filter(({ name }) => name === "data_import");
    return { ...(JSON.parse(stdout) as SentryOutcome), flows, received };
  } finally {
    await server.close();
  }
}

function openedIn({ attributes, traceId, parentSpanId }: Received): [flowId: string, span: string] {
  return [String(attributes["weir.flow.id"]), `${traceId} ${parentSpanId}`];
}

function messageOf(error: string): string | undefined {
  return /^[^{]*/.exec(error)?.[0];
}

describe.each<Pick<SentryPlan, "major" | "otel" | "sampleRate">>([
  { major: 11, otel: "sentry", sampleRate: 1 },
  { major: 11, otel: "sentry", sampleRate: 0 },
  { major: 11, otel: "none", sampleRate: 1 },
  { major: 10, otel: "sentry", sampleRate: 1 },
  { major: 10, otel: "own", sampleRate: 1 },
  { major: 10, otel: "none", sampleRate: 1 },
])("beside Sentry $major, OpenTelemetry set up by $otel, which samples $sampleRate", (sentry) => {
  // Not before its turn: the others would wait for all of these processes at once.
  let alone: ReturnType<typeof runService> | undefined;

  test.each<SentryPlan["weir"]>(["first", "last", "used-first"])(
    "and Weir set up %s: no flow is lost, each joins its trace, and Sentry sends what it would have",
    { timeout: 60_000 },
    async (weir) => {
      alone ??= runService({ ...sentry, weir: "absent" });
      const [without, ran] = [await alone, await runService({ ...sentry, weir })];
      expect(ran.dropped).toBe(0);
      const ids = ran.flows.map(({ attributes }) => attributes["weir.flow.id"]);
      expect(ids).toHaveLength(REQUESTS);
      expect(new Set(ids).size).toBe(REQUESTS);
      expect(new Set(ran.received.map(({ spanId }) => spanId)).size).toBe(ran.received.length);

      expect(without.errors).toHaveLength(REQUESTS + 1);
      const requests = without.spans.filter((line) => line.startsWith("- > request"));
      // The tenth makes its spans, and keeps requests apart, by OpenTelemetry alone.
      const isWhole = sentry.major === 11 || sentry.otel !== "none";
      expect(requests).toHaveLength(isWhole ? sentry.sampleRate * REQUESTS : 0);
      // With the tags and breadcrumbs of its own request alone.
      if (isWhole) expect(ran.errors).toEqual(without.errors);
      else expect(ran.errors.map(messageOf)).toEqual(without.errors.map(messageOf));
      expect(ran.spans).toEqual(without.spans);
      expect(ran.sent["event"]).toBe(without.sent["event"]);
      expect(ran.carried).toEqual(without.carried.map((line) => `${line},weir`));
      // Without OpenTelemetry, Sentry's spans are known to Sentry alone.
      if (sentry.otel !== "none") expect(Object.fromEntries(ran.flows.map(openedIn))).toEqual(ran.openedIn);
    },
  );
});
