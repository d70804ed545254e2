// What can be known to be wrong is said at the definition, before anything runs, in words that say how to mend it.
import { expect, test } from "vitest";
import {
  compensate,
  debounce,
  each,
  ok,
  on,
  parallel,
  race,
  repeat,
  run,
  sequence,
  setState,
  wait,
  waitUntil,
  when,
  workflow,
} from "../../src/workflow/index.ts";

const initialState = {};
const bad = (value: unknown) => value as never;

test.each<[what: string, define: () => unknown, message: string]>([
  [
    "a part that is no step",
    () => sequence(wait(1), bad("wait")),
    "sequence, step 2: expected a step such as wait(500)",
  ],
  [
    "a part that is null",
    () => workflow("w", { initialState }, bad(null)),
    'workflow w: expected a step such as wait(500) or run("push", fn), got null',
  ],
  [
    "a function as a part",
    () => repeat(bad(() => {})),
    'repeat: expected a step such as wait(500) or run("push", fn), got function',
  ],
  ["a repeat of nothing", () => repeat(), "repeat: expected steps to repeat, got none"],
  [
    "times that is no number of rounds",
    () => repeat(wait(1), { times: 1.5 }),
    "repeat: expected times to be a whole number from 0, got 1.5",
  ],
  [
    "until that is no function",
    () => repeat(wait(1), { until: bad(true) }),
    "repeat: until: expected a function, got boolean",
  ],
  ["a negative wait", () => wait(-1), "wait: expected milliseconds from 0, got -1"],
  ["a wait that is no number", () => wait(bad("1s")), "wait: expected milliseconds from 0, got 1s"],
  ["a negative debounce", () => debounce(-5), "debounce: expected milliseconds from 0, got -5"],
  [
    "a maxWait that is no time",
    () => debounce(5, { maxWait: Number.NaN }),
    "debounce: maxWait: expected milliseconds from 0, got NaN",
  ],
  [
    "a condition that is no function",
    () => waitUntil(bad("dirty")),
    "waitUntil: expected a function, got string",
  ],
  [
    "a timeout of nothing",
    () => waitUntil(() => true, { timeout: 0 }),
    "waitUntil: expected timeout to be milliseconds above 0, got 0",
  ],
  [
    "an unknown onTimeout",
    () => waitUntil(() => true, { onTimeout: bad("stop") }),
    'waitUntil: expected onTimeout to be "fail" or "goOn", got "stop"',
  ],
  ["a state in place of a function", () => setState(bad({})), "setState: expected a function, got object"],
  ["work that is no function", () => run("push", bad(undefined)), "run: expected a function, got undefined"],
  [
    "negative retries",
    () => run("push", () => ok, { retries: -1 }),
    "run push: expected retries to be a whole number from 0, or Infinity, got -1",
  ],
  [
    "an unknown backoff",
    () => run("push", () => ok, { backoff: bad("slow") }),
    "run push: expected backoff to be fixed, linear or exponential, got slow",
  ],
  [
    "a negative delay",
    () => run("push", () => ok, { baseDelay: -1 }),
    "run push: expected baseDelay to be milliseconds from 0, got -1",
  ],
  [
    "a negative timeout",
    () => run("push", () => ok, { timeout: -1 }),
    "run push: expected timeout to be milliseconds above 0, got -1",
  ],
  [
    "tasks that are no functions",
    () => parallel([bad(fetch), bad("url")]),
    "parallel: expected tasks to be functions, got string as task 2: write () => fetch(url)",
  ],
  ["tasks that are no list", () => race(bad(7)), "race: expected a function, got number"],
  [
    "a concurrency of none",
    () => parallel([], { concurrency: 0 }),
    "parallel: expected concurrency to be a whole number from 1, got 0",
  ],
  [
    "an unknown policy",
    () => parallel([], { policy: bad("ignore") }),
    'parallel: expected policy to be "fail-fast" or "collect", got "ignore"',
  ],
  [
    "a key that is none",
    () => parallel([], { collectAs: bad(7) }),
    "parallel: collectAs: expected a key of the state, got number",
  ],
  [
    "an empty key",
    () =>
      each(
        bad(""),
        bad(() => ok),
      ),
    'each: expected a key of the state, got ""',
  ],
  ["items without a function", () => each(bad("list"), bad(null)), "each: expected a function, got null"],
  ["a condition of when", () => when(bad(true), wait(1)), "when: expected a function, got boolean"],
  ["a way that is no step", () => when(() => true, bad({})), "when: then: expected a step"],
  ["an undo that is nothing", () => compensate(wait(1), bad(undefined)), "compensate: undo: expected a step"],
  [
    "a signal without a schema",
    () => workflow("w", { initialState, signals: { approve: bad("text") } }),
    "workflow w: expected signal approve to have a schema that follows Standard Schema, got string",
  ],
  [
    "a schema that is none",
    () =>
      on(
        bad({}),
        bad(() => ({})),
      ),
    "on: expected a schema that follows Standard Schema, got object",
  ],
  [
    "a name that is empty",
    () => workflow("", { initialState }),
    "workflow: expected name to be text that is not empty, got an empty one",
  ],
  [
    "no options",
    () => workflow("w", bad(undefined)),
    "workflow w: expected options such as { initialState: {} }, got undefined",
  ],
  [
    "a state that is no object",
    () => workflow("w", { initialState: bad(null) }),
    "workflow w: expected initialState to be an object such as { dirty: false }, got null",
  ],
  [
    "a version that is no number",
    () => workflow("w", { initialState, version: bad("1") }),
    "workflow w: expected version to be a whole number, got 1",
  ],
])("%s", (_, define, message) => {
  expect(define).toThrow(message);
});

test.each<[what: string, options: object, message: string]>([
  ["an empty id", { id: "" }, "start of w: expected id to be text that is not empty, got an empty one"],
  [
    "a tenant that is no text",
    { tenant: 7 },
    "start of w: expected tenant to be text that is not empty, got number",
  ],
  [
    "a state that is none",
    { initialState: "x" },
    "start of w: expected initialState to be an object such as { dirty: false }, got string",
  ],
  ["a signal that is none", { signal: "x" }, "start of w: expected signal to be an AbortSignal, got string"],
  [
    "a lease of nothing",
    { journal: {}, leaseMs: 0 },
    "start of w: expected leaseMs to be milliseconds above 0, got 0",
  ],
])("start with %s", (_, options, message) => {
  const tree = workflow("w", { initialState });
  expect(() => tree.start(options)).toThrow(message);
});

test("a subscription without room", () => {
  const started = workflow("w", { initialState }).start();
  expect(() => started.messages({ limit: 0 })).toThrow(
    "messages: expected limit to be a whole number from 1, got 0",
  );
});
