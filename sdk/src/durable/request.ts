/** What was asked for with `exec` or `enqueue`, checked. */
import { newFlowId } from "../ids.ts";
import { type CheckedRetry, checkRetry } from "../run/index.ts";
import { scopeOf } from "../scope.ts";
import type { LabelValue } from "../types.ts";
import type { Accessor } from "./accessor.ts";
import { type AnyFlow, FLOW, isFlow } from "./flow.ts";
import type { ExecOptions } from "./handle.ts";

export type InitialEntries = readonly (readonly [Accessor<unknown, unknown>, unknown])[];

export interface RunRequest {
  readonly id: string;
  readonly tenant: string;
  readonly flow: AnyFlow;
  /** Before validation. */
  readonly given: unknown;
  readonly labels: Record<string, LabelValue> | undefined;
  readonly initial: InitialEntries;
  readonly retry: CheckedRetry;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
}

type AnyOptions = Omit<ExecOptions, "initialContext"> & { initialContext?: InitialEntries | undefined };

/** @throws {TypeError | RangeError} that names the option */
export function requested(call: string, flow: unknown, given: unknown, options: AnyOptions = {}): RunRequest {
  if (!isFlow(flow)) throw new TypeError(`${call}: expected a flow made by flow(), got ${typeof flow}`);
  if (typeof options !== "object" || options === null)
    throw new TypeError(`${call}: expected options such as { id, tenant }, got ${typeof options}`);
  const { id = newFlowId(), tenant = scopeOf()?.flow.tenant ?? "default", labels, timeout, signal } = options;
  const initial = options.initialContext ?? [];
  checkText(call, "id", id);
  checkText(call, "tenant", tenant);
  if (timeout !== undefined && !(timeout > 0 && Number.isFinite(timeout)))
    throw new RangeError(`${call}: expected timeout to be milliseconds above 0, got ${timeout}`);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new TypeError(`${call}: expected signal to be an AbortSignal, got ${typeof signal}`);
  const retry = checkRetry(options.retry, `${call}: retry`);
  return { id, tenant, flow, given, labels, initial, retry, timeout, signal };
}

/** A run is found again by the name that its flow was given. @throws {TypeError} it has none */
export function checkNamed(call: string, flow: AnyFlow): void {
  if (!isFlow(flow)) throw new TypeError(`${call}: expected flows made by flow(), got ${typeof flow}`);
  if (flow[FLOW].named) return;
  throw new TypeError(
    `${call}: expected a flow with a name, by which its runs are found again, got one without: ` +
      `give it one by flow({ name }, handler)`,
  );
}

function checkText(call: string, option: string, text: unknown): void {
  if (typeof text === "string" && text !== "") return;
  const got = typeof text === "string" ? "an empty one" : typeof text;
  throw new TypeError(`${call}: expected ${option} to be text that is not empty, got ${got}`);
}
