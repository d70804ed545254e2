/** Runs service.ts, and gives what it saw beside what the collector got. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type OtlpServer, otlpServer } from "../otlp-server.ts";
import type { Outcome, Plan } from "./service.ts";

const SERVICE = fileURLToPath(new URL("./service.ts", import.meta.url));
const run = promisify(execFile);

export interface Ran extends Outcome {
  server: OtlpServer;
}

export const FLOWS = 1000;

export async function runService(plan: Pick<Plan, "other" | "sampling" | "weir">): Promise<Ran> {
  const server = await otlpServer();
  try {
    const whole: Plan = { ...plan, endpoint: server.url, flows: FLOWS };
    const env = { ...process.env, OTEL_METRICS_EXPORTER: "none", OTEL_LOGS_EXPORTER: "none" };
    const { stdout } = await run(process.execPath, [SERVICE, JSON.stringify(whole)], {
      env,
      maxBuffer: 2 ** 26,
    });
    return { ...(JSON.parse(stdout) as Outcome), server };
  } finally {
    await server.close();
  }
}
