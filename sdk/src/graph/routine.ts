/** A routine: slots that take payloads in, each with a handler, and events that send payloads out. It holds no state of any job. */
import { checkName } from "./check-options.ts";
import { copyOf } from "./copy.ts";
import { ErrorHandler } from "./error-handler.ts";
import { Event } from "./event.ts";
import {
  type AnySlotOptions,
  type Appended,
  type BatchOptions,
  checkSlot,
  type Handler,
  type Joined,
  type JoinOptions,
  Slot,
  type SlotOptions,
} from "./slot.ts";

/** Options of a routine. */
export interface RoutineOptions<Config> {
  /** Read by its handlers as `this.config`; plain data. */
  config?: Config | undefined;
  /** Goes before that of the graph. */
  errorHandler?: ErrorHandler | undefined;
  /** `true`: its failure neither stops nor fails the job. Default `false`. */
  optional?: boolean | undefined;
  /** `true`: its failure stops the job, whatever the error handler says after the last retry. Default `false`. */
  critical?: boolean | undefined;
}

/**
 * A unit of work with slots that take and events that send: extend it.
 *
 * @example
 * class Reader extends Routine {
 *   output = this.defineEvent<{ row: string }>("output");
 *   input = this.defineSlot<{ path: string }>("input", async ({ path }, { signal }) => {
 *     for await (const row of rowsOf(path, signal)) await this.output.emit({ row });
 *   });
 * }
 */
export class Routine<Config = unknown> {
  /** As it was given, frozen. */
  readonly config: Readonly<Config>;
  readonly optional: boolean;
  readonly critical: boolean;
  /** By name; `connect` reads them. */
  readonly events: Readonly<Record<string, Event<unknown>>> = Object.create(null);
  readonly slots: Readonly<Record<string, Slot<never>>> = Object.create(null);
  #errorHandler: ErrorHandler | undefined;

  /** @throws {TypeError} both optional and critical */
  constructor(options: RoutineOptions<Config> = {}) {
    const { config, errorHandler, optional = false, critical = false } = options;
    if (optional && critical)
      throw new TypeError(`routine ${this.constructor.name}: expected optional or critical, got both`);
    this.config = copyOf(config ?? {}, `config of routine ${this.constructor.name}`).value as Config;
    this.optional = optional;
    this.critical = critical;
    if (errorHandler !== undefined) this.setErrorHandler(errorHandler);
  }

  get errorHandler(): ErrorHandler | undefined {
    return this.#errorHandler;
  }

  /** Holds for jobs that are begun from now on. */
  setErrorHandler(handler: ErrorHandler): this {
    this.#errorHandler = checkHandler(`routine ${this.constructor.name}`, handler);
    return this;
  }

  /** @throws {TypeError} the name is taken by another event of this routine, or can't be one */
  protected defineEvent<T = void>(name: string): Event<T> {
    this.#checkNew("event", name, this.events);
    const event = new Event<T>(this, name);
    (this.events as Record<string, unknown>)[name] = event;
    return event;
  }

  /**
   * @param handler called once for each delivery, again where that is tried again. Its result is waited for and not used
   * @throws {TypeError | RangeError} the name is taken by another slot of this routine, or an option can't be meant
   */
  protected defineSlot<T>(
    name: string,
    handler: Handler<T>,
    options?: SlotOptions<T> & { merge?: "override" },
  ): Slot<T>;
  protected defineSlot<T>(
    name: string,
    handler: Handler<Appended<T>>,
    options: SlotOptions<T> & { merge: "append" },
  ): Slot<T>;
  protected defineSlot<T>(
    name: string,
    handler: Handler<Joined<T>>,
    options: SlotOptions<T> & { join: JoinOptions<T>["need"] | JoinOptions<T> },
  ): Slot<T>;
  protected defineSlot<T>(
    name: string,
    handler: Handler<readonly T[]>,
    options: SlotOptions<T> & { batch: BatchOptions | number },
  ): Slot<T>;
  protected defineSlot<T, Kept>(
    name: string,
    handler: Handler<Kept>,
    options: SlotOptions<T> & { merge: (kept: Kept | undefined, payload: T) => Kept },
  ): Slot<T>;
  protected defineSlot(name: string, handler: unknown, options: unknown = {}): Slot<never> {
    this.#checkNew("slot", name, this.slots);
    const slot = new Slot<never>(this, name, checkSlot(name, handler, options as AnySlotOptions));
    (this.slots as Record<string, unknown>)[name] = slot;
    return slot;
  }

  #checkNew(kind: "event" | "slot", name: string, known: object): void {
    const what = `${kind} of routine ${this.constructor.name}`;
    checkName(what, name);
    if (Object.hasOwn(known, name))
      throw new TypeError(`${what}: expected a new name, got ${JSON.stringify(name)}, which it has already`);
  }
}

/** @throws {TypeError} */
export function checkHandler(what: string, handler: unknown): ErrorHandler {
  if (handler instanceof ErrorHandler) return handler;
  throw new TypeError(`${what}: expected an ErrorHandler, got ${typeof handler}`);
}
