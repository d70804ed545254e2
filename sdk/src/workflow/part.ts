/**
 * A step as the interpreter sees it. Each primitive is one: what it does when the run comes to it is its `step`, which is
 * called again whenever the run stands at it and nothing is in the way. It never calls another part: it says which child
 * comes next, and the interpreter goes there (`machine.ts`).
 */
import type { Random, RunClock } from "../run/index.ts";
import type { Opened, Unit } from "./seen.ts";
import type { Step, StepType } from "./step.ts";
import type { WorkContext } from "./work.ts";

/** It has ended: the part around it goes on. */
export const DONE = -1;
/** It waits, and has seen to it that the run is woken. */
export const BLOCKED = -2;

/** It is to be called once more, without waiting. */
export const AGAIN = -3;

/** DONE, BLOCKED, AGAIN, or which of its children comes next, from 0. */
export type Verdict = number;

export abstract class Part implements Step<never, never> {
  abstract readonly type: StepType;
  /** As the user calls it; part of messages and of the drawing. */
  readonly name: string | undefined = undefined;
  /** What else the drawing says, such as `"500 ms"`. */
  readonly detail: string | undefined = undefined;
  readonly children: readonly Part[] = [];
  /** The state of the parts below it is under this key of its own. */
  readonly under: string | undefined = undefined;

  abstract step(run: Course, frame: Frame): Verdict;

  /** Whether its next `step` does something outside: with a journal, what came before is kept first. */
  works(_frame: Frame): boolean {
    return false;
  }

  /** Called while the run stands here, after a signal. @param changed whether the state is another one now */
  changed?(run: Course, frame: Frame, changed: boolean): void;
  /** After a pause: times that it keeps are so much later. */
  shift?(frame: Frame, ms: number): void;
  /** What a journal must keep of the frame besides its `at`: plain data. A frame that comes back has it as its `data`. */
  save?(run: Course, frame: Frame): unknown;
  /** Makes of what was saved what the part works with. */
  restore?(run: Course, frame: Frame): void;
}

/** A part at its place in one tree. */
export interface Node {
  /** `"0.2.1"`: the second child of the third child of the root. */
  readonly id: string;
  readonly part: Part;
  readonly children: readonly Node[];
  /** The keys under which its state is in that of the run. */
  readonly focus: readonly string[];
}

/** One part that the run is in. */
export interface Frame {
  readonly node: Node;
  /** The one around it. */
  readonly up: Frame | undefined;
  /** How far it is, in the part's own counting; 0 when it begins. */
  at: number;
  /** The part's own. */
  data: unknown;
}

/** What a part may do with the run. */
export interface Course {
  readonly clock: RunClock;
  readonly random: Random;
  /** The state as the part at this frame sees it. */
  read(frame: Frame): unknown;
  /** Puts a new state there. @param what names who made it, in messages @throws {TypeError} it is none */
  write(frame: Frame, next: unknown, what: string): void;
  /** From now on signals are remembered, to be put on top of what `commit` gets. */
  begin(): void;
  /** A state that was made from the one at `begin`, with the signals since on top of it. */
  commit(frame: Frame, next: unknown, what: string): void;
  /** Forgets what `begin` began. */
  settle(): void;
  /** Calls `ring` after so long, unless the run is paused meanwhile: then the rest is waited for afterwards. One at a time. */
  arm(ms: number, ring: () => void): void;
  disarm(): void;
  /** How long the timer still had to run where the run was left, if it is there that it goes on. Asked once. */
  takeRest(): number | undefined;
  /** The clock's time; in a pause, when that began. */
  now(): number;
  /** The run goes on at this frame, if it still stands there. */
  wake(frame: Frame): void;
  /** Of one piece of work: its signal is aborted when the run is stopped. */
  work(frame: Frame, attempt: number): WorkContext;
  /** A number for each unit of work and each wait. */
  nextUnit(): number;
  /** Opens the step of a unit of work. */
  open(frame: Frame, unit: Unit): Opened;
  /** The same beside those that are open. */
  openBeside(frame: Frame, unit: Unit): Opened;
  /** It is the part's to end now. */
  close(opened: Opened): void;
  /** Those that are still open end as cancelled. */
  dropOpen(reason: string | undefined): void;
  /** What has succeeded and is to be undone should the run fail. */
  readonly undo: Undo | undefined;
  /** @param undo as it was: what came after is not undone any more */
  forget(undo: Undo | undefined): void;
  undoWith(node: Node): void;
}

/** The newest first. */
export interface Undo {
  readonly node: Node;
  readonly before: Undo | undefined;
}

/** @throws {TypeError} it is no step */
export function partOf(step: unknown, what: string): Part {
  if (step instanceof Part) return step;
  const inner = (step as { [AS_PART]?: Part } | null | undefined)?.[AS_PART];
  if (inner instanceof Part) return inner;
  throw new TypeError(
    `${what}: expected a step such as wait(500) or run("push", fn), got ${step === null ? "null" : typeof step}`,
  );
}

/** Under this key a workflow is a step. */
export const AS_PART = Symbol("weir.part");

export function partsOf(steps: readonly unknown[], what: string): Part[] {
  return steps.map((step, index) => partOf(step, steps.length === 1 ? what : `${what}, step ${index + 1}`));
}
