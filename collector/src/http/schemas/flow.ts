/** Flows and their steps, as the API gives them. */
import { type Static, Type } from "typebox";
import { Definition } from "./definition.ts";
import { Cursor, Dictionary, Milliseconds, Nullable, Time } from "./parts.ts";

export const Status = Type.Union([
  Type.Literal("running"),
  Type.Literal("succeeded"),
  Type.Literal("failed"),
  Type.Literal("cancelled"),
  Type.Literal("paused"),
]);

export type Status = Static<typeof Status>;

export const Health = Type.Union([Type.Literal("ok"), Type.Literal("stalled"), Type.Literal("lost")], {
  description:
    "of what has not ended: `stalled` is open far longer than usual, `lost` is work whose process is gone",
});

export type Health = Static<typeof Health>;

export const FlowError = Type.Object({
  type: Type.String(),
  message: Type.String(),
  stack: Nullable(Type.String({ description: "with those of its causes" })),
});

export type FlowError = Static<typeof FlowError>;

export const FlowKey = Type.Object({ tenant: Type.String(), id: Type.String() });

export type FlowKey = Static<typeof FlowKey>;

export const StepCounts = Type.Object({
  total: Type.Integer(),
  running: Type.Integer(),
  succeeded: Type.Integer(),
  failed: Type.Integer(),
  cancelled: Type.Integer(),
});

export const FlowSummary = Type.Object({
  tenant: Type.String(),
  id: Type.String(),
  name: Type.String(),
  status: Status,
  health: Nullable(Health),
  startedAt: Time,
  endedAt: Nullable(Time),
  durationMs: Nullable(Milliseconds),
  currentSteps: Type.Array(Type.String(), { description: "names of the steps that are open now" }),
  currentSince: Nullable(Time),
  failedStep: Nullable(Type.String({ description: "name of the step that made it fail" })),
  stepNames: Type.Array(Type.String(), {
    description: "names of its steps, each once, in the order of their start; at most 64",
  }),
  error: Nullable(FlowError),
  labels: Dictionary(Type.String()),
  services: Type.Array(Type.String(), { description: "service.name of those that took part" }),
  stepCounts: StepCounts,
  parent: Nullable(FlowKey),
  pause: Nullable(
    Type.Object(
      { at: Time, reason: Nullable(Type.String()) },
      { description: "while its status is paused: since when, and why" },
    ),
  ),
  incomplete: Type.Array(
    Type.Union([
      Type.Literal("start-missing"),
      Type.Literal("end-missing"),
      Type.Literal("step-start-missing"),
    ]),
    { description: "what was not heard of it, so that the picture is partial" },
  ),
  updatedAt: Time,
});

export type FlowSummary = Static<typeof FlowSummary>;

export const Step = Type.Object({
  id: Type.String(),
  parentId: Nullable(Type.String({ description: "id of the step above it; null: the flow itself" })),
  kind: Type.Union([
    Type.Literal("step"),
    Type.Literal("queue"),
    Type.Literal("sleep"),
    Type.Literal("wait"),
    Type.Literal("debounce"),
  ]),
  name: Type.String(),
  status: Status,
  attempt: Type.Integer({ description: "which attempt it is, from 1" }),
  attemptOf: Nullable(
    Type.String({
      description:
        "id of its first attempt, where it is a later one and says so; else attempts are told by parent, kind and name",
    }),
  ),
  optional: Type.Boolean({ description: "its failure does not fail the flow" }),
  startedAt: Time,
  endedAt: Nullable(Time),
  durationMs: Nullable(Milliseconds),
  service: Nullable(Type.String({ description: "service.name of the process that ran it" })),
  attributes: Dictionary(Type.Unknown()),
  node: Nullable(
    Type.String({ description: "the node of the flow's definition that it is the work of, by its id" }),
  ),
  edge: Nullable(
    Type.String({ description: "the edge of the flow's definition over which that work came, by its id" }),
  ),
  error: Nullable(FlowError),
});

export type Step = Static<typeof Step>;

export const FlowEvent = Type.Object({
  name: Type.String(),
  at: Time,
  attributes: Dictionary(Type.Unknown()),
});

export type FlowEvent = Static<typeof FlowEvent>;

export const ChildFlow = Type.Object({
  tenant: Type.String(),
  id: Type.String(),
  name: Type.String(),
  status: Status,
});

export type ChildFlow = Static<typeof ChildFlow>;

export const StepKind = Step.properties.kind;

/** How long something usually takes. */
export const Usual = Type.Object({
  p50: Milliseconds,
  p95: Milliseconds,
  runs: Type.Integer({ description: "how many finished runs tell it" }),
});

export type Usual = Static<typeof Usual>;

export const Runner = Type.Object({
  instance: Type.String({ description: "service.instance.id of the process" }),
  service: Nullable(Type.String()),
  heardAt: Nullable(Time),
});

export type Runner = Static<typeof Runner>;

export const FlowDetail = Type.Object({
  ...FlowSummary.properties,
  traceId: Nullable(
    Type.String({ description: "the trace in which it was opened, else that of its first step" }),
  ),
  steps: Type.Array(Step),
  events: Type.Array(FlowEvent),
  children: Type.Array(ChildFlow),
  definition: Nullable(Definition),
  usual: Type.Object({
    flow: Nullable(Usual),
    steps: Type.Array(Type.Object({ name: Type.String(), kind: StepKind, ...Usual.properties })),
  }),
  runner: Nullable(Runner),
});

export type FlowDetail = Static<typeof FlowDetail>;

export const FlowOutline = Type.Object({
  ...FlowDetail.properties,
  steps: Type.Array(Step, {
    description:
      "all of them where they are at most 500 (`stepCounts.total` says how many there are), else of the two upper levels the first 500; and what failed, what runs and what ended last, with all that is above them",
  }),
  below: Type.Array(Type.Integer(), {
    description: "for each of `steps`: how many steps of the flow lie below it, whether given here or not",
  }),
});

export type FlowOutline = Static<typeof FlowOutline>;

export const FlowPage = Type.Object({
  flows: Type.Array(FlowSummary),
  nextCursor: Cursor,
  prevCursor: Nullable(Type.String({ description: "for the page before; null on the first" })),
  partial: Type.Boolean({
    description: "the time for one question was over before the page was full: nextCursor goes on from there",
  }),
});

export type FlowPage = Static<typeof FlowPage>;

export const FlowCount = Type.Object({
  total: Type.Integer(),
  status: Type.Object({
    running: Type.Integer(),
    paused: Type.Integer(),
    succeeded: Type.Integer(),
    failed: Type.Integer(),
    cancelled: Type.Integer(),
  }),
  health: Type.Object(
    { ok: Type.Integer(), stalled: Type.Integer(), lost: Type.Integer() },
    { description: "of the flows that have not ended" },
  ),
  complete: Type.Boolean({ description: "false: there are at least so many" }),
});

export type FlowCount = Static<typeof FlowCount>;

const AllListed = Type.Boolean({ description: "false: there are more, or may be, than are listed here" });

export const Names = Type.Object({ names: Type.Array(Type.String()), complete: AllListed });

export type Names = Static<typeof Names>;

export const Labels = Type.Object({
  labels: Type.Array(Type.Object({ key: Type.String(), values: Type.Array(Type.String()) })),
  complete: AllListed,
});

export type Labels = Static<typeof Labels>;
