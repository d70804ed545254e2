/** A step of a tree as users hold it: made by a primitive, put into others. */

/** What a step is. */
export type StepType =
  | "sequence"
  | "repeat"
  | "wait"
  | "waitUntil"
  | "debounce"
  | "setState"
  | "run"
  | "parallel"
  | "race"
  | "each"
  | "when"
  | "compensate"
  | "workflow";

declare const STATES: unique symbol;

/**
 * A step from one state to another. It is data: it may stand in several places and several workflows.
 *
 * @example
 * const push: Step<Book> = run("push", (book) => shop.push(book).then(() => ok({ ...book, dirty: false })));
 */
export interface Step<In, Out = In> {
  readonly type: StepType;
  /** For the compiler only. */
  readonly [STATES]?: (state: In) => Out;
}
