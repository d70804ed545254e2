/**
 * `identity`: takes flows over a hop that has no adapter. What may cross, and to whom, is decided in propagation.ts.
 */
import { diagnose, diagnoseInternal } from "./diagnostics.ts";
import { allowed, extract as extractContext, inject as injectInto } from "./propagation.ts";
import { runtime } from "./runtime.ts";
import { activeContext, inContext, scopeOf, withScope } from "./scope.ts";
import type { Arrival, IdentityApi } from "./types.ts";

/** Takes a flow over a hop that has no adapter. */
export const identity: IdentityApi = { inject, extract };

function inject<C extends object = Record<string, string>>(
  carrier: C = {} as C,
  to?: { host?: string | undefined },
): C {
  try {
    if (typeof carrier !== "object" || carrier === null) {
      diagnose("carrier", `identity.inject: expected an object to write to, got ${kindOf(carrier)}`);
      return carrier;
    }
    const host = to?.host;
    if (host !== undefined && !(typeof host === "string" && allowed(host))) return carrier;
    if (hasMethods(carrier)) {
      for (const [key, value] of Object.entries(injectInto(headersIn(carrier)))) carrier.set(key, value);
    } else injectInto(carrier as Record<string, string>);
  } catch (error) {
    diagnoseInternal("identity.inject", error);
  }
  return carrier;
}

function extract(carrier: object | undefined, from?: { address?: string | undefined }): Arrival {
  const nowhere = withScope(activeContext(), undefined);
  let ctx = nowhere;
  try {
    const headers = headersIn(carrier);
    const peer = typeof from === "object" && from !== null && "address" in from ? [from.address] : [];
    ctx = extractContext(headers, nowhere, ...(peer as [string?]));
  } catch (error) {
    diagnoseInternal("identity.extract", error);
  }
  const scope = scopeOf(ctx);
  return {
    flow: scope?.flow,
    run: (fn) => {
      if (typeof fn === "function") return inContext(withScope(activeContext(), scope), fn);
      diagnose("no-function", `identity.extract: expected run() to get a function, got ${kindOf(fn)}`);
      return undefined as never;
    },
  };
}

/** What a `Headers` or a `Map` has. */
interface WithMethods {
  get(key: string): unknown;
  set(key: string, value: string): unknown;
}

function hasMethods(carrier: object): carrier is WithMethods {
  const { get, set } = carrier as Record<string, unknown>;
  return typeof get === "function" && typeof set === "function";
}

/** Ours, in whatever case they are written; the others are none of our business. */
function headersIn(carrier: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  if (runtime() === undefined || typeof carrier !== "object" || carrier === null) return found;
  const keys = ["baggage", "traceparent"];
  if (hasMethods(carrier)) for (const key of keys) keep(found, key, carrier.get(key));
  else {
    for (const key of Object.keys(carrier)) {
      const lower = key.toLowerCase();
      if (keys.includes(lower)) keep(found, lower, (carrier as Record<string, unknown>)[key]);
    }
  }
  return found;
}

/** Kafka's clients give bytes, and a list where a header came more than once. */
function keep(found: Record<string, string>, key: string, value: unknown): void {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first === "string") found[key] = first;
  else if (first instanceof Uint8Array) found[key] = Buffer.from(first).toString("utf8");
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
