/** The health of stored flows, at the moment of asking. */
import type { FlowSummary, Health, Micros } from "../flow.ts";
import { type Condition, conditionOf, type Instance, type StalledLimits } from "../health.ts";
import type { UsualDurations } from "./usual.ts";

/** A flow as stored: its health depends on the clock. */
type StoredSummary = Omit<FlowSummary, "health">;

/** What of a flow its health depends on. */
type JudgedSummary = Pick<StoredSummary, "tenant" | "name" | "status" | "startedAt" | "endedAt">;

/** Where processes are remembered. */
interface Instances {
  get(id: string): Instance | undefined;
}

export class HealthReader {
  readonly #now: () => Micros;
  readonly #instances: Instances;
  readonly #usual: UsualDurations;
  readonly #stalledAfter: StalledLimits;
  readonly #listeningSince: Micros;

  constructor(now: () => Micros, instances: Instances, usual: UsualDurations, stalledAfter: StalledLimits) {
    this.#now = now;
    this.#instances = instances;
    this.#usual = usual;
    this.#stalledAfter = stalledAfter;
    this.#listeningSince = now();
  }

  /** `null` once the flow has ended. */
  of(summary: JudgedSummary, runners: string[]): Health | null {
    return this.conditionOf(summary, runners)?.health ?? null;
  }

  /** `null` once the flow has ended. A flow on hold is meant to wait. */
  conditionOf(summary: JudgedSummary, runners: string[]): Condition | null {
    if (summary.endedAt !== null) return null;
    if (summary.status === "paused") return { health: "ok", since: summary.startedAt };
    const limitMs = this.#stalledAfter.get(summary.name) ?? null;
    return conditionOf({
      now: this.#now(),
      startedAt: summary.startedAt,
      runners,
      instance: (id) => this.#instances.get(id),
      usualMs: () => this.#usual.p95Ms(summary.tenant, summary.name),
      limitMs,
      listeningSince: this.#listeningSince,
    });
  }

  complete(summary: StoredSummary, runners: string[]): FlowSummary {
    return { ...summary, health: this.of(summary, runners) };
  }
}
