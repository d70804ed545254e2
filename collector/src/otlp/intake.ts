/** Where the doors meet: one message, however it came, becomes what is kept and what its sender is told. */
import { shallRetry, type WeirError } from "../errors.ts";
import { Budget } from "./budget.ts";
import type { Codec } from "./codec.ts";
import { Complaints, type Log } from "./complaints.ts";
import type { Door, OtlpTraffic } from "./counters.ts";
import type { Ingest } from "./ingest.ts";
import { count, type PartialSuccess } from "./receipt.ts";

/** What a message may cost. */
export interface MessageLimits {
  /** Bytes of a body as it comes; on gRPC of a message, compressed or not. Default 20 MiB. */
  bodyLimit?: number;
  /** Bytes of a body once inflated. Default 64 MiB. */
  inflatedLimit?: number;
  /** Bytes of all bodies in hand at once. Default 128 MiB. */
  inHandLimit?: number;
}

export interface IntakeOptions extends MessageLimits {
  ingest: Ingest;
  traffic: OtlpTraffic;
  log: Log;
}

/** One message that a door has read. */
export interface Message {
  door: Door;
  codec: Codec;
  /** Given away: whoever hands it over does not read it afterwards. */
  body: Buffer;
  /** The one that its sender speaks for; `null`: whichever its spans name. */
  tenant: string | null;
}

export interface Intake {
  bodyLimit: number;
  inflatedLimit: number;
  /** Shared by the doors. */
  budget: Budget;
  traffic: OtlpTraffic;
  /** Milliseconds for which the oldest message that is not durable yet has waited; 0 where none waits. */
  readonly waitMs: number;
  /**
   * Resolves when what the message says is durable.
   *
   * @throws {WeirError} `invalid_argument` for what can't be parsed, `too_large`, `overloaded`, `unavailable`
   */
  take(message: Message): Promise<PartialSuccess>;
  /**
   * To be told of every error that a sender is answered with.
   *
   * @param log the request's own, where it has one.
   */
  failed(door: Door, error: WeirError, log?: Log): void;
}

const MIB = 1024 * 1024;

export function createIntake({ ingest, traffic, log, ...limits }: IntakeOptions): Intake {
  const { bodyLimit = 20 * MIB, inflatedLimit = 64 * MIB, inHandLimit = 128 * MIB } = limits;
  const complaints = new Complaints();
  /** Since when each waits to be durable, the oldest first. */
  const waiting = new Set<{ since: number }>();
  return {
    bodyLimit,
    inflatedLimit,
    budget: new Budget(inHandLimit),
    traffic,
    get waitMs() {
      const [oldest] = waiting;
      return oldest === undefined ? 0 : performance.now() - oldest.since;
    },
    async take({ door, codec: { encoding }, body, tenant }) {
      const entry = { since: performance.now() };
      waiting.add(entry);
      try {
        const receipt = await ingest.take({ encoding, body, tenant });
        // After the commit: what was not kept will be sent, and counted, again.
        count(traffic.by(door, encoding), receipt);
        return receipt.partial;
      } finally {
        waiting.delete(entry);
      }
    },
    failed(door, error, ownLog = log) {
      if (error.code === "internal") ownLog.error({ err: error.cause }, "a request failed");
      if (!shallRetry(error)) return;
      traffic.refuse(door, error.code);
      complaints.about(error, ownLog);
    },
  };
}

export type Unkept = "logs" | "metrics";

/** The answer to signals that Weir has no use for: a shared exporter stays quiet, and its owner can know. */
export function notKept(signal: Unkept): PartialSuccess {
  return { rejectedSpans: 0, errorMessage: `weir keeps no ${signal}` };
}
