/** Where the doors meet: one message, however it came, becomes what is kept and what its sender is told. */
import { detailOf, WeirError } from "../errors.ts";
import type { Admit } from "./admit.ts";
import { Budget } from "./budget.ts";
import type { Codec } from "./codec.ts";
import type { OtlpCounters } from "./counters.ts";
import { MalformedError, type RawSpan } from "./raw-span.ts";
import { type Accept, type PartialSuccess, receive } from "./receive.ts";

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
  accept: Accept;
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
   * @param admit what its sender may say. Default: everything.
   * @throws {WeirError} `invalid_argument` for what can't be parsed, `too_large`, `overloaded`, `unavailable`
   */
  take(codec: Codec, message: Buffer, admit?: Admit): Promise<PartialSuccess>;
}

const MIB = 1024 * 1024;

export function createIntake(options: IntakeOptions): Intake {
  const { accept, counters, warn } = options;
  const { bodyLimit = 20 * MIB, inflatedLimit = 64 * MIB, inHandLimit = 128 * MIB } = options;
  return {
    bodyLimit,
    inflatedLimit,
    budget: new Budget(inHandLimit),
    warn,
    take: (codec, message, admit) => receive(decode(codec, message), { accept: keep, counters, admit }),
  };

  /** What the store can't keep now it may later: whatever the cause, the sender shall try again. */
  async function keep(observations: Parameters<Accept>[0]): Promise<void> {
    try {
      await accept(observations);
    } catch (cause) {
      if (cause instanceof WeirError && (cause.code === "unavailable" || cause.code === "overloaded"))
        throw cause;
      warn(`spans were not kept: ${detailOf(cause)}`);
      throw new WeirError("unavailable", "the store did not keep the spans; send them again", { cause });
    }
  }
}

function decode(codec: Codec, message: Buffer): RawSpan[] {
  try {
    return codec.decode(message);
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new WeirError(
      "invalid_argument",
      `the body is not ${codec.contentType} of OTLP: ${cause.message}`,
      { cause },
    );
  }
}

export type Unkept = "logs" | "metrics";

/** The answer to signals that Weir has no use for: a shared exporter stays quiet, and its owner can know. */
export function notKept(signal: Unkept): PartialSuccess {
  return { rejectedSpans: 0, errorMessage: `weir keeps no ${signal}` };
}
