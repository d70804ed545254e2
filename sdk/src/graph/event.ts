/** What a routine sends out. */
import { currentAttempt } from "./current.ts";
import { EmitOutside } from "./errors/emit-outside.ts";
import type { Routine } from "./routine.ts";

declare const TYPE: unique symbol;

/** Left out where the payload may be. */
export type PayloadArgs<T> = undefined extends T ? [payload?: T] : [payload: T];

/** What a routine sends from: each `emit` goes to all slots that are connected to it. */
export class Event<T> {
  /** Carries the type; there is no such property. */
  declare readonly [TYPE]?: T;
  readonly name: string;
  readonly routine: Routine;

  constructor(routine: Routine, name: string) {
    this.routine = routine;
    this.name = name;
  }

  /**
   * Sends a payload to every slot that the event is connected to, when the attempt that emits it has succeeded; of one that
   * fails nothing is sent. Called in a handler of the event's routine.
   *
   * The payload is taken as it is now: what is changed afterwards changes nothing that was sent.
   *
   * @returns waits while too much is queued and other handlers work it off; never rejects
   * @throws {NotCopyable | EmitOutside | QueueFull} at once
   * @example
   * await this.output.emit({ row });
   */
  emit(...[payload]: PayloadArgs<T>): Promise<void> {
    const attempt = currentAttempt();
    if (attempt === undefined) throw new EmitOutside(this.name, "no handler of a job is running here");
    return attempt.send(this.routine, this.name, payload);
  }
}
