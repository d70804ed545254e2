/**
 * Carries flow identity in and out of the process: headers of a request, or whatever a queue keeps with a job.
 */
import { type Context, isSpanContextValid, ROOT_CONTEXT, type SpanContext, trace } from "@opentelemetry/api";
import { BAGGAGE } from "./attributes.ts";
import { diagnose, diagnoseInternal } from "./diagnostics.ts";
import { FlowRun } from "./flow-run.ts";
import { mayReceive } from "./hosts.ts";
import { fromBaggage, mergeBaggage, toBaggage } from "./identity.ts";
import { holding } from "./light-context.ts";
import { type Runtime, runtime } from "./runtime.ts";
import { activeContext, scopeOf, withScope } from "./scope.ts";
import { StepRun } from "./step-run.ts";
import { isAccepted, type Peer } from "./trust.ts";

/**
 * Adds the current flow to headers: `baggage`, beside what is there, and `traceparent` where there is none. Returns
 * the same object. Outside a flow it changes nothing. Ask `allowed(host)` first.
 *
 * @example
 * await fetch("http://worker/jobs", { headers: inject({ "content-type": "application/json" }) });
 */
export function inject(
  headers: Record<string, string>,
  ctx: Context = activeContext(),
): Record<string, string> {
  const scope = scopeOf(ctx);
  if (scope === undefined) return headers;
  try {
    const { id, name, tenant, labels } = scope.flow;
    const ours = toBaggage({ id, name, tenant, labels, stepId: scope.step?.id });
    const baggage = keyIn(headers, "baggage");
    headers[baggage] = mergeBaggage(headers[baggage], ours);
    // The user's own span, where there is one, carries the user's sampling decision; ours would overrule it.
    const span = trace.getSpanContext(ctx) ?? trace.getSpanContext(scope.parent());
    const traceparent = keyIn(headers, "traceparent");
    if (headers[traceparent] === undefined && span !== undefined && isSpanContextValid(span)) {
      headers[traceparent] = `00-${span.traceId}-${span.spanId}-${hexFlags(span.traceFlags)}`;
    }
  } catch (error) {
    diagnoseInternal("inject", error);
  }
  return headers;
}

/**
 * A context that continues the flow named in the headers (lower-case keys): `ctx` itself where there is none, or
 * where it can't be read or `acceptFrom` does not take it, which a diagnostic says.
 *
 * @param from the address of the peer. Where it is given, be it as `undefined`, `acceptFrom` decides; without it, as
 *   for a job out of a queue, identity is taken
 * @example
 * inContext(extract(request.headers, activeContext(), request.socket.remoteAddress), () =>
 *   step.start("charge", charge),
 * );
 */
export function extract(
  headers: Record<string, string | string[] | undefined>,
  ctx: Context = activeContext(),
  ...from: [address?: string | undefined]
): Context {
  const rt = runtime();
  if (rt === undefined) return ctx;
  try {
    const baggage = textOf(headers["baggage"], ",");
    if (baggage === undefined) return ctx;
    if (!baggage.includes(BAGGAGE.flowId)) return ctx;
    if (from.length > 0 && !isTrusted(rt, { address: from[0], headers })) return ctx;
    const identity = fromBaggage(baggage);
    if (identity === undefined) {
      diagnose(
        "baggage-malformed",
        "the flow named in a `baggage` header can't be read, and is not continued",
      );
      return ctx;
    }
    const remote = parseTraceparent(textOf(headers["traceparent"], undefined));
    const span = remote === undefined ? trace.getSpan(ctx) : trace.wrapSpanContext(remote);
    const parent = span === undefined ? ROOT_CONTEXT : holding(span);
    const flow = new FlowRun(rt, identity, parent);
    return withScope(ctx, identity.stepId === undefined ? flow : new StepRun(flow, identity.stepId, "", {}));
  } catch (error) {
    diagnoseInternal("extract", error);
    return ctx;
  }
}

/** Says so where the flow that a peer named is not continued. */
function isTrusted(rt: Runtime, peer: Peer): boolean {
  try {
    if (isAccepted(rt.acceptFrom, peer)) return true;
  } catch (error) {
    diagnoseInternal("setup: the function in acceptFrom", error);
    return false;
  }
  diagnose(
    "peer-refused",
    `${peer.address ?? "a peer without an address"} named a flow in a \`baggage\` header, which is not continued: setup({ acceptFrom }) says from whom identity is taken`,
  );
  return false;
}

/**
 * Whether flow identity may be sent to a host: those of the inside, and those that `propagateTo` lists. One
 * diagnostic says so for each host that may not.
 *
 * @example
 * if (allowed(url.host)) inject(headers);
 */
export function allowed(host: string): boolean {
  const rt = runtime();
  if (rt === undefined) return false;
  if (mayReceive(host, rt.propagateTo)) return true;
  // Outside a flow there is nothing to send, so nothing was refused.
  if (scopeOf() !== undefined) {
    diagnose(
      "host-refused",
      `${host} gets no flow identity, as it is a public host: list it in setup({ propagateTo: [...] }) if it is yours`,
      host,
    );
  }
  return false;
}

/** The key under which a header is there already, in whatever case; else the name itself. */
function keyIn(headers: Record<string, string>, name: string): string {
  if (headers[name] !== undefined) return name;
  for (const key in headers) if (key.length === name.length && key.toLowerCase() === name) return key;
  return name;
}

function textOf(header: string | string[] | undefined, joint: "," | undefined): string | undefined {
  if (!Array.isArray(header)) return header;
  return joint === undefined ? header[0] : header.join(joint);
}

function parseTraceparent(header: string | undefined): SpanContext | undefined {
  const found = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-|$)/.exec(header?.trim() ?? "");
  if (found === null) return undefined;
  const [, traceId = "", spanId = "", flags = ""] = found;
  const span = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(span) ? span : undefined;
}

function hexFlags(flags: number): string {
  return (flags & 255).toString(16).padStart(2, "0");
}
