/** What a graph is made of: routines by their ids, and connections by the names of their ends. Each name is checked when it is given. */
import { checkCount, checkName } from "./check-options.ts";
import { type Added, type Connected, compiled, type Wired } from "./compile.ts";
import type { ErrorHandler } from "./error-handler.ts";
import { GraphInvalid } from "./errors/graph-invalid.ts";
import { Event } from "./event.ts";
import type { Connection, ConnectOptions } from "./graph-options.ts";
import { listed } from "./listed.ts";
import { checkMapping, type Mapping } from "./mapping.ts";
import type { Plan, SlotOfNode } from "./plan.ts";
import type { Routine } from "./routine.ts";
import { Slot } from "./slot.ts";

export type Ends = Pick<
  Connection<string, string, string, string, never>,
  "source" | "event" | "target" | "slot"
>;

export class Wiring implements Wired {
  readonly name: string;
  readonly version: number;
  readonly routines = new Map<string, Added>();
  readonly connections = new Map<string, Connected>();
  #errorHandler: ErrorHandler | undefined;
  /** As it is now; made again after a change. */
  #plan: Plan | undefined;

  constructor(name: string, version: number) {
    this.name = name;
    this.version = version;
  }

  get errorHandler(): ErrorHandler | undefined {
    return this.#errorHandler;
  }

  set errorHandler(handler: ErrorHandler) {
    this.#errorHandler = handler;
    this.#plan = undefined;
  }

  /** @throws {GraphInvalid} it can't be run */
  get plan(): Plan {
    this.#plan ??= compiled(this);
    return this.#plan;
  }

  /** @throws {GraphInvalid} the id is taken; {TypeError} it can't be one */
  add(added: Added, id: string): string {
    checkName(`graph ${this.name}: id of a routine`, id);
    if (this.routines.has(id))
      throw this.#invalid(
        `expected a new id for a routine, got ${id}, which it has already: give another as the second argument`,
      );
    this.routines.set(id, added);
    this.#plan = undefined;
    return id;
  }

  /** Those of another graph, as `id/routine`, with their connections. @throws {GraphInvalid} the id is taken */
  takeIn(other: Wiring, id: string): void {
    checkName(`graph ${this.name}: id of a graph`, id);
    const taken = [...this.routines.keys()].find((known) => known === id || known.startsWith(`${id}/`));
    if (taken !== undefined) throw this.#invalid(`expected a new id, got ${id}, which ${taken} has already`);
    const inner = (name: string) => `${id}/${name}`;
    for (const [name, { routine, errorHandler }] of [...other.routines])
      this.add({ routine, errorHandler: errorHandler ?? other.errorHandler }, inner(name));
    for (const { source, target, ...rest } of [...other.connections.values()])
      this.#join({ ...rest, source: inner(source), target: inner(target) });
  }

  /** @throws {GraphInvalid | TypeError | RangeError} @returns its id */
  connect(given: Ends & ConnectOptions<Mapping>): string {
    const { source, target, maxTurns } = given;
    const event = this.#find("event", source, given.event);
    const slot = this.#find("slot", target, given.slot);
    const what = `graph ${this.name}: connection ${idOf({ source, event, target, slot })}`;
    if (maxTurns !== undefined) checkCount(what, "maxTurns", maxTurns);
    const mapping = checkMapping(what, given.paramMapping);
    return this.#join({ source, event, target, slot, mapping, maxTurns });
  }

  /** By what `connect` returned, or its ends. @throws {GraphInvalid} there is no such connection */
  disconnect(connection: string | Ends): void {
    const id = typeof connection === "string" ? connection : idOf(this.ends(connection));
    if (!this.connections.delete(id))
      throw this.#invalid(`expected a connection to take away, got ${id}, which it has not`);
    this.#plan = undefined;
  }

  /** Those of a connection that is given by names. @throws {TypeError} */
  ends(given: unknown): Ends & ConnectOptions<Mapping> {
    const expected = "{ source, event, target, slot }";
    if (typeof given !== "object" || given === null)
      throw new TypeError(
        `graph ${this.name}: expected a connection such as ${expected}, got ${typeof given}`,
      );
    for (const key of ["source", "event", "target", "slot"]) {
      const got = (given as Record<string, unknown>)[key];
      if (typeof got !== "string")
        throw new TypeError(
          `graph ${this.name}: expected a connection such as ${expected}, got ${typeof got} as its ${key}`,
        );
    }
    return given as Ends & ConnectOptions<Mapping>;
  }

  /** Those of a connection that is given by what it joins. @throws {GraphInvalid} */
  endsOf(event: Event<unknown>, slot: Slot<unknown>): Ends {
    return {
      source: this.#idOf(event.routine),
      event: event.name,
      target: this.#idOf(slot.routine),
      slot: slot.name,
    };
  }

  /** @param name of the slot, where the routine has several @throws {GraphInvalid} */
  entrySlot(entry: string, name: string | undefined): SlotOfNode {
    const { plan } = this;
    const slots = Object.keys(this.#routine(entry).slots);
    const [only] = slots;
    if (name === undefined && (only === undefined || slots.length > 1))
      throw this.#invalid(
        only === undefined
          ? `expected an entry with a slot, got ${entry}, which has none`
          : `expected the slot of ${entry} that gets the parameters (${listed(slots)}), got none`,
      );
    const slot = this.#find("slot", entry, name ?? (only as string));
    return plan.slots.get(`${entry}.${slot}`) as SlotOfNode;
  }

  #join(ends: Omit<Connected, "id">): string {
    const id = idOf(ends);
    if (this.connections.has(id))
      throw this.#invalid(
        `expected a new connection, got ${id}, which it has already: disconnect it first to change it`,
      );
    this.connections.set(id, { id, ...ends });
    this.#plan = undefined;
    return id;
  }

  #routine(id: string): Routine {
    const found = this.routines.get(id);
    if (found !== undefined) return found.routine;
    throw this.#invalid(
      `expected a routine that was added (${listed(this.routines.keys())}), got ${JSON.stringify(id)}`,
    );
  }

  #idOf(routine: Routine): string {
    const ids = [...this.routines].filter(([, added]) => added.routine === routine).map(([id]) => id);
    if (ids.length === 1) return ids[0] as string;
    throw this.#invalid(
      ids.length === 0
        ? `expected a routine that was added, got one of the class ${routine.constructor.name} that was not`
        : `expected a routine that was added once, got one that is ${listed(ids)}: connect it by its id`,
    );
  }

  /** By its name, or by the property of the routine that holds it. */
  #find(kind: "event" | "slot", id: string, name: string): string {
    const routine = this.#routine(id);
    const known: Readonly<Record<string, unknown>> = kind === "event" ? routine.events : routine.slots;
    if (Object.hasOwn(known, name)) return name;
    const held: unknown = Object.hasOwn(routine, name) ? Reflect.get(routine, name) : undefined;
    if ((kind === "event" ? held instanceof Event : held instanceof Slot) && held !== undefined)
      return (held as { name: string }).name;
    throw this.#invalid(
      `expected ${kind === "event" ? "an event" : "a slot"} of ${id} (${listed(Object.keys(known))}), got ${JSON.stringify(name)}`,
    );
  }

  #invalid(problem: string): GraphInvalid {
    return new GraphInvalid(this.name, [problem]);
  }
}

function idOf({ source, event, target, slot }: Ends): string {
  return `${source}.${event}>${target}.${slot}`;
}
