/** The connection: scripts by their hash, tries again while the server is away, and one error when it stays away. */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Redis, RedisOptions } from "ioredis";
import { JournalUnavailable } from "../errors/journal-unavailable.ts";
import { type ScriptName, sourceOf } from "./scripts.ts";

export type Client = Redis | Cluster;

/** Of a command on a connection of ours. */
const COMMAND_MS = 5_000;
const FIRST_DELAY_MS = 20;
const LONGEST_DELAY_MS = 500;

/** Answers of a server that will be well again by itself. */
const PASSING = ["LOADING", "BUSY ", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN", "READONLY", "MOVED", "ASK "];

const HINTS: [start: string, hint: string][] = [
  ["OOM", "the server is out of memory: prune the journal or give it more"],
  ["NOAUTH", "give the password with the connection"],
  ["WRONGPASS", "give the right password with the connection"],
  ["NOPERM", "this user may not run scripts there"],
  ["MISCONF", "the server can't save to its disk"],
];

export class Link {
  readonly client: Client;
  readonly #name: string;
  readonly #patienceMs: number;
  readonly #hashes = new Map<ScriptName, string>();
  #closed = false;

  constructor(client: Client, name: string, patienceMs: number) {
    this.client = client;
    this.#name = name;
    this.#patienceMs = patienceMs;
  }

  get isCluster(): boolean {
    return this.client.isCluster;
  }

  /** Runs a script; its keys are all of one slot. Made again where the answer got lost, so it must be idempotent. */
  script(name: ScriptName, keys: string[], args: (string | number)[]): Promise<unknown> {
    let hash = this.#hashes.get(name);
    if (hash === undefined) {
      hash = createHash("sha1").update(sourceOf(name)).digest("hex");
      this.#hashes.set(name, hash);
    }
    const known = hash;
    return this.ask(async (client) => {
      try {
        return await client.evalsha(known, keys.length, ...keys, ...args);
      } catch (error) {
        if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
        return client.eval(sourceOf(name), keys.length, ...keys, ...args);
      }
    });
  }

  /**
   * @param command may be made more than once
   * @throws {JournalUnavailable}
   */
  async ask<T>(command: (client: Client) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#patienceMs;
    for (let delay = FIRST_DELAY_MS; ; delay = Math.min(2 * delay, LONGEST_DELAY_MS)) {
      if (this.#closed) throw new JournalUnavailable(this.#name, "it was closed");
      try {
        return await command(this.client);
      } catch (error) {
        if (!isPassing(error) || performance.now() + delay > deadline) throw this.#unavailable(error);
        await sleep(delay * (0.5 + Math.random() / 2));
      }
    }
  }

  #unavailable(error: unknown): JournalUnavailable {
    const message = messageOf(error);
    const hint =
      HINTS.find(([start]) => message.startsWith(start))?.[1] ??
      (isPassing(error)
        ? "check that the server runs; the run goes on where it was once it is back"
        : undefined);
    const shown = hint === undefined ? message : `${message} (${hint})`;
    return new JournalUnavailable(this.#name, `Redis did not do it: ${shown}`, error);
  }

  /** @param own whether the connection was made by `connect` */
  async close(own: boolean): Promise<void> {
    this.#closed = true;
    if (!own) return;
    try {
      await this.client.quit();
    } catch {
      this.client.disconnect();
    }
  }
}

/** A connection of our own. Commands of one turn leave together. */
export function connect(connection: string | RedisOptions, name: string): Redis {
  const options: RedisOptions = {
    enableAutoPipelining: true,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_MS,
    retryStrategy: (times) => Math.min(times * FIRST_DELAY_MS, LONGEST_DELAY_MS),
  };
  const { Redis: Connection } = load(name);
  const client =
    typeof connection === "string"
      ? new Connection(connection, options as object)
      : new Connection({ ...options, ...connection } as object);
  // Each command says for itself that it failed.
  client.on("error", () => {});
  return client;
}

/** Not imported above: who keeps journals elsewhere need not have it. */
function load(name: string): typeof import("ioredis") {
  try {
    return createRequire(import.meta.url)("ioredis") as typeof import("ioredis");
  } catch (error) {
    throw new JournalUnavailable(
      name,
      "expected the package ioredis beside @weir/sdk, it can't be loaded: npm install ioredis",
      error,
    );
  }
}

/** A lost connection, or a server that says so. Whatever else the server answers, it would answer again. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name !== "ReplyError" || PASSING.some((start) => error.message.startsWith(start));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
