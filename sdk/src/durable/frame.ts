/** What the works of a flow (its steps, sub-flows, parallel work) ask of the call of a handler that they belong to. */
import type { Execution } from "./execution.ts";
import type { AnyFlow } from "./flow.ts";

export interface Frame extends Disposable {
  readonly execution: Execution;
  readonly flow: AnyFlow;
  /** Where in the run the flow is: see `run/path.ts`. */
  readonly path: string;
  readonly runId: string;
  /** Aborted when the flow is to stop. */
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** Calls the handler, with its dependencies, and checks what it returns. */
  handle(input: unknown): Promise<unknown>;
  /** The first of this path; `begin` where there is none. @throws {ProgramChanged} it has another name */
  once<T>(path: string, name: string, begin: () => Promise<T>): Promise<T>;
  /** What failed may be run again under its key; where nobody awaits it, it must not fall on the process. */
  forget(path: string): void;
}
