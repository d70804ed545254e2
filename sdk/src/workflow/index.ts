/**
 * `@weir/sdk/workflow`: workflows as trees of steps.
 *
 * @example
 * const syncBook = workflow("sync_book", { initialState: { dirty: false } },
 *   repeat(waitUntil((state) => state.dirty), debounce(500), run("push", push)));
 */

export {
  type Codec,
  type CodecOptions,
  createCodec,
  custom,
  type Journal,
  JournalUnavailable,
  memoryJournal,
  NotEncodable,
  ProgramChanged,
  RunEnded,
  RunIdTaken,
  redisJournal,
  sqliteJournal,
  ValueInvalid,
} from "../run/index.ts";
export type { Chain } from "./chain.ts";
export { compensate } from "./compensate.ts";
export { type DebounceOptions, debounce } from "./debounce.ts";
export type { TreeDefinition, TreeNode } from "./describe.ts";
export { type EachOptions, each } from "./each.ts";
export { RunLeft } from "./errors/run-left.ts";
export { SignalsUnheard } from "./errors/signals-unheard.ts";
export { StepFailed } from "./errors/step-failed.ts";
export { TasksFailed } from "./errors/tasks-failed.ts";
export {
  EVENT_STREAM_HEADERS,
  type EventStreamOptions,
  eventStream,
  type PageMessage,
} from "./event-stream.ts";
export type {
  Message,
  Messages,
  MessagesOptions,
  RecoverOptions,
  Signals,
  Snapshot,
  StartOptions,
  Watchable,
  Workflow,
  WorkflowOptions,
  WorkflowRun,
} from "./handle.ts";
export { on, type SignalOn } from "./on.ts";
export { error, type ItemOutcome, ok, type RunOutcome, retry, skip } from "./outcome.ts";
export { type ParallelOptions, parallel } from "./parallel.ts";
export { type RaceOptions, race } from "./race.ts";
export { type RepeatOptions, repeat } from "./repeat.ts";
export type { RestartOptions } from "./restart-rule.ts";
export { type RunOptions, run } from "./run.ts";
export { sequence } from "./sequence.ts";
export { setState } from "./set-state.ts";
export type { Step, StepType } from "./step.ts";
export type { Restarted, SupervisedRun } from "./supervised.ts";
export { createSupervisor, type Supervisor, type SupervisorOptions } from "./supervisor.ts";
export type { Task, Tasks } from "./tasks.ts";
export { wait } from "./wait.ts";
export { type WaitUntilOptions, waitUntil } from "./wait-until.ts";
export { when } from "./when.ts";
export type { Work } from "./work.ts";
export { workflow } from "./workflow.ts";
