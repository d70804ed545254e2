/** Limits per tenant, so that one customer's runaway loop does not crowd out the others. */
import type { Micros } from "./flow.ts";

/** 0 means without limit. */
export interface Limits {
  /** Over ten seconds: as many may come at once as in ten seconds. */
  spansPerSecond: number;
  /** Flows that have not ended. */
  openFlows: number;
  /** Different flow names. */
  flowNames: number;
  /** Different label keys over all flows. */
  labelKeys: number;
}

export type LimitName = keyof Limits;

export const NO_LIMITS: Limits = { spansPerSecond: 0, openFlows: 0, flowNames: 0, labelKeys: 0 };

/** So generous that who reaches one of them has a fault, as a rule: an id as a name, a loop without end. */
export const DEFAULT_LIMITS: Limits = {
  spansPerSecond: 100_000,
  openFlows: 100_000,
  flowNames: 1_000,
  labelKeys: 1_000,
};

/** Plain data. */
export interface LimitFigures {
  /** Those of the last 24 hours, the latest first. */
  reached: LimitReached[];
  /** What was left out for each limit, over all tenants, since the process started. */
  counts: ReadonlyMap<LimitName, number>;
}

/** A tenant that came to one of its limits. */
export interface LimitReached {
  tenant: string;
  limit: LimitName;
  allowed: number;
  firstAt: Micros;
  lastAt: Micros;
  /** Spans that were not taken; for `labelKeys` labels that were left out. */
  count: number;
}
