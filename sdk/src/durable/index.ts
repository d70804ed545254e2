/**
 * `@weir/sdk/durable`: functions with a journal, and the resources that they share.
 *
 * @example
 * const config = provide(() => ({ multiplier: 3 }));
 * const triple = flow(config, (cfg, ctx, n: number) => n * cfg.multiplier);
 */

export {
  type Codec,
  type CodecOptions,
  createCodec,
  custom,
  InputMismatch,
  type Journal,
  JournalNewer,
  JournalUnavailable,
  LeaseLost,
  memoryJournal,
  NotDecodable,
  NotEncodable,
  ProgramChanged,
  type RedisJournalOptions,
  RunEnded,
  RunIdTaken,
  RunUnknown,
  redisJournal,
  sqliteJournal,
  ValueInvalid,
  ValueTooLarge,
} from "../run/index.ts";
export {
  type Accessor,
  type AccessorWithDefault,
  accessor,
  type ContextEntry,
  type InitialContext,
} from "./accessor.ts";
export {
  type BullmqDispatch,
  bullmqDispatch,
  type DispatchedJob,
  type DispatchedRun,
  type DispatchQueue,
} from "./bullmq-dispatch.ts";
export type {
  Counts,
  FlowContext,
  ParallelOptions,
  ParallelResult,
  ParallelSettledResult,
  StepRun,
  StepRunOptions,
  WaitOptions,
  Work,
  WorkResult,
} from "./context.ts";
export type { Data } from "./data-context.ts";
export { DisposeInFlow } from "./errors/dispose-in-flow.ts";
export { GraceOver } from "./errors/grace-over.ts";
export { NotResolved } from "./errors/not-resolved.ts";
export { ResourceCycle } from "./errors/resource-cycle.ts";
export { ScopeDisposed } from "./errors/scope-disposed.ts";
export { ValueMissing } from "./errors/value-missing.ts";
export { derive, type ExecutorOptions, type Preset, preset, provide } from "./executor.ts";
export type {
  Extension,
  FlowOperation,
  ParallelOperation,
  ResolveOperation,
  StepOperation,
} from "./extension.ts";
export { type AnyFlow, type Flow, type FlowDefinition, flow, flow as defineFlow } from "./flow.ts";
export { createScope, type Dispatch, type ScopeOptions } from "./flow-scope.ts";
export type {
  ExecOptions,
  Execution,
  InputArgs,
  RetryOptions,
  RunDetails,
  RunHandle,
  Scope,
  StepDetails,
  Worker,
  WorkerOptions,
} from "./handle.ts";
export type { Sleeper } from "./in-flight.ts";
export type {
  Controller,
  Dependency,
  Deps,
  DisposeOptions,
  Executor,
  ExecutorHandle,
  LazyExecutor,
  ReactiveExecutor,
  Resolved,
  ResourceFailure,
  Resources,
  StaticExecutor,
  Update,
} from "./types.ts";
