/** What became of the spans that came, since the process started: by the door they came through and their encoding. */
import type { ErrorCode } from "../errors.ts";
import type { Encoding } from "./delivery.ts";
import type { Reason } from "./rejection.ts";

/** Of one door and encoding. */
export interface OtlpCounters {
  accepted: number;
  /** Spans that are none of Weir's. */
  ignored: number;
  rejected: Map<Reason, number>;
}

export type Door = "http" | "grpc";

/** Requests that were sent back to be sent again. */
export interface Refused {
  door: Door;
  code: ErrorCode;
  count: number;
}

/** All of them, and what they add up to. */
export interface OtlpTraffic extends Readonly<OtlpCounters> {
  by(door: Door, encoding: Encoding): OtlpCounters;
  each(): Iterable<{ door: Door; encoding: Encoding; counters: OtlpCounters }>;
  /** Counts a request that was sent back to be sent again. */
  refuse(door: Door, code: ErrorCode): void;
  refused(): Iterable<Refused>;
  /** How many calls over gRPC were answered with which status, by its name. */
  grpcAnswers: Map<string, number>;
}

export function createCounters(): OtlpTraffic {
  const all = [
    { door: "http", encoding: "json", counters: noneYet() },
    { door: "http", encoding: "protobuf", counters: noneYet() },
    { door: "grpc", encoding: "protobuf", counters: noneYet() },
  ] as const;
  const refused = new Map<string, Refused>();
  const sum = (what: "accepted" | "ignored") =>
    all.reduce((total, { counters }) => total + counters[what], 0);
  return {
    by(door, encoding) {
      const found = all.find((each) => each.door === door && each.encoding === encoding);
      if (found === undefined)
        throw new TypeError(`expected an encoding of the ${door} door, got ${encoding}`);
      return found.counters;
    },
    each: () => all,
    refuse(door, code) {
      const key = `${door} ${code}`;
      const known = refused.get(key) ?? { door, code, count: 0 };
      known.count += 1;
      refused.set(key, known);
    },
    refused: () => refused.values(),
    grpcAnswers: new Map(),
    get accepted() {
      return sum("accepted");
    },
    get ignored() {
      return sum("ignored");
    },
    get rejected() {
      const total = new Map<Reason, number>();
      for (const [reason, count] of all.flatMap(({ counters }) => [...counters.rejected])) {
        total.set(reason, (total.get(reason) ?? 0) + count);
      }
      return total;
    },
  };
}

function noneYet(): OtlpCounters {
  return { accepted: 0, ignored: 0, rejected: new Map() };
}
