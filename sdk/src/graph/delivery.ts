/** One payload on its way to one slot. */
import type { Edge, SlotOfNode } from "./plan.ts";

export interface Delivery {
  /** Its number in the job, in the order in which deliveries were sent. */
  readonly n: number;
  readonly slot: SlotOfNode;
  /** What it came over; `undefined` for what `execute` gave. */
  readonly edge: Edge | undefined;
  readonly payload: unknown;
  /** See `Copy`. */
  readonly live: boolean;
  /** How often it was tried. */
  attempts: number;
  /** How often the connections that bound a cycle were taken on the way here, by their ids. */
  readonly turns: Turns | undefined;
  /** Of what was joined or batched: those that went into it, this one included. They are finished with it. */
  readonly parts: readonly Delivery[] | undefined;
}

export type Turns = Readonly<Record<string, number>>;

/** What is sent when an attempt has succeeded: a delivery without its number. */
export type Emission = Pick<Delivery, "payload" | "live" | "turns"> & { readonly edge: Edge };
