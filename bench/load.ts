/** Load on a collector, from a process of its own. */
import { fileURLToPath } from "node:url";
import type { Load } from "./load-worker.ts";
import type { Encoding } from "./payloads.ts";
import { measureIn } from "./workers.ts";

const WORKER = fileURLToPath(new URL("./load-worker.ts", import.meta.url));

/** Seconds before anything is measured: the program is compiled as it runs. */
export const WARM_UP_SECONDS = 2;

export const BATCHES = { spans: 512, connections: 8 };
export const SINGLE_SPANS = { spans: 1, connections: 64 };

export interface LoadOptions {
  encoding: Encoding;
  kind: typeof BATCHES;
  seconds: number;
  /** Requests to leave out at the beginning, so that a store that had them already gets flows of its own. */
  skip?: number;
}

export async function load(url: string, { encoding, kind, seconds, skip = 0 }: LoadOptions): Promise<Load> {
  const numbers = [kind.spans, kind.connections, WARM_UP_SECONDS, seconds, skip];
  return JSON.parse(await measureIn(WORKER, [url, encoding, ...numbers.map(String)]));
}
