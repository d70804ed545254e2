/** The collector itself, as the API gives it: its settings, limits, state and errors. */
import { type Static, Type } from "typebox";
import { Counts, Milliseconds, Nullable, Time } from "./parts.ts";

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

export type LimitReached = Static<typeof LimitReached>;

export const LimitsReached = Type.Object({ limits: Type.Array(LimitReached) });

export type LimitsReached = Static<typeof LimitsReached>;

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

export type Settings = Static<typeof Settings>;

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

export type Server = Static<typeof Server>;

export const ErrorBody = Type.Object({
  error: Type.Object({ code: Type.String(), message: Type.String() }),
});

export type ErrorBody = Static<typeof ErrorBody>;

/** Of what was deleted. */
export const Nothing = Type.Unsafe<undefined>({ type: "null", description: "It is done" });

/** Answer of `/healthz` and `/readyz`. */
export const Liveness = Type.Object({ status: Type.String() });
