/**
 * Fans the store's changes out to readers as server-sent events.
 *
 * What a reader is sent: every change of a flow that matches its filter, and the change by which a flow stops
 * matching, so that the reader can take it off its list. What flows were before is remembered within a bound; a
 * flow that was there before but is not remembered counts as having matched, where its tenant and name do. So a
 * reader holds what it is sent against its own filter.
 *
 * A reader of one flow is also sent what is noted in it, and the flows that it opened.
 *
 * Every buffer has a bound. A reader that is slower than the changes is sent nothing until it has caught up, then
 * `resync`: ask again for what you show. The same where `Last-Event-ID` is from before what is remembered, and where
 * the store had more changes than it could tell of.
 *
 * While nobody reads, nothing is gathered: ingest pays for the stream only when someone looks.
 */
import { randomBytes } from "node:crypto";
import { WeirError } from "../errors.ts";
import type { FlowEvent, FlowKey, FlowSummary, Step } from "../flow.ts";
import { type Matches, matcher, mayMatch } from "../matcher.ts";
import type { FlowChange, FlowFilter, Store } from "../store.ts";
import { Coalescer } from "./coalesce.ts";
import { type Before, KnownFlows } from "./known.ts";
import { Ring } from "./ring.ts";

/** Where a reader's events go: a response, or a test. */
export interface Sink {
  write(chunk: string | Buffer): void;
  /** Bytes written and not yet sent. */
  readonly buffered: number;
  /** Calls once, when everything written has been sent. */
  onceDrained(callback: () => void): void;
  end(): void;
}

export interface HubOptions {
  onChange: Store["onChange"];
  /** The data of the events, as JSON. */
  present: {
    flow(flow: FlowSummary): unknown;
    step(flow: FlowKey, step: Step): unknown;
    event(flow: FlowKey, event: FlowEvent): unknown;
    /** `child` was opened in `flow`. */
    child(flow: FlowKey, child: FlowSummary): unknown;
  };
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Least milliseconds between two hand-overs; changes of one flow in between become one. Default 50. */
  coalesceMs?: number;
  /** Milliseconds between comments that keep a quiet connection open. Default 15,000. */
  heartbeatMs?: number;
  /** Milliseconds for which events are kept after the last reader has gone. Default 30,000. */
  lingerMs?: number;
  /** Events kept for readers that come back. Default 10,000. */
  keptEvents?: number;
  /** Bytes of events kept. Default 8 MiB. */
  keptBytes?: number;
  /** Bytes that may wait for one reader. Default 256 KiB. */
  slowBytes?: number;
  /** Default 1,000. */
  maxReaders?: number;
}

/** What one reader is, besides its filter. */
export interface ReaderOptions {
  /** The id of the last event it got before, where it comes back. */
  lastEventId?: string | undefined;
  /** It reads of this flow alone, whatever its filter. */
  onlyFlow?: FlowKey | undefined;
  /** It may not know of other tenants: the flow of another that a flow was opened in is left out. */
  onlyTenant?: string | undefined;
}

type EventName = "flow" | "step" | "event" | "child";

interface LiveEvent {
  name: EventName;
  /** Which flow it is about: of a `child`, the one in which it was opened. */
  about: FlowKey;
  bytes: Buffer;
  /** Without the flow of another tenant that it was opened in, where it was. */
  bytesForOwn: Buffer;
  flow: FlowSummary;
  before: Before;
}

interface Reader {
  sink: Sink;
  matches: Matches;
  mayMatch: Matches;
  onlyFlow: FlowKey | undefined;
  onlyTenant: string | undefined;
  lagging: boolean;
}

const KNOWN_FLOWS = 4_000;
const MOST_PENDING = 2_000;

export class Hub {
  readonly #options: Required<HubOptions>;
  readonly #readers = new Set<Reader>();
  readonly #ring: Ring<LiveEvent>;
  readonly #coalescer: Coalescer;
  /** Tells this process's sequence numbers from those of one before it. */
  readonly #boot = randomBytes(6).toString("hex");
  #known = new KnownFlows(0, 0);
  #unsubscribe: (() => void) | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;

