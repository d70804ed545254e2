/** Where the doors meet: one message, however it came, becomes what is kept and what its sender is told. */
import { Budget } from "./budget.ts";
import type { Codec } from "./codec.ts";
import type { OtlpCounters } from "./counters.ts";
import type { Ingest } from "./ingest.ts";
import { count, type PartialSuccess } from "./receipt.ts";

/** What a message may cost. */
export interface Limits {
  /** Bytes of a body as it comes; on gRPC of a message, compressed or not. Default 20 MiB. */
  bodyLimit?: number;
  /** Bytes of a body once inflated. Default 64 MiB. */
  inflatedLimit?: number;
  /** Bytes of all bodies in hand at once. Default 128 MiB. */
  inHandLimit?: number;
}

export interface IntakeOptions extends Limits {
  ingest: Ingest;
  counters: OtlpCounters;
  warn: (line: string) => void;
}

export interface Intake {
  bodyLimit: number;
  inflatedLimit: number;
  /** Shared by the doors. */
  budget: Budget;
  /** Hears of what nobody foresaw. */
  warn: (line: string) => void;
  /**
   * Resolves when what the message says is durable.
   *
   * @param message is given away.
   * @param tenant the one that its sender speaks for; `null`: whichever its spans name.
   * @throws {WeirError} `invalid_argument` for what can't be parsed, `too_large`, `overloaded`, `unavailable`
   */
  take(codec: Codec, message: Buffer, tenant: string | null): Promise<PartialSuccess>;
}

const MIB = 1024 * 1024;

export function createIntake({ ingest, counters, warn, ...limits }: IntakeOptions): Intake {
  const { bodyLimit = 20 * MIB, inflatedLimit = 64 * MIB, inHandLimit = 128 * MIB } = limits;
  return {
    bodyLimit,
    inflatedLimit,
    budget: new Budget(inHandLimit),
    warn,
    async take({ encoding }, body, tenant) {
      const receipt = await ingest.take({ encoding, body, tenant });
      // After the commit: what was not kept will be sent, and counted, again.
      count(counters, receipt);
      return receipt.partial;
    },
  };
}

export type Unkept = "logs" | "metrics";

/** The answer to signals that Weir has no use for: a shared exporter stays quiet, and its owner can know. */
export function notKept(signal: Unkept): PartialSuccess {
  return { rejectedSpans: 0, errorMessage: `weir keeps no ${signal}` };
}
