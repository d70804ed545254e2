/** The documented options of a graph, and of what one asks of it. */
import type { Codec, Journal, Random, RunClock } from "../run/index.ts";
import type { LabelValue } from "../types.ts";
import type { Routines } from "./typed.ts";

/** Options of `new Graph`. */
export interface GraphOptions<R extends Routines> {
  /** Routines by id: with them the compiler checks what is connected by name. Others may be added. */
  routines?: R | undefined;
  /** A whole number from 1, raised when a job that is under way can't go on in the changed graph. Default 1. */
  version?: number | undefined;
  /** How many deliveries of a job are handled at once. Default 1: one after the other, in the order in which they were sent. */
  concurrent?: number | undefined;
  /** Where jobs are kept while they run, so that they outlive the process. It belongs to who made it. Default: nowhere. */
  journal?: Journal | undefined;
  /** How the journal keeps payloads: errors of your own, sealing, a limit of their size. */
  codec?: Codec | undefined;
  /** Milliseconds after which another process may take the jobs of one that died. Default 15,000. */
  leaseMs?: number | undefined;
  /** Queued deliveries of a job; an attempt that would send more fails with `QueueFull`. Default 1,000,000. */
  maxQueued?: number | undefined;
  /** From so many queued deliveries on `emit` waits, where others work them off. Default 10,000. */
  crowd?: number | undefined;
  /** Milliseconds that handlers have to end when they are told to stop; then they are left to themselves. Default 5,000. */
  stopGrace?: number | undefined;
  /** Entries of a job's history. Default 1,000. */
  historyLimit?: number | undefined;
  /** Dead letters of a job. Default 1,000. */
  deadLetterLimit?: number | undefined;
  /** Default: the real time. `TestClock` of `@weir/sdk/testing` is one. */
  clock?: RunClock | undefined;
  /** From 0 up to, not including, 1; for jitter. Default: `Math.random`. */
  random?: Random | undefined;
}

/** Options of a connection. */
export interface ConnectOptions<M> {
  /** Renames keys on the way: `{ row: "line" }`. The rest passes. */
  paramMapping?: M | undefined;
  /** How often one delivery and what comes of it may take this connection. Each cycle needs one that says so. */
  maxTurns?: number | undefined;
}

/** A connection by names: from an event of one routine to a slot of another. */
export interface Connection<S, E, T, L, M> extends ConnectOptions<M> {
  source: S;
  /** By its name, or by the property that holds it. */
  event: E;
  target: T;
  slot: L;
}

/** Options of `graph.execute`. */
export interface ExecuteOptions<Id, S, Params> {
  /** The routine that gets the parameters. */
  entry: Id;
  /** Of that routine. Left out where it has only one. */
  slot?: S | undefined;
  /** As if an event had sent them. */
  params?: Params | undefined;
  /** The customer. Default: that of the current flow, else `"default"`. */
  tenant?: string | undefined;
  /** Your own; with a journal an idempotency key. Default: a UUIDv7. */
  id?: string | undefined;
  /** Of its flow; searchable. */
  labels?: Record<string, LabelValue> | undefined;
  /** Default: that of the graph. */
  concurrent?: number | undefined;
}

/** Options of `graph.worker`. */
export interface JobWorkerOptions {
  /** How many jobs at once. Default 10. */
  concurrency?: number | undefined;
}

/** Options of `graph.close`. */
export interface CloseOptions {
  /** Milliseconds for handlers in hand to end by themselves; then they are told to stop. Default 10,000. */
  grace?: number | undefined;
}

/** Takes jobs until it is stopped. */
export interface JobWorker extends AsyncDisposable {
  /** Takes no more, and resolves when those that it has taken have ended or are paused. */
  stop(): Promise<void>;
}