  constructor(options: HubOptions) {
    this.#options = {
      now: Date.now,
      coalesceMs: 50,
      heartbeatMs: 15_000,
      lingerMs: 30_000,
      keptEvents: 10_000,
      keptBytes: 8 * 1024 * 1024,
      slowBytes: 256 * 1024,
      maxReaders: 1_000,
      ...options,
    };
    this.#ring = new Ring(this.#options.keptEvents, this.#options.keptBytes);
    this.#coalescer = new Coalescer(this.#options.coalesceMs, MOST_PENDING, (changes) =>
      this.#publish(changes),
    );
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** @throws {WeirError} `overloaded` when there are as many readers as there may be. */
  checkRoom(): void {
    const { maxReaders } = this.#options;
    if (this.#readers.size < maxReaders) return;
    throw new WeirError("overloaded", `expected at most ${maxReaders} readers of the stream at a time`);
  }

  /**
   * Adds a reader.
   *
   * @returns what takes it off again.
   */
  open(sink: Sink, filter: FlowFilter, options: ReaderOptions = {}): () => void {
    this.#listen();
    const { lastEventId, onlyFlow, onlyTenant } = options;
    const reader: Reader = {
      sink,
      matches: matcher(filter),
      mayMatch: mayMatch(filter),
      onlyFlow,
      onlyTenant,
      lagging: false,
    };
    this.#readers.add(reader);
    sink.write("retry: 1000\n\n");
    if (lastEventId === undefined || lastEventId === "") sink.write(`id: ${this.#id(this.#ring.last)}\n\n`);
    else this.#resume(reader, lastEventId);
    return () => {
      if (this.#readers.delete(reader) && this.#readers.size === 0) {
        this.#linger = setTimeout(() => this.#rest(), this.#options.lingerMs).unref();
      }
    };
  }

  /** Ends every reader; they are to come back elsewhere, or later. */
  close(): void {
    for (const { sink } of this.#readers) sink.end();
    this.#readers.clear();
    this.#rest();
  }

  #listen(): void {
    clearTimeout(this.#linger);
    if (this.#unsubscribe !== undefined) return;
    const { onChange, now, heartbeatMs } = this.#options;
    this.#known = new KnownFlows(KNOWN_FLOWS, now() * 1000);
    this.#unsubscribe = onChange(
      (changes) => this.#coalescer.add(changes),
      () => this.#missed(),
    );
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs).unref();
  }

  #rest(): void {
    clearTimeout(this.#linger);
    clearInterval(this.#heartbeat);
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#coalescer.flush();
    this.#known = new KnownFlows(0, 0);
    this.#ring.clear();
  }

  /** What is remembered may be out of date now. */
  #missed(): void {
    this.#coalescer.flush();
    this.#ring.clear();
    this.#known = new KnownFlows(KNOWN_FLOWS, this.#options.now() * 1000);
    for (const reader of this.#readers) if (!reader.lagging) this.#resync(reader);
  }

  #publish(changes: FlowChange[]): void {
    const events: LiveEvent[] = [];
    const { present } = this.#options;
    for (const { flow, steps, events: noted = [] } of changes) {
      const before = this.#known.replace(flow);
      const own = hasForeignParent(flow) ? present.flow({ ...flow, parent: null }) : undefined;
      const keep = (name: EventName, data: unknown, about: FlowKey = flow) =>
        events.push(this.#keep({ name, about, flow, before }, data, name === "flow" ? own : undefined));
      keep("flow", present.flow(flow));
      for (const step of steps) keep("step", present.step(flow, step));
      for (const event of noted) keep("event", present.event(flow, event));
      if (flow.parent !== null) keep("child", present.child(flow.parent, flow), flow.parent);
    }
    for (const reader of this.#readers) this.#send(reader, events);
  }

  #keep(said: Omit<LiveEvent, "bytes" | "bytesForOwn">, data: unknown, own: unknown): LiveEvent {
    const id = this.#id(this.#ring.last + 1);
    const write = (what: unknown) =>
      Buffer.from(`id: ${id}\nevent: ${said.name}\ndata: ${JSON.stringify(what)}\n\n`);
    const bytes = write(data);
    const event = { ...said, bytes, bytesForOwn: own === undefined ? bytes : write(own) };
    this.#ring.push(event);
    return event;
  }

  #send(reader: Reader, events: LiveEvent[]): void {
    if (reader.lagging) return;
    const { sink } = reader;
    for (const event of events) {
      if (!wants(reader, event)) continue;
      sink.write(reader.onlyTenant === undefined ? event.bytes : event.bytesForOwn);
      if (sink.buffered <= this.#options.slowBytes) continue;
      this.#wait(reader);
      return;
    }
  }

  /** What comes meanwhile is dropped. */
  #wait(reader: Reader): void {
    reader.lagging = true;
    reader.sink.onceDrained(() => {
      reader.lagging = false;
      if (this.#readers.has(reader)) this.#resync(reader);
    });
  }

  #resume(reader: Reader, lastEventId: string): void {
    const [boot, sequence = ""] = lastEventId.split("-");
    const known = boot === this.#boot && /^\d{1,15}$/.test(sequence);
    const missed = known ? this.#ring.after(Number(sequence)) : undefined;
    if (missed === undefined) this.#resync(reader);
    else this.#send(reader, missed);
  }

  #resync({ sink }: Reader): void {
    sink.write(`id: ${this.#id(this.#ring.last)}\nevent: resync\ndata: {}\n\n`);
  }

  #beat(): void {
    for (const { sink, lagging } of this.#readers) {
      if (!lagging) sink.write(":\n\n");
    }
  }

  #id(sequence: number): string {
    return `${this.#boot}-${sequence}`;
  }
}

function hasForeignParent({ parent, tenant }: FlowSummary): boolean {
  return parent !== null && parent.tenant !== tenant;
}

function wants(reader: Reader, { name, about, flow, before }: LiveEvent): boolean {
  const { onlyFlow, onlyTenant } = reader;
  if (onlyFlow !== undefined) {
    const isHis = name !== "child" || onlyTenant === undefined || flow.tenant === onlyTenant;
    return about.id === onlyFlow.id && about.tenant === onlyFlow.tenant && isHis;
  }
  // Of many flows nobody shows more.
  if (name === "event" || name === "child") return false;
  if (reader.matches(flow)) return true;
  if (before === null) return false;
  return before === "unknown" ? reader.mayMatch(flow) : reader.matches(before);
}
