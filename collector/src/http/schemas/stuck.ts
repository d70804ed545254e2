/** Flows that are lost or open longer than usual, as the API gives them. */
import { type Static, Type } from "typebox";
import { FlowError, FlowSummary, Runner, StepKind, Usual } from "./flow.ts";
import { Cursor, Nullable, Time } from "./parts.ts";

export const StuckFlow = Type.Object({
  ...FlowSummary.properties,
  stuckSince: Time,
  usual: Nullable(Usual),
  step: Nullable(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      kind: StepKind,
      attempt: Type.Integer(),
      startedAt: Time,
      usual: Nullable(Usual),
    }),
  ),
  runner: Nullable(Runner),
  earlierError: Nullable(FlowError),
});

export type StuckFlow = Static<typeof StuckFlow>;

export const StuckPage = Type.Object({
  flows: Type.Array(StuckFlow),
  counts: Type.Object({ lost: Type.Integer(), stalled: Type.Integer() }),
  nextCursor: Cursor,
});

export type StuckPage = Static<typeof StuckPage>;
