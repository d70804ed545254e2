import { createContextKey, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { holding, withValue } from "../src/light-context.ts";

const KEYS = ["a", "b", "c"].map(createContextKey);

test("it answers as OpenTelemetry's own contexts do, whatever was set and deleted before", () => {
  const change = fc.record({
    key: fc.constantFrom(...KEYS),
    value: fc.option(fc.integer(), { nil: undefined }),
    as: fc.constantFrom("ours", "set", "delete"),
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      let light = ROOT_CONTEXT;
      let plain = ROOT_CONTEXT;
      for (const { key, value, as } of changes) {
        const before = KEYS.map((each) => light.getValue(each));
        const next =
          as === "ours"
            ? withValue(light, key, value)
            : as === "set"
              ? light.setValue(key, value)
              : light.deleteValue(key);
        expect(KEYS.map((each) => light.getValue(each))).toEqual(before);
        light = next;
        plain = as === "delete" ? plain.deleteValue(key) : plain.setValue(key, value);
        for (const each of KEYS) expect(light.getValue(each)).toBe(plain.getValue(each));
      }
    }),
  );
});

test("contexts made one out of the other for ever do not grow", () => {
  const [a, b] = KEYS as [symbol, symbol];
  let ctx = ROOT_CONTEXT;
  for (let n = 0; n < 100_000; n++) {
    ctx = withValue(ctx, a, n % 3 === 0 ? undefined : n);
    ctx = ctx.setValue(b, n % 2 === 0 ? undefined : n);
  }
  // A chain of that length would overflow the stack.
  expect(ctx.getValue(createContextKey("unknown"))).toBeUndefined();
  expect(ctx.getValue(b)).toBe(99_999);
});

test("a context that holds a span holds nothing else", () => {
  const span = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 });
  expect(trace.getSpan(holding(span))).toBe(span);
  expect(trace.getSpanContext(holding(span))).toBe(span.spanContext());
});
