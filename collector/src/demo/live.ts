/** Flows that happen now, each span sent when it would be: so that a page moves. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Micros } from "../flow.ts";
import { type DemoFlow, NEVER } from "./demo-flow.ts";
import { type SentSpan, spansBetween } from "./spans.ts";

const TICK_MS = 200;

export interface LiveOptions {
  /** Flows that begin in a second. */
  rate: number;
  /** Flows that begin at a moment: one, and those that it opens. */
  next: (at: Micros) => DemoFlow[];
  /** Those that are under way already, and up to when they were sent. */
  underWay: { flows: readonly DemoFlow[]; sentUpTo: Micros };
  send: (spans: readonly SentSpan[]) => Promise<void>;
  signal: AbortSignal;
}

/** Until it is told to end. */
export async function live({ rate, next, underWay, send, signal }: LiveOptions): Promise<void> {
  let flows = [...underWay.flows];
  let sentUpTo = underWay.sentUpTo;
  let startedUpTo = Date.now() * 1000;
  while (!signal.aborted) {
    const now = Date.now() * 1000;
    for (const gap = 1e6 / rate; startedUpTo + gap <= now; startedUpTo += gap) {
      flows.push(...next(Math.floor(startedUpTo + gap)));
    }
    await send(flows.flatMap((flow) => spansBetween(flow, sentUpTo, now)));
    sentUpTo = now;
    flows = flows.filter((flow) => lastMoment(flow) > now);
    await sleep(TICK_MS, undefined, { signal }).catch(() => {});
  }
}

/** After which nothing more is said of it. */
export function lastMoment({ startedAt, endedAt, pausedAt, steps }: DemoFlow): Micros {
  const moments = [startedAt, endedAt, pausedAt, ...steps.flatMap((step) => [step.startedAt, step.endedAt])];
  return Math.max(...moments.filter((at) => at !== NEVER));
}
