/**
 * The JSON that the REST API gives, once: Fastify serialises by these, the page takes its types from them.
 * Times are RFC 3339 in UTC with milliseconds; durations are milliseconds.
 */

import { type Static, type TSchema, Type } from "typebox";
import type * as domain from "../definition.ts";

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);
/** Not `Type.Record`: its pattern `^.*$` would lose keys with a line break. */
const Dictionary = <T extends TSchema>(values: T) =>
  Type.Unsafe<Record<string, Static<T>>>({ type: "object", additionalProperties: values });
const Time = Type.String({
  format: "date-time",
  description: "RFC 3339, UTC, milliseconds",
  examples: ["2026-11-22T10:00:00.000Z"],
});
const Milliseconds = Type.Number({ description: "milliseconds" });

export const Status = Type.Union([
  Type.Literal("running"),
  Type.Literal("succeeded"),
  Type.Literal("failed"),
  Type.Literal("cancelled"),
  Type.Literal("paused"),
]);

export const Health = Type.Union([Type.Literal("ok"), Type.Literal("stalled"), Type.Literal("lost")], {
  description:
    "of what has not ended: `stalled` is open far longer than usual, `lost` is work whose process is gone",
});

export const FlowError = Type.Object({
  type: Type.String(),
  message: Type.String(),
  stack: Nullable(Type.String({ description: "with those of its causes" })),
});

export const FlowKey = Type.Object({ tenant: Type.String(), id: Type.String() });

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

export const FlowEvent = Type.Object({
  name: Type.String(),
  at: Time,
  attributes: Dictionary(Type.Unknown()),
});

export const ChildFlow = Type.Object({
  tenant: Type.String(),
  id: Type.String(),
  name: Type.String(),
  status: Status,
});

const TREE_NODE = {
  id: Type.String(),
  type: Type.String({ examples: ["sequence", "run", "wait"] }),
  name: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String({ description: "in few words", examples: ["500 ms"] })),
};
const TreeNode = Type.Object({
  ...TREE_NODE,
  children: Type.Optional(
    Type.Array(
      Type.Unsafe<domain.TreeNode>(
        Type.Object(
          { ...TREE_NODE },
          { additionalProperties: true, description: "with children of its own" },
        ),
      ),
    ),
  ),
});

export const Definition = Type.Union(
  [
    Type.Object({ kind: Type.Literal("tree"), name: Type.String(), root: TreeNode }),
    Type.Object({
      kind: Type.Literal("graph"),
      name: Type.String(),
      nodes: Type.Array(
        Type.Object({
          id: Type.String(),
          slots: Type.Array(Type.String()),
          events: Type.Array(Type.String()),
          optional: Type.Optional(Type.Boolean({ description: "its failure does not fail the flow" })),
          critical: Type.Optional(Type.Boolean()),
        }),
      ),
      edges: Type.Array(
        Type.Object({
          id: Type.String(),
          source: Type.String({ description: "id of a node" }),
          event: Type.String(),
          target: Type.String({ description: "id of a node" }),
          slot: Type.String(),
        }),
      ),
    }),
  ],
  { description: "the shape of a workflow that is known before it runs; ids are unique within it" },
);
const StepKind = Step.properties.kind;

/** How long something usually takes. */
export const Usual = Type.Object({
  p50: Milliseconds,
  p95: Milliseconds,
  runs: Type.Integer({ description: "how many finished runs tell it" }),
});

export const Runner = Type.Object({
  instance: Type.String({ description: "service.instance.id of the process" }),
  service: Nullable(Type.String()),
  heardAt: Nullable(Time),
});

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

const Rate = Type.Number({ description: "a share: 0 to 1" });

export const TenantSummary = Type.Object({
  tenant: Type.String(),
  running: Type.Integer(),
  failed: Type.Integer(),
  stalled: Type.Integer(),
  lost: Type.Integer(),
  lastActivityAt: Time,
  history: Type.Array(
    Type.Object({
      day: Time,
      succeeded: Type.Integer(),
      failed: Type.Integer(),
      cancelled: Type.Integer(),
      running: Type.Integer(),
    }),
  ),
  failingMore: Nullable(Type.Object({ failed: Type.Integer(), finished: Type.Integer(), usualRate: Rate })),
});

const Cursor = Nullable(Type.String({ description: "for the next page; null on the last" }));

export const TenantPage = Type.Object({ tenants: Type.Array(TenantSummary), nextCursor: Cursor });
export const FlowPage = Type.Object({
  flows: Type.Array(FlowSummary),
  nextCursor: Cursor,
  prevCursor: Nullable(Type.String({ description: "for the page before; null on the first" })),
  partial: Type.Boolean({
    description: "the time for one question was over before the page was full: nextCursor goes on from there",
  }),
});

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

