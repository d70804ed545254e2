// Sends OTLP as fast as it is taken, from a process of its own; ready-made requests over plain sockets, so that it
// takes as little as it can of the cores that it shares with what it measures. Prints what it saw as JSON.
// Arguments: address, json|protobuf, spans a request, connections, seconds to warm up, seconds to measure, and how many
// requests to leave out at the beginning.
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { bodies, CONTENT_TYPE, type Encoding, SEED_DIGITS } from "./payloads.ts";

export interface Load {
  requestsPerSecond: number;
  spansPerSecond: number;
  /** Answers other than 200. */
  refused: number;
}

const [url = "", encoding = "json", ...numbers] = process.argv.slice(2);
const [spans = 512, connections = 8, warmUp = 1, seconds = 5, skip = 0] = numbers.map(Number);
const { hostname, port, host } = new URL(url);
const BODIES_EACH = spans === 1 ? 100 : 4;

const FIRST_SEED = 10 ** (SEED_DIGITS - 1);
let seed = FIRST_SEED + skip;
/** That of the first body's times. */
const FIRST_SECOND = 1_790_000_000;
let second = FIRST_SECOND;
let answered = 0;
let refused = 0;
let stopping = false;

const sockets = Array.from({ length: connections }, () => send(prepare()));
await pause(warmUp * 1000);
answered = 0;
refused = 0;
const started = performance.now();
await pause(seconds * 1000);
const requestsPerSecond = answered / ((performance.now() - started) / 1000);
stopping = true;
await Promise.all(sockets);
process.stdout.write(
  JSON.stringify({ requestsPerSecond, spansPerSecond: requestsPerSecond * spans, refused } satisfies Load),
);

interface Prepared {
  bytes: Buffer;
  /** Where in them the seed stands as text. */
  seeds: number[];
  /** Where in them a time stands, and its nanoseconds within the second. */
  times: { at: number; rest: bigint }[];
}

function prepare(): Prepared[] {
  return bodies(encoding as Encoding, BODIES_EACH, FIRST_SEED, spans).map((body) => {
    const head =
      `POST /v1/traces HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${CONTENT_TYPE[encoding as Encoding]}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n`;
    const bytes = Buffer.concat([Buffer.from(head), body]);
    const seeds: number[] = [];
    for (let at = bytes.indexOf(`${FIRST_SEED}`); at !== -1; at = bytes.indexOf(`${FIRST_SEED}`, at + 1)) {
      seeds.push(at);
    }
    return { bytes, seeds, times: encoding === "json" ? timesAsText(bytes) : timesAsBytes(bytes) };
  });
}

function timesAsText(bytes: Buffer): Prepared["times"] {
  const times: Prepared["times"] = [];
  const start = `${FIRST_SECOND}`.slice(0, 6);
  for (let at = bytes.indexOf(start); at !== -1; at = bytes.indexOf(start, at + 1))
    times.push({ at, rest: 0n });
  return times;
}

/** Nanoseconds in eight bytes, the lowest first: the highest four are those of no other bytes here. */
function timesAsBytes(bytes: Buffer): Prepared["times"] {
  const times: Prepared["times"] = [];
  const base = BigInt(FIRST_SECOND) * 1_000_000_000n;
  for (let at = 0; at + 8 <= bytes.length; at += 1) {
    if (bytes[at + 7] !== Number(base >> 56n) || bytes[at + 6] !== Number((base >> 48n) & 255n)) continue;
    const after = bytes.readBigUInt64LE(at) - base;
    if (after >= 0n && after < 3_600_000_000_000n) times.push({ at, rest: after % 1_000_000_000n });
  }
  return times;
}

/** Time goes on: a flow that starts begins after those before it, as in life. */
function write({ bytes, seeds, times }: Prepared): void {
  seed += 1;
  second += 1;
  const digits = Buffer.from(`${seed}`);
  for (const at of seeds) put(bytes, at, digits);
  const secondDigits = Buffer.from(`${second}`);
  const nanos = BigInt(second) * 1_000_000_000n;
  for (const { at, rest } of times) {
    if (encoding === "json") put(bytes, at, secondDigits);
    else bytes.writeBigUInt64LE(nanos + rest, at);
  }
}

/** A few bytes in thousands of places: a call of `Buffer` for each takes several times as long. */
function put(bytes: Buffer, at: number, what: Buffer): void {
  for (let n = 0; n < what.length; n += 1) bytes[at + n] = what[n] as number;
}

/** One after the other, each with flows of its own. */
async function send(prepared: Prepared[]): Promise<void> {
  const socket = connect(Number(port), hostname).setNoDelay(true);
  for (let n = 0; !stopping; n += 1) {
    const one = prepared[n % prepared.length] as Prepared;
    write(one);
    const answer = answerFrom(socket);
    socket.write(one.bytes);
    if (await answer) answered += 1;
    else refused += 1;
  }
  socket.destroy();
}

/** Resolves with whether it is 200. */
function answerFrom(socket: Socket): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("error", reject).on("data", function read(chunk) {
      text += chunk.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      const length = /^content-length: (\d+)/im.exec(text)?.[1];
      if (end === -1 || text.length < end + 4 + Number(length ?? 0)) return;
      socket.off("data", read).off("error", reject);
      resolve(text.startsWith("HTTP/1.1 200 "));
    });
  });
}
