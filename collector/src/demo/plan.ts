/** How workflows are described here: what happens in them, how long it takes, how it fails. */
import type { Attributes, StepKind } from "../flow.ts";
import type { Chance } from "./chance.ts";

/** A way to fail. */
export interface ErrorPlan {
  type: string;
  message: (chance: Chance) => string;
  /** Where in the code, innermost first: `validateRow src/validate.ts:41:13`. */
  at: readonly string[];
  /** What was behind it. */
  cause?: Omit<ErrorPlan, "cause">;
}

export interface StepPlan {
  name: string;
  service: string;
  /** Default `step`. */
  kind?: StepKind;
  /** Half of its runs are quicker. Of a step with steps in it: what it takes before the first of them. */
  medianMs: number;
  /** Of the logarithm of its time. Default 0.5. */
  spread?: number;
  attributes?: (chance: Chance) => Attributes;
  /** Share of flows in which it happens at all. Default 1. */
  share?: number;
  optional?: boolean;
  /** What happens in it; below a queue, once it is picked up. */
  steps?: readonly StepPlan[];
  /** The steps in it run side by side. */
  parallel?: boolean;
  /** How often it is tried at most. Default 1. */
  attempts?: number;
  /** Milliseconds before the second attempt; twice as many before each further one. Default 1,000. */
  retryMs?: number;
  /** Share of its attempts that fail. */
  fails?: number;
  errors?: readonly ErrorPlan[];
  /** Flows of another workflow that it opens, and waits for. */
  opens?: { workflow: string; least: number; most: number };
  /** Where in the definition of its workflow it is. */
  node?: string;
  edge?: string;
}

export interface WorkflowPlan {
  name: string;
  /** Opens its flows. */
  service: string;
  /** How many of its flows there are beside those of others; 0: only within others. */
  weight: number;
  /** `office`: while people work. `night`: between one and five. `always`: by day and by night. */
  rhythm: "office" | "night" | "always";
  labels: (chance: Chance) => Record<string, string>;
  /** What is noted once the first step has ended. */
  event?: { name: string; attributes: (chance: Chance) => Attributes };
  /** Share of its flows that someone cancels. */
  cancelled?: number;
  /** Someone may put it on hold. */
  pausable?: boolean;
  steps: readonly StepPlan[];
  /** What `describe()` says of it, as JSON: a tree of steps or a graph of routines. */
  definition?: string;
}
