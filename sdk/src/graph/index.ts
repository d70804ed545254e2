/**
 * `@weir/sdk/graph`: routines joined by events and slots.
 *
 * @example
 * const graph = new Graph("my_flow");
 * graph.addRoutine(new Reader(), "reader");
 * await graph.execute({ entry: "reader", params: { path: "a.csv" }, tenant: "acme-corp" }).done;
 */

export {
  type Codec,
  type CodecOptions,
  createCodec,
  custom,
  IllegalMove,
  type Journal,
  JournalUnavailable,
  LeaseLost,
  memoryJournal,
  NotDecodable,
  NotEncodable,
  RunUnknown,
  redisJournal,
  sqliteJournal,
  ValueInvalid,
  ValueTooLarge,
} from "../run/index.ts";
export type { DeliveryContext } from "./context.ts";
export { ErrorHandler, type ErrorHandlerOptions, ErrorStrategy } from "./error-handler.ts";
export { CycleBound } from "./errors/cycle-bound.ts";
export { EmitOutside } from "./errors/emit-outside.ts";
export { GraphClosed } from "./errors/graph-closed.ts";
export { GraphInvalid } from "./errors/graph-invalid.ts";
export { GraphMismatch } from "./errors/graph-mismatch.ts";
export { JobFileInvalid } from "./errors/job-file-invalid.ts";
export { JobFileNewer } from "./errors/job-file-newer.ts";
export { JobLeft } from "./errors/job-left.ts";
export { JobTaken } from "./errors/job-taken.ts";
export { JoinIncomplete } from "./errors/join-incomplete.ts";
export { NotCopyable } from "./errors/not-copyable.ts";
export { QueueFull } from "./errors/queue-full.ts";
export type { Event } from "./event.ts";
export {
  type EmitContext,
  type FunctionRoutine,
  type FunctionRoutineOptions,
  routine,
} from "./function-routine.ts";
export { Graph } from "./graph.ts";
export type {
  CloseOptions,
  Connection,
  ConnectOptions,
  ExecuteOptions,
  GraphOptions,
  JobWorker,
  JobWorkerOptions,
} from "./graph-options.ts";
export type { Job, PauseOptions } from "./job.ts";
export type { DeadLetter, HistoryEntry, HistoryKind, PausePoint, PendingDelivery } from "./job-data.ts";
export { JobState, type Numbers, type RoutineState } from "./job-state.ts";
export type { EdgeDefinition, GraphDefinition, NodeDefinition } from "./plan.ts";
export { Routine, type RoutineOptions } from "./routine.ts";
export type { Appended, BatchOptions, Joined, JoinOptions, Slot, SlotOptions } from "./slot.ts";
export type { Values } from "./values.ts";
