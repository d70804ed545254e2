// A collector that was down itself: what it did not hear then is its own fault, and nobody's loss.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TenantPage } from "@weir/collector/schemas";
import { afterAll, afterEach, expect, test } from "vitest";
import { jsonBody } from "../collector/test/otlp-support.ts";
import { flowOf, flowsOf, get, until } from "./support/api.ts";
import { type RunningCollector, startCollector } from "./support/processes.ts";

const HEARTBEAT_MS = 1000;
/** Longer than the three heartbeats after which a process counts as gone. */
const AWAY_MS = 3 * HEARTBEAT_MS + 500;

const folder = mkdtempSync(join(tmpdir(), "weir-away-"));
let collector: RunningCollector | undefined;

afterEach(() => collector?.stop("SIGKILL"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a process sends that has a step open, or that says no more than that it lives. */
async function speak(url: string, process: string, kind: "step" | "heartbeat"): Promise<void> {
  const attributes = {
    "weir.kind": kind,
    "weir.tenant": "acme-corp",
    "weir.flow.id": `of-${process}`,
    "weir.flow.name": "data_import",
    "weir.pending": true,
  };
  const now = BigInt(Date.now()) * 1_000_000n;
  const span = { traceId: "1".repeat(32), spanId: "2".repeat(16), name: "validate", start: now, end: now };
  const resource = { "service.instance.id": process, "weir.heartbeat.interval_ms": HEARTBEAT_MS };
  const sent = await fetch(`${url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: jsonBody([{ ...span, attributes }], resource).toString(),
  });
  expect(sent.status).toBe(200);
}

test("calls nobody lost when it comes back, then those who stay silent, until they speak again", async () => {
  const path = join(folder, "weir.db");
  collector = await startCollector({ path });
  await speak(collector.url, "talker", "step");
  await speak(collector.url, "sleeper", "step");
  await collector.stop("SIGKILL");
  await sleep(AWAY_MS);

  collector = await startCollector({ path });
  const { url } = collector;
  expect((await flowsOf(url)).map(({ health }) => health)).toEqual(["ok", "ok"]);
  expect(await flowsOf(url, "?health=lost")).toEqual([]);

  const stream = await fetch(`${url}/api/v1/stream?health=lost`);
  const said: Promise<void>[] = [];
  const talking = setInterval(() => said.push(speak(url, "talker", "heartbeat")), HEARTBEAT_MS / 2);
  try {
    await until("the loss of the silent one", async () => {
      const lost = await flowsOf(url, "?health=lost");
      return lost.length > 0 && lost;
    });
    expect(await flowOf(url, "acme-corp", "of-sleeper")).toMatchObject({ status: "running", health: "lost" });
    expect(await flowOf(url, "acme-corp", "of-talker")).toMatchObject({ status: "running", health: "ok" });
    expect(await firstFlow(stream)).toMatchObject({ id: "of-sleeper", health: "lost" });
    await until("its count", async () => {
      const { tenants } = await get<TenantPage>(`${url}/api/v1/tenants`);
      return tenants[0]?.lost === 1;
    });

    await speak(url, "sleeper", "heartbeat");
    expect(await flowOf(url, "acme-corp", "of-sleeper")).toMatchObject({ status: "running", health: "ok" });
    expect(await flowsOf(url, "?health=lost")).toEqual([]);
  } finally {
    clearInterval(talking);
    await Promise.all(said);
  }
});

/** The data of the first `flow` event. */
async function firstFlow(stream: Response): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream.body as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const data = /^event: flow\ndata: (.*)$/m.exec(text)?.[1];
    if (data !== undefined) return JSON.parse(data);
  }
  throw new Error(`expected a flow on the stream, got:\n${text}`);
}
