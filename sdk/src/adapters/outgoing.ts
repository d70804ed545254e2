/**
 * What the client adapters have in common: when a request has to do with a flow, and the step that it may be.
 */
import { type Context, createContextKey } from "@opentelemetry/api";
import { diagnose } from "../diagnostics.ts";
import { describeError, isAbort } from "../errors.ts";
import { activeContext, scopeOf } from "../scope.ts";
import { step } from "../step.ts";
import type { StepHandle } from "../types.ts";
import { statusError } from "./status.ts";

/** A request on its way out. */
export interface ClientCall {
  /** In capitals. */
  method: string;
  url: URL;
}

export interface ClientOptions {
  /**
   * `true`: each request made in a flow is a step, so that time spent in other services is seen. It is named
   * `GET host/path`, without the query, or what a function makes of the request; `undefined` makes no step of that one.
   * It lasts until the answer's headers are there. It fails where no answer came or its status is 500 or more, and is
   * `optional`: what a failed request means to the flow is for the code that made it to say. Default `false`.
   *
   * @example
   * withFetch({ steps: ({ method, url }) => (url.host === "vault:8200" ? undefined : `${method} ${url.host}`) });
   */
  steps?: boolean | ((call: ClientCall) => string | undefined) | undefined;
}

/** Ends what `withFetch()` or `withHttp()` began. */
export type Undo = () => void;

/** The key of suppressTracing() in @opentelemetry/core, the same in all its versions. */
const SUPPRESSED = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** The active context, where it is in a flow. Exporters suppress tracing: what they send is no part of the work. */
export function flowContext(): Context | undefined {
  const ctx = activeContext();
  return scopeOf(ctx) === undefined || ctx.getValue(SUPPRESSED) === true ? undefined : ctx;
}

/** The step that a request is: told once how it went. */
export class CallStep {
  readonly #step: StepHandle;

  private constructor(name: string, { method, url }: ClientCall) {
    const attributes = {
      "http.request.method": method,
      "server.address": url.host,
      "url.path": url.pathname,
    };
    this.#step = step.open(name, { optional: true, attributes });
  }

  /** A step in the active context; `undefined` where the options want none. */
  static open({ steps }: ClientOptions, call: ClientCall): CallStep | undefined {
    const name = nameOf(steps, call);
    return name === undefined ? undefined : new CallStep(name, call);
  }

  answered(status: number): void {
    if (status >= 500) this.#step.fail(statusError(status));
    else this.#step.end();
  }

  failed(error: unknown): void {
    if (isAbort(error)) this.#step.cancel(describeError(error).message);
    else this.#step.fail(error);
  }

  abandoned(): void {
    this.#step.cancel("the request was closed before an answer came");
  }
}

function nameOf(steps: ClientOptions["steps"], call: ClientCall): string | undefined {
  const { method, url } = call;
  if (steps === true) return `${method} ${url.host}${url.pathname}`;
  if (typeof steps !== "function") return undefined;
  try {
    return steps(call);
  } catch (error) {
    const { type, message } = describeError(error);
    diagnose(
      "client-steps",
      `steps: expected steps(call) to return a name or undefined, it threw ${type}: ${message}`,
    );
    return undefined;
  }
}

/** Headers in two: those that identity goes into, by lower-case names, and all others as they are. */
export function split<Entry extends [name: string, value: unknown]>(
  entries: Entry[],
): [carried: Record<string, string>, others: Entry[]] {
  const carried: Record<string, string> = {};
  const others = entries.filter(([name, value]) => {
    const key = name.toLowerCase();
    if (key !== "baggage" && key !== "traceparent") return true;
    carried[key] = key in carried ? `${carried[key]},${value}` : String(value);
    return false;
  });
  return [carried, others];
}

/** Headers that are names and values in turn, as pairs. */
export function pairsOf(flat: readonly unknown[]): [string, unknown][] {
  return Array.from({ length: flat.length >> 1 }, (_, i) => [String(flat[2 * i]), flat[2 * i + 1]]);
}
