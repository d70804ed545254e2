/** Listeners that run in a context: Node's emitters stay what they were, but for that. */
import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter, once } from "node:events";
import { PassThrough, pipeline } from "node:stream";
import { createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bindListeners } from "../src/listeners.ts";
import { activeContext } from "../src/scope.ts";

const KEY = createContextKey("test");
const CONTEXT = ROOT_CONTEXT.setValue(KEY, "inside");
const ADDING = ["on", "addListener", "once", "prependListener", "prependOnceListener"] as const;
const REMOVING = ["off", "removeListener"] as const;

const act = fc.oneof(
  fc.record({ how: fc.constantFrom(...ADDING, ...REMOVING), listener: fc.nat(3), event: fc.nat(1) }),
  fc.record({ how: fc.constant("emit" as const), listener: fc.nat(3), event: fc.nat(1) }),
  fc.record({ how: fc.constant("removeAllListeners" as const), listener: fc.constant(0), event: fc.nat(1) }),
);
type Act = typeof act extends fc.Arbitrary<infer A> ? A : never;

/** What is seen of an emitter on which all of it is done: calls, and who listens after each act. */
function seenOf(emitter: EventEmitter, acts: Act[]): unknown[] {
  const seen: unknown[] = [];
  // The last takes itself away while it is called, and the one before it adds another.
  const listeners = [0, 1, 2, 3].map((n) => {
    return function listener(this: unknown, ...args: unknown[]): void {
      seen.push([n, args, this === emitter]);
      if (n === 3) emitter.off("event 0", listener);
      if (n === 2 && emitter.listenerCount("event 1") < 5)
        emitter.once("event 1", listeners[0] as () => void);
    };
  });
  emitter.on("newListener", (event, listener) => seen.push(["new", event, listeners.indexOf(listener)]));
  for (const { how, event, listener } of acts) {
    const name = `event ${event}`;
    if (how === "emit") seen.push(emitter.emit(name, listener, "more"));
    else if (how === "removeAllListeners") emitter.removeAllListeners(name);
    else expect(emitter[how](name, listeners[listener] as () => void)).toBe(emitter);
    seen.push(emitter.listeners(name).map((each) => listeners.indexOf(each as never)));
  }
  return seen;
}

test("a bound emitter calls and forgets its listeners as one that is not", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const bound = new EventEmitter();
      bindListeners(CONTEXT, bound);
      expect(seenOf(bound, acts)).toEqual(seenOf(new EventEmitter(), acts));
    }),
  );
});

test.each(ADDING)("what is added by %s runs in the context, with its own `this` and arguments", (how) => {
  const emitter = new EventEmitter();
  bindListeners(CONTEXT, emitter);
  const seen: unknown[] = [];
  emitter[how]("event", function listener(this: unknown, ...args: unknown[]) {
    seen.push(activeContext().getValue(KEY), this === emitter, args);
  });
  new AsyncLocalStorage().run("elsewhere", () => emitter.emit("event", 1, 2));
  expect(seen).toEqual(["inside", true, [1, 2]]);
  expect(activeContext().getValue(KEY)).toBeUndefined();
});

test("whoever has bound an emitter before stays, and what is no listener is refused as ever", () => {
  const emitter = new EventEmitter();
  bindListeners(CONTEXT, emitter);
  bindListeners(CONTEXT.setValue(KEY, "another"), emitter);
  let seen: unknown;
  emitter.on("event", () => {
    seen = activeContext().getValue(KEY);
  });
  emitter.emit("event");
  expect(seen).toBe("inside");
  for (const how of ADDING) {
    expect(() => emitter[how]("event", undefined as never)).toThrow(TypeError);
  }
});

test("streams flow, pipe and end as ever", async () => {
  const source = new PassThrough();
  const sink = new PassThrough();
  bindListeners(CONTEXT, source, sink);
  const chunks: string[] = [];
  const contexts = new Set<unknown>();
  sink.on("data", (chunk) => {
    chunks.push(String(chunk));
    contexts.add(activeContext().getValue(KEY));
  });
  const ended = once(sink, "end");
  const piped = new Promise<unknown>((resolve) => pipeline(source, sink, resolve));
  source.write("a");
  source.end("b");
  expect(await piped).toBeUndefined();
  await ended;
  expect(chunks.join("")).toBe("ab");
  expect([...contexts]).toEqual(["inside"]);
  expect(source.listenerCount("data")).toBe(0);
});
