/** JavaScript callers pass anything. Whatever it is: nothing is thrown, and the user's function runs. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type FlowHandle,
  flow,
  flush,
  identity,
  type StepHandle,
  setup,
  shutdown,
  step,
} from "../src/index.ts";
import { setupWith } from "../src/setup.ts";
import { record } from "./recorder.ts";

const IMPORT = { name: "data_import", tenant: "acme-corp" };

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function hostile(): object {
  const no = (): never => {
    throw new Error("hostile");
  };
  return new Proxy(
    {},
    { get: no, has: no, ownKeys: no, getPrototypeOf: no, getOwnPropertyDescriptor: no, set: no },
  );
}

const cycle: Record<string, unknown> = {};
cycle["self"] = cycle;

const ODD: [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["NaN", Number.NaN],
  ["-0", -0],
  ["a bigint", 10n ** 40n],
  ["a symbol", Symbol("s")],
  ["true", true],
  ["an empty string", ""],
  ["a lone surrogate", "\ud800"],
  ["newlines", "a\r\nb: c\u2028\0"],
  ["__proto__", "__proto__"],
  ["constructor", "constructor"],
  ["10 MB", "x".repeat(10_000_000)],
  ["an array", [1, "a", null]],
  ["an object with __proto__", JSON.parse('{"__proto__":{"polluted":1},"constructor":1,"a":"b"}')],
  ["an object without a prototype", Object.create(null)],
  ["a cycle", cycle],
  ["a date that is none", new Date(Number.NaN)],
  ["a map", new Map([[{}, 1]])],
  ["bytes", new Uint8Array(1000)],
  ["a frozen error", Object.freeze(new Error("frozen"))],
  ["an aggregate of odd errors", new AggregateError([revoked(), Symbol("s"), hostile()], "all")],
  [
    "an error whose errors can't be read",
    Object.assign(new Error("x"), { errors: revoked(), cause: hostile() }),
  ],
  [
    "a getter that throws",
    {
      get name(): never {
        throw new Error("getter");
      },
      get tenant(): never {
        throw new Error("getter");
      },
    },
  ],
  [
    "a toJSON that throws",
    {
      toJSON() {
        throw new Error("json");
      },
      toString() {
        throw new Error("string");
      },
    },
  ],
  ["a revoked proxy", revoked()],
  ["a hostile proxy", hostile()],
  ["a promise", Promise.resolve(1)],
  ["a class", class Odd {}],
];

/** Each in a box, as fast-check asks its values what they are. */
const anything: fc.Arbitrary<() => unknown> = fc.oneof(
  fc.nat(ODD.length - 1).map((at) => () => ODD[at]?.[1]),
  fc
    .anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
    })
    .map((value) => () => value),
);

type Any = never;

/** Every public call, with `a`, `b` and `c` in its arguments; those that take a function return what it returned. */
const CALLS: Record<string, (a: Any, b: Any, c: Any, fn: () => string) => unknown> = {
  "flow.start": (a, _b, _c, fn) => (typeof a === "function" ? "ran" : flow.start(a, fn)),
  "flow.start, options": (a, b, c, fn) => flow.start({ name: a, tenant: b, id: c }, fn),
  "flow.start, labels": (a, b, c, fn) => flow.start({ ...IMPORT, labels: a, endOnExit: b, id: c }, fn),
  "flow.start, one label": (a, b, _c, fn) => flow.start({ ...IMPORT, labels: { [textOf(a)]: b } }, fn),
  "flow.wrap": (a, b, c, fn) => Reflect.apply(flow.wrap(a, fn), b, [c]),
  "step.start": (a, b, _c, fn) => (typeof b === "function" ? "ran" : step.start(a, b, fn)),
  "step.start, options": (a, b, c, fn) =>
    step.start("s", { attributes: a, attempt: b, optional: c, endOnExit: c }, fn),
  "step.start, one attribute": (a, b, _c, fn) => step.start("s", { attributes: { [textOf(a)]: b } }, fn),
  "step.start, more than it takes": (a, b, _c, fn) =>
    step.start(a, fn as Any, (typeof b === "function" ? undefined : b) as Any),
  "step.wrap": (a, b, c, fn) => (typeof b === "function" ? "ran" : step.wrap(a, b, fn).call(c)),
  "identity.extract": (a, b, _c, fn) => identity.extract(a, b).run(fn),
};

