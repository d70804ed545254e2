/**
 * `@weir/sdk/durable`: the resources that durable functions share.
 *
 * @example
 * const config = provide(() => ({ multiplier: 3 }));
 * const scope = createScope();
 * const { multiplier } = await scope.resolve(config);
 */
export { GraceOver } from "./errors/grace-over.ts";
export { NotResolved } from "./errors/not-resolved.ts";
export { ResourceCycle } from "./errors/resource-cycle.ts";
export { ScopeDisposed } from "./errors/scope-disposed.ts";
export { derive, type ExecutorOptions, type Preset, preset, provide } from "./executor.ts";
export type {
  Extension,
  FlowOperation,
  ParallelOperation,
  ResolveOperation,
  StepOperation,
} from "./extension.ts";
export type { Sleeper } from "./in-flight.ts";
export { createScope, type ScopeOptions } from "./scope.ts";
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
