/**
 * A job as text, and back. The first line says what it is, in which version and how long; the rest is JSON, in which the codec of
 * journals wrote what JSON has no form for. Reading makes data of it and nothing else: no name in it is looked up, nothing in it is called.
 */
import { STATUSES } from "../attributes.ts";
import { createCodec } from "../run/index.ts";
import { JobFileInvalid } from "./errors/job-file-invalid.ts";
import { JobFileNewer } from "./errors/job-file-newer.ts";
import { HISTORY_KINDS, type JobData } from "./job-data.ts";
import { pendingFromText, pendingText } from "./pending-text.ts";
import {
  anything,
  list,
  number,
  oneOf,
  optional,
  record,
  recordOf,
  type Shape,
  text,
  truth,
  tuple,
  whole,
} from "./shape.ts";

/** Of the form below; raise it with each change that an older reader would get wrong. */
const VERSION = 2;
const MARK = "graph job";

const codec = createCodec({ maxBytes: Number.POSITIVE_INFINITY });

const name = record({ name: text, version: whole });
const durations = record({
  count: whole,
  total: number,
  min: number,
  max: number,
  buckets: list(tuple(whole, whole)),
});
const roundKey: Shape = (value, at) => void (typeof value === "number" || text(value, at));
const JOB: Shape = record({
  id: text,
  tenant: text,
  graph: name,
  labels: recordOf((value, at) => {
    if (typeof value !== "number" && typeof value !== "boolean") text(value, at);
  }),
  status: oneOf(STATUSES),
  reason: optional(text),
  createdAt: number,
  endedAt: optional(number),
  entry: record({ routine: text, slot: text }),
  next: whole,
  merged: list(tuple(text, anything)),
  gathering: list(
    tuple(
      text,
      optional(
        record({
          counts: list(tuple(text, whole)),
          again: optional(list(tuple(text, list(whole)))),
          rounds: list(tuple(roundKey, truth, list(text))),
          late: optional(list(tuple(roundKey, list(text)))),
        }),
      ),
    ),
  ),
  routines: list(
    tuple(
      text,
      record({
        succeeded: whole,
        failures: whole,
        retries: whole,
        failed: whole,
        skipped: whole,
        durations,
        state: list(tuple(text, anything)),
      }),
    ),
  ),
  shared: list(tuple(text, anything)),
  deadLetters: list(
    record({
      at: number,
      delivery: whole,
      routine: text,
      slot: text,
      connection: optional(text),
      attempts: whole,
      skipped: truth,
    }),
  ),
  deadLettersDropped: whole,
  history: list(record({ at: number, kind: oneOf(HISTORY_KINDS) })),
  historyDropped: whole,
  pauses: list(record({ at: number, reason: optional(text) })),
});

/** @throws {NotEncodable} an error in it holds what can't be kept */
export function jobText(data: JobData): string {
  const { pending, ...rest } = data;
  const body = JSON.stringify({
    job: codec.encode(rest, `job ${data.id}`),
    pending: pendingText(pending, codec),
  });
  return `${JSON.stringify({ weir: MARK, version: VERSION, length: body.length })}\n${body}\n`;
}

/** @throws {JobFileInvalid | JobFileNewer} */
export function jobFrom(given: string | Uint8Array): JobData {
  const whole = typeof given === "string" ? given : asText(given);
  const end = whole.indexOf("\n");
  const { version, length } = headOf(whole.slice(0, end < 0 ? undefined : end));
  const body = end < 0 ? "" : whole.slice(end + 1, end + 1 + length);
  if (body.length < length)
    throw new JobFileInvalid(
      "",
      `expected ${length} characters after its first line, got ${body.length}: it was cut off`,
    );
  if (version > VERSION) throw new JobFileNewer(version, VERSION);
  try {
    return dataFrom(JSON.parse(body));
  } catch (error) {
    if (error instanceof JobFileInvalid) throw error;
    throw new JobFileInvalid("", "expected what save or serialize wrote, got what can't be read", error);
  }
}

function dataFrom(body: unknown): JobData {
  const { job, pending } = (body ?? {}) as { job?: unknown; pending?: unknown };
  text(job, ".job");
  const data = codec.decode(job as string, "job state");
  JOB(data, "");
  const rest = data as Omit<JobData, "pending">;
  const deliveries = pendingFromText(pending, codec);
  const numbers = new Set(deliveries.map(({ n }) => n));
  if (numbers.size < deliveries.length || deliveries.some(({ n }) => n >= rest.next))
    throw new JobFileInvalid(".pending", `expected numbers of their own below ${rest.next}, got others`);
  return { ...rest, pending: deliveries };
}

function asText(given: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(given);
  } catch (error) {
    throw new JobFileInvalid("", "expected UTF-8 text, got other bytes", error);
  }
}

function headOf(line: string): { version: number; length: number } {
  let head: unknown;
  try {
    head = JSON.parse(line.slice(0, 1024));
  } catch {
    head = undefined;
  }
  const { weir, version, length } = (head ?? {}) as { weir?: unknown; version?: unknown; length?: unknown };
  if (weir !== MARK || !isCount(version) || !isCount(length))
    throw new JobFileInvalid(
      "",
      `expected a first line such as {"weir":"${MARK}","version":${VERSION},"length":123}, got another`,
    );
  return { version, length };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
