/**
 * Sends where nobody watches: what goes to the collector is part of no flow, no span or breadcrumb of the service's own
 * tools, and of no request that the process was busy with when the timer was set.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import { inContext, withScope } from "./scope.ts";

const asWhenLoaded = AsyncLocalStorage.snapshot();

const UNSEEN: Context = withScope(ROOT_CONTEXT, undefined).setValue(
  // The key of suppressTracing() in @opentelemetry/core, the same in all its versions.
  createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING"),
  true,
);

/** Calls `fn`, and gives what it returns. */
export function unseen<T>(fn: () => T): T {
  return asWhenLoaded(() => unseenBySentry(() => inContext(UNSEEN, fn)));
}

/** What Sentry keeps for all of its packages in a process, by version. */
interface Sentry {
  version?: string;
  [version: string]: { acs?: ContextStrategy } | string | undefined;
}

interface ContextStrategy {
  suppressTracing?<T>(fn: () => T): T;
  withScope?<T>(fn: (scope: { setSDKProcessingMetadata?(data: object): void }) => T): T;
}

/**
 * As Sentry's own `suppressTracing()` does, which has to be imported from the copy that the service has. Sentry takes
 * no notice of OpenTelemetry's key from version 11 on, and each batch would be a breadcrumb of its errors.
 */
function unseenBySentry<T>(fn: () => T): T {
  const { __SENTRY__: sentry } = globalThis as { __SENTRY__?: Sentry };
  const carrier = sentry?.version === undefined ? undefined : sentry[sentry.version];
  const strategy = typeof carrier === "object" ? carrier.acs : undefined;
  if (typeof strategy?.suppressTracing === "function") return strategy.suppressTracing(fn);
  if (typeof strategy?.withScope !== "function") return fn();
  return strategy.withScope((scope) => {
    scope.setSDKProcessingMetadata?.({ __SENTRY_SUPPRESS_TRACING__: true });
    return fn();
  });
}