const TELLS: Record<string, (a: Any, b: Any, handle: FlowHandle, open: StepHandle) => unknown> = {
  "flow.fail": (a) => flow.fail(a),
  "flow.cancel": (a) => flow.cancel(a),
  "flow.event": (a, b) => flow.event(a, b),
  "flow.setLabel": (a, b) => flow.setLabel(a, b),
  "step.fail": (a) => step.fail(a),
  "handle.fail": (a, _b, handle) => handle.fail(a),
  "handle.cancel": (a, _b, handle) => handle.cancel(a),
  "handle.event": (a, b, handle) => handle.event(a, b),
  "handle.setLabel": (a, b, handle) => handle.setLabel(a, b),
  "step handle.fail": (a, _b, _handle, open) => open.fail(a),
  "step handle.cancel": (a, _b, _handle, open) => open.cancel(a),
  "flow.open": (a) => flow.open(a),
  "step.open": (a, b) => step.open(a, b),
  "flow.start without a function": (a, b) => flow.start(a, typeof b === "function" ? (1 as Any) : b),
  "step.start without a function": (a, b) =>
    typeof b === "function" ? 0 : step.start(a, b, undefined as Any),
  "flow.wrap without a function": (a, b) => (typeof b === "function" ? 0 : flow.wrap(a, b)),
  "step.wrap without a function": (a, b) => (typeof b === "function" ? 0 : step.wrap(a, b)),
  "identity.inject": (a, b) => identity.inject(a, b),
  "setup again": (a) => setup(a),
};

test.each(Object.keys(CALLS))("any value of any type in %s: the wrapped function runs", async (name) => {
  const recorder = record();
  const call = CALLS[name] as (...args: unknown[]) => unknown;
  fc.assert(
    fc.property(anything, anything, anything, fc.boolean(), (a, b, c, inFlow) => {
      const run = () => call(a(), b(), c(), () => "ran");
      expect(inFlow ? flow.start(IMPORT, run) : run()).toBe("ran");
    }),
    { numRuns: 300 },
  );
  await bounded(recorder);
});

test.each(Object.keys(TELLS))("any value of any type in %s: nothing is thrown", async (name) => {
  const recorder = record();
  const call = TELLS[name] as (...args: unknown[]) => unknown;
  fc.assert(
    fc.property(anything, anything, (a, b) => {
      flow.start(IMPORT, (handle) => step.start("s", (open) => void call(a(), b(), handle, open)));
      void call(a(), b(), flow.open(IMPORT), step.open("outside"));
    }),
    { numRuns: 300 },
  );
  await bounded(recorder);
});

test.each(ODD)("%s can be thrown and rejected with, and is the same object after", async (_what, thrown) => {
  record();
  let caught: unknown;
  try {
    flow.start(IMPORT, () =>
      step.start("s", () => {
        throw thrown;
      }),
    );
  } catch (error) {
    caught = error;
  }
  expect(Object.is(caught, thrown)).toBe(true);
  caught = undefined;
  try {
    await flow.start(IMPORT, async () => {
      throw thrown;
    });
  } catch (error) {
    caught = error;
  }
  expect(Object.is(caught, thrown)).toBe(true);
});

test.each(ODD.filter(([what]) => what !== "a promise"))(
  "%s can be returned, and is the same after",
  (_what, value) => {
    record();
    expect(
      Object.is(
        flow.start(IMPORT, () => step.start("s", () => value)),
        value,
      ),
    ).toBe(true);
  },
);

test("a promise whose own then throws is given back as it is", () => {
  const recorder = record();
  // biome-ignore lint/suspicious/noThenProperty: that is what is tested
  const promise = Object.defineProperty(Promise.resolve(1), "then", {
    get() {
      throw new Error("mine");
    },
  });
  expect(flow.start(IMPORT, () => promise)).toBe(promise);
  expect(recorder.codes()).toEqual(["internal"]);
});

test.each(ODD)("flush and shutdown with %s for a time send what is queued", async (_what, timeout) => {
  const recorder = record();
  flow.start(IMPORT, () => {});
  await flush(timeout as number);
  expect((await recorder.finished()).length).toBe(1);
  await shutdown(timeout as number);
});

