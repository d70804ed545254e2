/** What a run's record keeps besides its input, so that any process can go on with it as it was asked for. */
import { type CheckedRetry, type Codec, checkRetry, custom, type Encoded } from "../run/index.ts";
import type { LabelValue } from "../types.ts";
import { accessor } from "./accessor.ts";
import type { InitialEntries, RunRequest } from "./request.ts";

export interface RunContext {
  readonly labels?: Record<string, LabelValue>;
  /** Keys and values as they were given: whoever reads one checks it. */
  readonly initial?: readonly (readonly [string, unknown])[];
  readonly retry?: Omit<CheckedRetry, "retryIf">;
  /** Milliseconds from when the run was made. */
  readonly timeout?: number;
}

/** @throws {TypeError} a key that no other process could know */
export function encodeContext(request: RunRequest, codec: Codec): Encoded | undefined {
  const { labels, initial, retry, timeout, id } = request;
  const context: RunContext = {
    ...(labels === undefined ? {} : { labels }),
    ...(initial.length === 0
      ? {}
      : { initial: initial.map(([{ key }, value]) => [textOf(key), value] as const) }),
    ...(retry.maxAttempts === 1 ? {} : { retry: kept(retry) }),
    ...(timeout === undefined ? {} : { timeout }),
  };
  return Object.keys(context).length === 0 ? undefined : codec.encode(context, `context of run ${id}`);
}

export function decodeContext(text: Encoded | undefined, runId: string, codec: Codec): RunContext {
  return text === undefined ? {} : (codec.decode(text, `context of run ${runId}`) as RunContext);
}

/** For a data context. */
export function entriesOf({ initial = [] }: RunContext): InitialEntries {
  return initial.map(([key, value]) => [accessor(key, custom<unknown>()), value] as const);
}

export function retryOf({ retry }: RunContext, retryIf: CheckedRetry["retryIf"] | undefined): CheckedRetry {
  return checkRetry({ ...retry, retryIf });
}

function kept({ retryIf: _, ...numbers }: CheckedRetry): Omit<CheckedRetry, "retryIf"> {
  return numbers;
}

function textOf(key: string | symbol): string {
  if (typeof key === "string") return key;
  throw new TypeError(
    `initialContext: expected keys that are text, as the run may go on in another process, got ${String(key)}`,
  );
}
