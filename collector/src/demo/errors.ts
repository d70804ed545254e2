/** Errors as a Node process tells them. */
import type { FlowError } from "../flow.ts";
import type { Chance } from "./chance.ts";
import type { ErrorPlan } from "./plan.ts";

const BELOW = [
  "at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
  "at async Step.run (/srv/node_modules/@weir/sdk/src/step.ts:96:14)",
];

export function failure({ type, message, at, cause }: ErrorPlan, service: string, chance: Chance): FlowError {
  const said = message(chance);
  const stack = [`${type}: ${said}`, ...frames(at, service), ...BELOW.map((line) => `    ${line}`)];
  if (cause !== undefined) {
    stack.push(`  [cause]: ${cause.type}: ${cause.message(chance)}`);
    stack.push(...frames(cause.at, service).map((line) => `  ${line}`));
  }
  return { type, message: said, stack: stack.join("\n") };
}

function frames(at: readonly string[], service: string): string[] {
  return at.map((place) => {
    const [name, file] = place.split(" ");
    return `    at ${name} (/srv/${service}/${file})`;
  });
}

/** Of what lies between two machines, and fails now and then. */
export const NETWORK: readonly ErrorPlan[] = [
  {
    type: "ConnectTimeoutError",
    message: (chance) =>
      `no connection to 10.4.${chance.whole(0, 9)}.${chance.whole(2, 250)}:443 within 10000 ms`,
    at: ["onConnectTimeout src/http/connect.ts:211:24", "Timeout.listOnTimeout src/http/timers.ts:64:7"],
  },
  {
    type: "FetchError",
    message: () => "request failed: socket hang up",
    at: ["request src/http/client.ts:88:11", "withRetry src/http/retry.ts:31:20"],
    cause: {
      type: "Error",
      message: () => "read ECONNRESET",
      at: ["TLSWrap.onStreamRead src/http/stream.ts:217:20"],
    },
  },
  {
    type: "HttpError",
    message: (chance) => `expected 200, got ${chance.pick([502, 503, 504])}`,
    at: ["expectOk src/http/client.ts:120:9", "get src/http/client.ts:54:3"],
  },
];
