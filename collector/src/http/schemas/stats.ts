/** What is counted over many flows, as the API gives it. */
import { type Static, Type } from "typebox";
import { FlowKey, Status, StepKind } from "./flow.ts";
import { Milliseconds, Nullable, Rate, Time } from "./parts.ts";

/** What an answer was counted over. */
const Counted = {
  from: Nullable(Time),
  to: Nullable(Time),
  complete: Type.Boolean({
    description:
      "false: there is more than was counted. By two labels, or by a label over all customers, the newest 2,000 flows are counted, from `from` on",
  }),
};

const Duration = Nullable(Milliseconds);

export const StatsGroup = Type.Object({
  key: Type.String(),
  label: Nullable(Type.Object({ key: Type.String(), value: Type.String() })),
  stepKind: Nullable(StepKind),
  total: Type.Integer(),
  running: Type.Integer(),
  succeeded: Type.Integer(),
  failed: Type.Integer(),
  cancelled: Type.Integer(),
  failureRate: Nullable(Rate),
  lastStatus: Nullable(Status),
  lastStartedAt: Nullable(Time),
  durationMs: Type.Object({
    min: Duration,
    avg: Duration,
    p50: Duration,
    p90: Duration,
    p95: Duration,
    p99: Duration,
    max: Duration,
    last: Duration,
  }),
});

export type StatsGroup = Static<typeof StatsGroup>;

export const Stats = Type.Object({ groups: Type.Array(StatsGroup), ...Counted });

export type Stats = Static<typeof Stats>;

export const ErrorStats = Type.Object({
  errors: Type.Array(
    Type.Object({
      type: Type.String(),
      message: Type.String({ description: "with # for numbers and ids, … for what is quoted" }),
      count: Type.Integer(),
      example: Nullable(FlowKey),
      lastAt: Time,
    }),
  ),
  ...Counted,
});

export type ErrorStats = Static<typeof ErrorStats>;

export const FlowHistogram = Type.Object({
  ...Counted,
  bucketMs: Milliseconds,
  buckets: Type.Array(
    Type.Object({
      at: Time,
      running: Type.Integer(),
      paused: Type.Integer(),
      succeeded: Type.Integer(),
      failed: Type.Integer(),
      cancelled: Type.Integer(),
    }),
  ),
});

export type FlowHistogram = Static<typeof FlowHistogram>;