export const StuckPage = Type.Object({
  flows: Type.Array(StuckFlow),
  counts: Type.Object({ lost: Type.Integer(), stalled: Type.Integer() }),
  nextCursor: Cursor,
});

/** What an answer was counted over. */
const Counted = {
  from: Nullable(Time),
  to: Nullable(Time),
  complete: Type.Boolean({ description: "false: there is more than was counted" }),
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
export const Stats = Type.Object({ groups: Type.Array(StatsGroup), ...Counted });

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

export const Names = Type.Object({ names: Type.Array(Type.String()) });
export const Labels = Type.Object({
  labels: Type.Array(Type.Object({ key: Type.String(), values: Type.Array(Type.String()) })),
});

export const LimitReached = Type.Object({
  tenant: Type.String(),
  limit: Type.Union([
    Type.Literal("spansPerSecond"),
    Type.Literal("openFlows"),
    Type.Literal("flowNames"),
    Type.Literal("labelKeys"),
  ]),
  allowed: Type.Integer(),
  firstAt: Time,
  lastAt: Time,
  count: Type.Integer({ description: "spans that were not taken; for labelKeys labels that were left out" }),
});
export const LimitsReached = Type.Object({ limits: Type.Array(LimitReached) });

/** Data of the stream's `step` event. */
export const StepChange = Type.Object({ tenant: Type.String(), flowId: Type.String(), step: Step });

/** Data of the stream's `event` event. */
export const EventChange = Type.Object({ tenant: Type.String(), flowId: Type.String(), event: FlowEvent });

/** Data of the stream's `child` event: `child` was opened in that flow. */
export const ChildChange = Type.Object({ tenant: Type.String(), flowId: Type.String(), child: ChildFlow });

const Role = Type.Union([Type.Literal("admin"), Type.Literal("ingest"), Type.Literal("read")]);

/** Answer of `GET /me`. */
export const Me = Type.Object({
  role: Role,
  tenant: Nullable(Type.String({ description: "the only tenant that is seen and sent; null: all" })),
  via: Type.Union([Type.Literal("open"), Type.Literal("key"), Type.Literal("session")]),
  key: Nullable(Type.Object({ id: Type.String(), name: Nullable(Type.String()) })),
  notice: Nullable(Type.String({ description: "set while nobody is asked for a key" })),
});

export const Key = Type.Object({
  id: Type.String(),
  role: Role,
  tenant: Nullable(Type.String()),
  name: Nullable(Type.String()),
  createdAt: Time,
  createdBy: Type.String(),
  expiresAt: Nullable(Time),
  revokedAt: Nullable(Time),
  lastUsedAt: Nullable(Time),
});
export const Keys = Type.Object({ keys: Type.Array(Key) });
export const MadeKey = Type.Object({
  ...Key.properties,
  key: Type.String({ description: "the key itself: in this answer and never again" }),
});

export const Share = Type.Object({
  id: Type.String(),
  tenant: Type.String(),
  flowId: Nullable(Type.String()),
  name: Nullable(Type.String()),
  redact: Type.Boolean(),
  createdAt: Time,
  createdBy: Type.String(),
  expiresAt: Time,
});
export const Shares = Type.Object({ shares: Type.Array(Share) });
export const MadeShare = Type.Object({
  ...Share.properties,
  path: Type.String({ description: "the link without its host, /s/<token>: in this answer and never again" }),
});

/** What a link shows. */
export const Shared = Type.Object({
  tenant: Type.String(),
  flowId: Nullable(Type.String()),
  name: Nullable(Type.String()),
  redact: Type.Boolean(),
  expiresAt: Time,
});

export const AuditEntry = Type.Object({
  at: Time,
  by: Type.String(),
  action: Type.Union([
    Type.Literal("key.create"),
    Type.Literal("key.revoke"),
    Type.Literal("share.create"),
    Type.Literal("share.revoke"),
    Type.Literal("settings.change"),
  ]),
  subject: Type.String({ description: "id of the key or the link; `settings`" }),
  tenant: Nullable(Type.String()),
  detail: Type.String(),
});
export const AuditPage = Type.Object({ entries: Type.Array(AuditEntry), nextCursor: Cursor });

/** What can be set while the collector runs. */
export const Settings = Type.Object({
  traceLink: Nullable(
    Type.String({ description: "where a flow's trace can be seen: a URL with {traceId} in it" }),
  ),
  traceLinkFixed: Type.Boolean({ description: "set by a flag: it can't be changed here" }),
  stalledAfter: Type.Array(
    Type.Object({
      name: Type.String({ description: "of flows" }),
      limitMs: Milliseconds,
      fixed: Type.Boolean({ description: "set by a flag: it can't be changed here" }),
    }),
    { description: "limits of their own; empty for those who are bound to a tenant" },
  ),
});

const Counts = Dictionary(Type.Integer());

/** The collector itself: answer of `GET /server`. */
export const Server = Type.Object({
  version: Type.String(),
  node: Type.String(),
  startedAt: Time,
  memoryBytes: Type.Integer({ description: "resident memory of the process" }),
  store: Type.Object({
    kind: Type.Union([Type.Literal("sqlite"), Type.Literal("memory")]),
    durability: Nullable(Type.Union([Type.Literal("full"), Type.Literal("normal")])),
    sizeBytes: Counts,
    flows: Counts,
  }),
  commits: Type.Object({
    count: Type.Integer({ description: "since the start" }),
    failed: Type.Integer(),
    observations: Type.Integer(),
    p50Ms: Nullable(Type.Number({ description: "half of them took at most so long; null: none, or beyond" })),
    p99Ms: Nullable(Milliseconds),
  }),
  threads: Type.Array(
    Type.Object({ name: Type.String(), waiting: Type.Integer({ description: "calls in hand" }) }),
  ),
  queue: Type.Object({
    requests: Type.Integer({ description: "with spans, in hand" }),
    bytes: Type.Integer(),
    waitMs: Milliseconds,
  }),
  openStreams: Type.Integer(),
  retention: Type.Object({
    everyoneMs: Nullable(
      Type.Number({ description: "after its end a flow is kept so long; null: for ever" }),
    ),
    tenants: Type.Array(Type.Object({ tenant: Type.String(), ageMs: Nullable(Type.Number()) })),
  }),
  limits: Type.Object({
    spansPerSecond: Type.Integer(),
    openFlows: Type.Integer(),
    flowNames: Type.Integer(),
    labelKeys: Type.Integer(),
  }),
});

export const ErrorBody = Type.Object({
  error: Type.Object({ code: Type.String(), message: Type.String() }),
});

/** Of what was deleted. */
export const Nothing = Type.Unsafe<undefined>({ type: "null", description: "It is done" });

/** Answer of `/healthz` and `/readyz`. */
export const Liveness = Type.Object({ status: Type.String() });

export type Status = Static<typeof Status>;
export type Health = Static<typeof Health>;
export type FlowError = Static<typeof FlowError>;
export type FlowKey = Static<typeof FlowKey>;
export type FlowSummary = Static<typeof FlowSummary>;
export type Definition = Static<typeof Definition>;
export type FlowDetail = Static<typeof FlowDetail>;
export type Step = Static<typeof Step>;
export type ChildFlow = Static<typeof ChildFlow>;
export type FlowEvent = Static<typeof FlowEvent>;
export type TenantSummary = Static<typeof TenantSummary>;
export type TenantPage = Static<typeof TenantPage>;
export type FlowPage = Static<typeof FlowPage>;
export type FlowCount = Static<typeof FlowCount>;
export type StatsGroup = Static<typeof StatsGroup>;
export type Stats = Static<typeof Stats>;
export type ErrorStats = Static<typeof ErrorStats>;
export type FlowHistogram = Static<typeof FlowHistogram>;
export type Usual = Static<typeof Usual>;
export type Runner = Static<typeof Runner>;
export type StuckFlow = Static<typeof StuckFlow>;
export type StuckPage = Static<typeof StuckPage>;
export type Names = Static<typeof Names>;
export type Labels = Static<typeof Labels>;
export type LimitReached = Static<typeof LimitReached>;
export type LimitsReached = Static<typeof LimitsReached>;
export type EventChange = Static<typeof EventChange>;
export type ChildChange = Static<typeof ChildChange>;
export type StepChange = Static<typeof StepChange>;
export type Me = Static<typeof Me>;
export type Key = Static<typeof Key>;
export type Share = Static<typeof Share>;
export type MadeKey = Static<typeof MadeKey>;
export type MadeShare = Static<typeof MadeShare>;
export type Shared = Static<typeof Shared>;
export type AuditPage = Static<typeof AuditPage>;
export type AuditEntry = Static<typeof AuditEntry>;
export type Settings = Static<typeof Settings>;
export type Server = Static<typeof Server>;
export type ErrorBody = Static<typeof ErrorBody>;
