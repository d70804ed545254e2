/**
 * A store in memory, for demos and tests: nothing of it is left when the process ends. It is bounded: when it is full,
 * the oldest flows that have ended make room, and appends are refused where none has.
 */
import { keyText, type Micros, type StepUsual } from "../flow.ts";
import type { StalledLimits } from "../health.ts";
import type { FlowChange, Store } from "../store.ts";
import { Commits } from "../stores/commits.ts";
import { runnerFrom } from "../stores/context.ts";
import { HealthReader } from "../stores/health-reader.ts";
import { HealthWatch } from "../stores/health-watch.ts";
import { DAY_US, dayOf } from "../stores/slots.ts";
import { USUAL_DAYS } from "../stores/stats.ts";
import { tell } from "../stores/tell.ts";
import { LAST_RUNS, UsualDurations } from "../stores/usual.ts";
import { append } from "./append.ts";
import { figuresOf, usageOf } from "./figures.ts";
import { Kept, type KeptFlow } from "./kept.ts";
import { prune } from "./prune.ts";
import { questionsOf } from "./questions.ts";
import { durationOf, stepUsualIn } from "./stats.ts";

export { Kept } from "./kept.ts";

export interface MemoryStoreOptions {
  /** The clock, in microseconds since the epoch. */
  now?: () => Micros;
  /** Flows, steps and events to keep. Default 100,000: about as many KB, where they say what flows usually do. */
  most?: number;
  /** How long flows of a name may be open before they are stalled. Others are measured by what is usual for them. */
  stalledAfter?: StalledLimits;
  /** What an earlier store has kept, which is closed. */
  kept?: Kept;
}

/** @example const store = openMemoryStore(); */
export function openMemoryStore(options: MemoryStoreOptions = {}): Store {
  const {
    now = () => Date.now() * 1000,
    most = 100_000,
    kept = new Kept(),
    stalledAfter = new Map(),
  } = options;
  const usual = new UsualDurations(lastRuns);
  const health = new HealthReader(now, kept.instances, usual, stalledAfter);
  const commits = new Commits();
  const listeners = new Set<(changes: FlowChange[]) => void>();
  const complete = ({ picture }: KeptFlow) => health.complete(picture.summary, picture.runners);
  const open = () => [...kept.flows.values()].filter(({ picture }) => picture.summary.endedAt === null);
  const watch = new HealthWatch(
    () => open().map((flow) => ({ pk: flow.pk, health: complete(flow).health ?? "ok" })),
    (pks) => {
      const changed = new Set(pks);
      const flows = open().filter(({ pk }) => changed.has(pk));
      tell(
        listeners,
        flows.map((flow) => ({ flow: complete(flow), steps: [] })),
      );
    },
  );

  function lastRuns(tenant: string, name: string): Micros[] {
    return [...kept.flows.values()]
      .map(({ picture }) => picture.summary)
      .filter((run) => run.tenant === tenant && run.name === name && run.endedAt !== null)
      .sort((a, b) => b.startedAt - a.startedAt)
      .slice(0, LAST_RUNS)
      .flatMap((run) => durationOf(run) ?? []);
  }

  function stepUsual(tenant: string, name: string): StepUsual[] {
    const since = (dayOf(now()) - USUAL_DAYS + 1) * DAY_US;
    return stepUsualIn(
      [...kept.flows.values()]
        .map(({ picture }) => picture)
        .filter(({ summary }) => summary.tenant === tenant && summary.name === name)
        .filter(({ summary }) => summary.startedAt >= since),
    );
  }

  return {
    ...questionsOf(kept, { health, usual, stepUsual, runnerOf: runnerFrom(kept.instances), now }),
    async append(observations) {
      const started = performance.now();
      const changed = append(kept, observations, { now: now(), most });
      commits.done(started, observations.length);
      if (listeners.size > 0)
        tell(
          listeners,
          changed.map(({ flow, steps, events }) => ({
            flow: complete(flow),
            steps,
            ...(events.length > 0 && { events }),
          })),
        );
    },
    has: async (key) => kept.flows.has(keyText(key)),
    usage: async (tenant, atMost) => usageOf(kept, tenant, atMost),
    figures: async () => figuresOf([...kept.flows.values()].map(complete), commits),
    checkWritable: async () => {},
    onChange(listener) {
      listeners.add(listener);
      watch.start();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) watch.stop();
      };
    },
    prune: async (query) => prune(kept, query),
    async close() {
      watch.stop();
    },
  };
}
