/** One try of one delivery: what its handler gets, and what it does until it has succeeded or failed. */
import { diagnoseInternal } from "../diagnostics.ts";
import { checkNow, type LinkedSignal, linkSignals } from "../run/index.ts";
import type { StepHandle } from "../types.ts";
import type { DeliveryContext } from "./context.ts";
import { type Copy, copyOf } from "./copy.ts";
import { type CurrentAttempt, inAttempt } from "./current.ts";
import type { Delivery, Emission, Turns } from "./delivery.ts";
import { EmitOutside } from "./errors/emit-outside.ts";
import { mapped } from "./mapping.ts";
import { handed, merged } from "./merge.ts";
import type { Edge, Node } from "./plan.ts";
import type { Routine } from "./routine.ts";
import { type Change, Draft, type Values } from "./values.ts";

/** What an attempt asks of its job. */
export interface AttemptHost {
  readonly id: string;
  readonly tenant: string;
  readonly checkpoint: unknown;
  kept(slot: string): Copy | undefined;
  stateOf(node: string): ReadonlyMap<string, unknown>;
  readonly sharedValues: ReadonlyMap<string, unknown>;
  /** @throws {QueueFull} */
  admit(event: string, sent: number): void;
  /** Resolves when what is queued leaves room for more. */
  room(attempt: Attempt): Promise<void>;
  askToPause(reason: string | undefined, checkpoint: unknown): void;
}

const DONE = Promise.resolve();

export class Attempt implements DeliveryContext, CurrentAttempt {
  readonly host: AttemptHost;
  readonly given: Delivery;
  readonly node: Node;
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** What is sent when it succeeds. */
  readonly sent: Emission[] = [];
  /** The events it emitted, with how many deliveries each made. */
  readonly emitted: [event: string, deliveries: number][] = [];
  /** What its slot keeps when it succeeds. */
  merged: Copy | undefined;
  step: StepHandle | undefined;
  /** It has ended, or nobody waits for it any more. */
  over = false;
  /** Its job told it to stop: how it ends from then on is no failure of its own. */
  interrupted = false;
  /** Ends what waits for it from outside: a timeout, a wait before a retry. */
  release: (() => void) | undefined;
  #linked: LinkedSignal | undefined;
  #state: Draft | undefined;
  #shared: Draft | undefined;

  constructor(host: AttemptHost, given: Delivery, startedAt: number) {
    this.host = host;
    this.given = given;
    this.node = given.slot.node;
    this.attempt = given.attempts;
    this.startedAt = startedAt;
  }

  get job(): AttemptHost {
    return this.host;
  }

  get delivery(): number {
    return this.given.n;
  }

  get routine(): string {
    return this.node.id;
  }

  get slot(): string {
    return this.given.slot.name;
  }

  get source(): { routine: string; event: string } | undefined {
    const { edge } = this.given;
    return edge && { routine: edge.source, event: edge.event };
  }

  /** Made when it is asked for: most handlers need none. */
  get signal(): AbortSignal {
    this.#linked ??= linkSignals();
    return this.#linked.signal;
  }

  get state(): Values {
    this.#state ??= new Draft(this.host.stateOf(this.node.id), `state of ${this.node.id}`);
    return this.#state;
  }

  get shared(): Values {
    this.#shared ??= new Draft(this.host.sharedValues, `shared values of job ${this.host.id}`);
    return this.#shared;
  }

  get checkpoint(): unknown {
    return copyOf(this.host.checkpoint, "checkpoint").value;
  }

  /** For handlers that are no methods of their routine. */
  get emit(): (event: string, payload?: unknown) => Promise<void> {
    return (event, payload) => this.send(this.node.routine, event, payload);
  }

  /** Taken out of the context it works as well. */
  get pause(): (reason?: string, checkpoint?: unknown) => void {
    return (reason, checkpoint) => this.host.askToPause(reason, checkpoint);
  }

  abort(reason: unknown): void {
    this.#linked ??= linkSignals();
    this.#linked.abort(reason);
    this.release?.();
  }

  /** Calls the handler. @returns what it returned */
  run(): unknown {
    const { slot, payload, live } = this.given;
    const { parts } = slot;
    let value = live ? copyOf(payload, "payload").value : payload;
    if (parts.schema !== undefined) value = checkNow(parts.schema, value, `payload for ${slot.key}`);
    if (parts.merge !== undefined) {
      this.merged = merged(slot, this.host.kept(slot.key), value);
      value = handed(this.merged);
    }
    return inAttempt(this, () => parts.handler(value, this));
  }

  send(routine: Routine | object, event: string, payload: unknown): Promise<void> {
    if (this.over) throw new EmitOutside(event, "this handler has ended already");
    if (routine !== this.node.routine)
      throw new EmitOutside(event, `the handler that runs is one of ${this.node.id}`);
    if (!Object.hasOwn(this.node.routine.events, event))
      throw new EmitOutside(event, `routine ${this.node.id} has no such event`);
    const edges = this.node.edges.get(event);
    const what = `event ${this.node.id}.${event}`;
    const copy = copyOf(payload, what);
    this.emitted.push([event, edges?.length ?? 0]);
    if (edges === undefined) return DONE;
    this.host.admit(event, this.sent.length + edges.length);
    const emissions = edges.map((edge) => this.#emission(edge, copy, what));
    for (const emission of emissions) this.sent.push(emission);
    return this.host.room(this);
  }

  /** What becomes of the values that it wrote: its routine's, and those that are shared. */
  changes(): { state: Change[]; shared: Change[] } {
    return { state: this.#state?.changes() ?? [], shared: this.#shared?.changes() ?? [] };
  }

  /** @param how says on the step how it ended */
  close(how: (step: StepHandle) => void): void {
    this.over = true;
    this.release?.();
    this.#linked?.[Symbol.dispose]();
    if (this.step === undefined) return;
    try {
      how(this.step);
    } catch (error) {
      diagnoseInternal("ending the step of a delivery", error);
    }
  }

  #emission(edge: Edge, { value, live }: Copy, what: string): Emission {
    const payload = edge.mapping === undefined ? value : mapped(value, edge.mapping, what);
    return { edge, payload, live, turns: turnsOver(edge, this.given.turns) };
  }
}

function turnsOver({ id, maxTurns }: Edge, before: Turns | undefined): Turns | undefined {
  return maxTurns === undefined ? before : { ...before, [id]: (before?.[id] ?? 0) + 1 };
}
