export { begin, fold, link, observe } from "./fold.ts";
export { type Gathered, gather, type Heard, heardIn } from "./gather.ts";
export { merge } from "./merge.ts";
export { eventsOf, type Picture, picture } from "./picture.ts";
export type { EventState, FlowFacts, FlowState, StepState } from "./state.ts";
export { UNKNOWN_STEP } from "./tree.ts";
