/** Why a span is not taken, and what would have been. */

/** A closed set, so that it can be counted by. */
export type Reason =
  | "malformed"
  | "bad-trace-id"
  | "bad-span-id"
  | "bad-time"
  | "no-kind"
  | "bad-kind"
  | "no-identity"
  | "no-instance"
  | "bad-status"
  | "bad-step-kind"
  | "bad-attempt"
  | "foreign-tenant"
  | "over-spans-per-second"
  | "over-open-flows"
  | "over-flow-names";

/** A span that is not taken. */
export interface Rejection {
  reason: Reason;
  /** What was expected and what was got. */
  message: string;
}
