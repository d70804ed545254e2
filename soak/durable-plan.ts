/** What the driver and its processes agree on. */

/** Runs that each process begins, besides those that it finds; the first of them fails, and is undone. */
export const RUNS_A_ROUND = 3;
export const STEPS = ["validate", "charge", "ship"] as const;
export const BOUNDARIES = ["before", "after", "function", "commit"] as const;
