/** What the collector's threads are started with, and what they can be asked. */
import type { FlowKey, Micros } from "../flow.ts";
import type { StalledAfter } from "../health.ts";
import type { Asked, Question } from "../http/answers.ts";
import type { LimitFigures, Limits } from "../limits.ts";
import type { Observation } from "../observation.ts";
import type { Delivery } from "../otlp/delivery.ts";
import { type Receipt, receiptOf } from "../otlp/receipt.ts";
import type { Durability } from "../sqlite/file/open.ts";
import type {
  CommitFigures,
  FlowChange,
  PruneQuery,
  Questions,
  Store,
  StoreFigures,
  TenantUsage,
} from "../store.ts";

export interface StoreData {
  /** The database file. */
  path: string;
  /** One number, shared, that every thread takes as the time. Default: the system's clock. */
  clock: SharedClock | undefined;
  /** As of `openSqliteStore`. */
  durability: Durability;
  stalledAfter: StalledAfter;
  /** What each tenant may use. */
  limits: Limits;
}

export type SharedClock = Float64Array<SharedArrayBuffer>;

/** What changed since the last time, or that it was too much to tell. */
export interface News {
  changes: FlowChange[];
  missed: boolean;
}

/** Most say only how many spans were accepted, and are a number then: to copy objects costs more than most requests. */
export type ShortReceipt = number | Receipt;

export function shorten(receipt: Receipt): ShortReceipt {
  const { accepted, ignored, partial } = receipt;
  return ignored === 0 && partial.errorMessage === "" ? accepted : receipt;
}

export function unfold(receipt: ShortReceipt): Receipt {
  return typeof receipt === "number" ? receiptOf(receipt, 0, []) : receipt;
}

export interface DecoderCalls {
  /** @returns a folded message, and the body as it came. */
  fold(delivery: Omit<Delivery, "body">, body: Uint8Array): Promise<[message: Uint8Array, body: Uint8Array]>;
}

export interface WriterCalls {
  take(delivery: Omit<Delivery, "body">, body: Uint8Array): Promise<ShortReceipt>;
  /** @returns `null` where a tenant is near a limit of its: then nothing is kept, and the body is to be taken whole. */
  keep(argument: undefined, message: Uint8Array): Promise<ShortReceipt | null>;
  append(observations: Observation[]): Promise<void>;
  prune(query: PruneQuery): Promise<number>;
  checkWritable(argument: undefined): Promise<void>;
  commits(argument: undefined): Promise<CommitFigures>;
  limits(argument: undefined): Promise<LimitFigures>;
  /** Resolves when there is something to tell. Asked with the time, in milliseconds since the epoch. */
  news(askedAt: number): Promise<News>;
  /** Nobody listens any more. */
  rest(argument: undefined): Promise<void>;
}

/** As of `Answers`. */
export interface AskedBytes {
  question: Question;
  asked: Asked<Question>;
  sees: string | null;
}

export interface AskedFlow {
  key: FlowKey;
  sees: string | null;
}

export interface ReaderCalls extends Questions {
  answer(asked: AskedBytes): Promise<Uint8Array>;
  flowBytes(asked: AskedFlow): Promise<Uint8Array | undefined>;
  /** The number by which the whole of the flow is to be had; `null` where the outline leaves nothing out. */
  outlineBytes(asked: AskedFlow): Promise<{ outline: Uint8Array; whole: number | null } | undefined>;
  /** @returns `null` where it was asked for too late: the flow is not kept any more. */
  wholeBytes(number: number): Promise<Uint8Array | null>;
  has: Store["has"];
  usage(query: { tenant: string; atMost: number }): Promise<TenantUsage>;
  /** Of what it can see: what was committed is the writer's to say. */
  figures(argument: undefined): Promise<StoreFigures>;
}

export function clockOf(clock: SharedClock | undefined): { now?: () => Micros } {
  return clock === undefined ? {} : { now: () => clock[0] as Micros };
}