test.each(ODD)(
  "setup with %s for its options, and for each of them, leaves functions running",
  async (_what, value) => {
    const exporter = {
      export: (_spans: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
      shutdown: async () => {},
    };
    const keys = [
      "serviceName",
      "endpoint",
      "apiKey",
      "headers",
      "propagateTo",
      "acceptFrom",
      "redact",
      "heartbeatInterval",
      "onDiagnostic",
    ];
    for (const options of [value, ...keys.map((key) => ({ onDiagnostic() {}, [key]: value }))]) {
      setupWith(options as object, { env: {}, exporter });
      expect(flow.start(IMPORT, () => step.start("s", () => "ran"))).toBe("ran");
      await shutdown(100);
    }
  },
);

test("a diagnostic handler that is async and fails ends no process", async () => {
  const recorder = record({
    onDiagnostic: async () => {
      throw new Error("handler");
    },
  });
  flow.event("outside");
  await new Promise((done) => setImmediate(done));
  expect(await recorder.finished()).toEqual([]);
});

const NAMES: [string, string, string][] = [
  ["newlines", "a\r\nb", "a\r\nb"],
  ["a lone surrogate", "a\ud800b", "a\ufffdb"],
  ["__proto__", "__proto__", "__proto__"],
  ["constructor", "constructor", "constructor"],
  ["toString", "toString", "toString"],
  ["10 MB", "x".repeat(10_000_000), "x".repeat(256)],
  ["markup", "<script>alert(1)</script>", "<script>alert(1)</script>"],
];

test.each(NAMES)("a name of %s is bounded and harmless in every place", async (_what, given, kept) => {
  const recorder = record();
  const key = kept.slice(0, 64);
  flow.start({ name: given, tenant: given, id: given, labels: { [given]: given } }, (f) => {
    step.start(given, { attributes: { [given]: given } }, () => flow.event(given));
    expect(f).toMatchObject({ name: kept, tenant: kept, id: kept });
    expect({ ...identity.extract(identity.inject()).flow?.labels }).toHaveProperty([key], kept);
  });
  const spans = await recorder.finished();
  expect(spans.map((span) => span.name)).toEqual([kept, kept, kept]);
  for (const span of spans) expect(span.attributes["weir.tenant"]).toBe(kept);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test.each([
  ["an array", (part: object) => new Array(1_000_000).fill(part)],
  ["arrays in an object", (part: object) => ({ a: new Array(1_000_000).fill(part), b: [[part]] })],
  [
    "an object",
    (part: object) => Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, [part]])),
  ],
])(
  "%s with a million parts for an attribute: read no further than what is kept of it",
  async (_what, make) => {
    const recorder = record();
    let read = 0;
    const part = {
      toJSON() {
        read++;
        return { row: "x".repeat(20) };
      },
    };
    flow.start(IMPORT, () => step.start("s", { attributes: { rows: make(part) } }, () => {}));
    const { rows } = (await recorder.one("s")).attributes;
    expect(rows).toHaveLength(16 * 1024);
    expect(rows).toContain("x".repeat(20));
    expect(read).toBeLessThanOrEqual(20_000);
  },
);

test("an empty name, tenant or id: the function runs, and a diagnostic says what was expected", () => {
  const recorder = record();
  expect(flow.start({ name: "", tenant: "t" }, () => 1)).toBe(1);
  expect(flow.start({ name: "n", tenant: "" }, () => 2)).toBe(2);
  expect(flow.start({ name: "n", tenant: "t", id: "" }, (f) => f.id)).toMatch(/^[0-9a-f-]{36}$/);
  expect(recorder.diagnostics.map(({ message }) => message)).toEqual([
    'flow.start: name: expected a non-empty string, got ""',
    'flow.start: tenant: expected a non-empty string, got ""',
    'flow.start: id: expected a non-empty string, got ""',
  ]);
});

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "key";
}

/** All that was recorded has text and sizes that fit. */
async function bounded(recorder: ReturnType<typeof record>): Promise<void> {
  for (const span of await recorder.finished()) {
    expect(span.name.isWellFormed() && span.name.length <= 256).toBe(true);
    for (const [key, value] of Object.entries(span.attributes)) {
      if (key.length > 256 + "weir.label.".length) throw new Error(`a key of ${key.length} characters`);
      if (typeof value === "string" && (value.length > 16_384 || !value.isWellFormed())) throw new Error(key);
    }
  }
}
