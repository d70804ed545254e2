/** Time from `step.start` in a process to the event about it on the collector's live stream. */

import { startCollector } from "../e2e/support/processes.ts";
import { flow, setup, shutdown, step } from "../sdk/src/index.ts";
import { type Figure, quantile } from "./table.ts";

const STEPS = 100;

export async function latency(): Promise<Figure[]> {
  const collector = await startCollector();
  setup({ serviceName: "bench", endpoint: collector.url });
  const seen = new Map<string, (at: number) => void>();
  const reading = new AbortController();
  try {
    const response = await fetch(`${collector.url}/api/v1/stream`, { signal: reading.signal });
    const done = readSteps(response, (name) => seen.get(name)?.(performance.now())).catch(() => {});

    const delays: number[] = [];
    await flow.start({ name: "bench", tenant: "bench" }, async () => {
      for (let n = 0; n < STEPS; n += 1) {
        const name = `step-${n}`;
        const arrival = new Promise<number>((resolve) => seen.set(name, resolve));
        // At any moment of the SDK's own rhythm, not in step with it.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
        const started = performance.now();
        await step.start(name, async () => delays.push((await arrival) - started));
      }
    });
    reading.abort();
    await done;
    return [
      {
        what: "step.start to the event on /stream",
        value: `${Math.round(quantile(delays, 0.5))} ms`,
        beside: `p99 ${Math.round(quantile(delays, 0.99))} ms, over ${STEPS} steps at default settings`,
      },
    ];
  } finally {
    reading.abort();
    await shutdown();
    await collector.stop();
  }
}

async function readSteps(response: Response, onStep: (name: string) => void): Promise<void> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const messages = text.split("\n\n");
    text = messages.pop() ?? "";
    for (const message of messages) {
      if (!/^event: step$/m.test(message)) continue;
      const data = /^data: (.*)$/m.exec(message)?.[1];
      if (data !== undefined) onStep((JSON.parse(data) as { step: { name: string } }).step.name);
    }
  }
}
