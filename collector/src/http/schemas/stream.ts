/** Data of the stream's events other than `flow`. */
import { type Static, Type } from "typebox";
import { ChildFlow, FlowEvent, Step } from "./flow.ts";

/** Data of the stream's `step` event. */
export const StepChange = Type.Object({ tenant: Type.String(), flowId: Type.String(), step: Step });

export type StepChange = Static<typeof StepChange>;

/** Data of the stream's `event` event. */
export const EventChange = Type.Object({ tenant: Type.String(), flowId: Type.String(), event: FlowEvent });

export type EventChange = Static<typeof EventChange>;

/** Data of the stream's `child` event: `child` was opened in that flow. */
export const ChildChange = Type.Object({ tenant: Type.String(), flowId: Type.String(), child: ChildFlow });

export type ChildChange = Static<typeof ChildChange>;
