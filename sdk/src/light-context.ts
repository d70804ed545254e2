/**
 * Contexts for the many. OpenTelemetry's own copies a map and makes three functions for each value that is set, and
 * V8 keeps such an object, with all that it holds, until it next collects its old generation: what a request left
 * behind was then copied along by every quick collection until there. One of these is one object.
 */
import { type Context, ROOT_CONTEXT, type Span, type SpanContext, trace } from "@opentelemetry/api";

class LightContext implements Context {
  readonly #rest: Context;
  readonly #key: symbol;
  readonly #value: unknown;

  constructor(rest: Context, key: symbol, value: unknown) {
    this.#rest = rest;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#rest.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new LightContext(this.deleteValue(key), key, value);
  }

  /** What it goes without is not kept: a chain of contexts is never longer than it has keys. */
  deleteValue(key: symbol): Context {
    const rest = without(this.#rest, key);
    if (key === this.#key) return rest;
    return rest === this.#rest ? this : new LightContext(rest, this.#key, this.#value);
  }
}

/** The context `ctx`, with `value` under `key`. */
export function withValue(ctx: Context, key: symbol, value: unknown): Context {
  return new LightContext(without(ctx, key), key, value);
}

/** A context that holds a span and nothing else. */
export function holding(span: { spanContext(): SpanContext }): Context {
  return trace.setSpan(EMPTY, span as Span);
}

const EMPTY: Context = withValue(ROOT_CONTEXT, Symbol("weir.empty"), undefined);

function without(ctx: Context, key: symbol): Context {
  // Others make objects to leave out what is not there.
  return ctx instanceof LightContext || ctx.getValue(key) !== undefined ? ctx.deleteValue(key) : ctx;
}
