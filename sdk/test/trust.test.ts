import { ROOT_CONTEXT } from "@opentelemetry/api";
import { expect, onTestFinished, test } from "vitest";
import { onDiagnostic } from "../src/diagnostics.ts";
import { flow, type SetupOptions, step } from "../src/index.ts";
import { readOptions } from "../src/options.ts";
import { extract } from "../src/propagation.ts";
import { inContext, scopeOf } from "../src/scope.ts";
import { isAccepted } from "../src/trust.ts";
import { record } from "./recorder.ts";

const NAMED = { baggage: "weir.flow.id=17,weir.flow.name=import,weir.tenant=acme" };

test.each([
  ["127.0.0.1", true],
  ["127.8.9.10", true],
  ["10.1.2.3", true],
  ["172.16.0.1", true],
  ["192.168.0.1", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["::ffff:10.1.2.3", true],
  ["::FFFF:192.168.0.1", true],
  ["fd00::7", true],
  ["fe80::1%eth0", true],
  ["203.0.113.9", false],
  ["172.32.0.1", false],
  ["169.254.169.254", false],
  ["::ffff:203.0.113.9", false],
  ["2001:db8::1", false],
  // A peer is an address. What is none was not read off a connection, whatever it looks like.
  ["localhost", false],
  ["worker", false],
  ["api.internal", false],
  ["10.0.0.1.evil.com", false],
  ["", false],
  [undefined, false],
])("by default a flow from the peer %s is continued: %s", (address, expected) => {
  record();
  expect(isAccepted("inside", { address, headers: {} })).toBe(expected);
  expect(scopeOf(extract(NAMED, ROOT_CONTEXT, address))?.flow.id).toBe(expected ? "17" : undefined);
});

test("a stranger's header can't write into a customer's flow, and a diagnostic says so once", async () => {
  const recorder = record();
  for (let i = 0; i < 3; i++) {
    inContext(extract(NAMED, ROOT_CONTEXT, `203.0.113.${i}`), () => {
      step.start("forged", () => {});
      flow.end();
    });
  }
  expect(await recorder.finished()).toEqual([]);
  expect(recorder.codes().filter((code) => code === "peer-refused")).toHaveLength(1);
  expect(recorder.diagnostics[0]?.message).toContain("203.0.113.0");
});

test("a stranger without a flow is no matter for a diagnostic", () => {
  const recorder = record({ acceptFrom: "nobody" });
  expect(extract({ baggage: "user=7" }, ROOT_CONTEXT, "203.0.113.9")).toBe(ROOT_CONTEXT);
  expect(extract({}, ROOT_CONTEXT, "203.0.113.9")).toBe(ROOT_CONTEXT);
  expect(recorder.codes()).toEqual([]);
});

test("what comes out of a queue has no peer, and is taken whatever acceptFrom says", () => {
  record({ acceptFrom: "nobody" });
  expect(scopeOf(extract(NAMED, ROOT_CONTEXT))?.flow.tenant).toBe("acme");
  expect(scopeOf(extract(NAMED, ROOT_CONTEXT, "127.0.0.1"))).toBeUndefined();
  expect(scopeOf(extract(NAMED, ROOT_CONTEXT, undefined))).toBeUndefined();
});

test("acceptFrom: anyone takes what a public address sends", () => {
  record({ acceptFrom: "anyone" });
  expect(scopeOf(extract(NAMED, ROOT_CONTEXT, "203.0.113.9"))?.flow.id).toBe("17");
});

test("acceptFrom: a function decides by address and headers; what is not true, or throws, is no", () => {
  const seen: unknown[] = [];
  let answer: () => unknown = () => true;
  const acceptFrom = ((peer) => {
    seen.push(peer.address, peer.headers["x-key"]);
    return answer();
  }) as SetupOptions["acceptFrom"];
  const recorder = record({ acceptFrom });
  const taken = () => scopeOf(extract({ ...NAMED, "x-key": "k" }, ROOT_CONTEXT, "203.0.113.9")) !== undefined;
  expect(taken()).toBe(true);
  expect(seen).toEqual(["203.0.113.9", "k"]);
  // An async function answers with a promise, which is no yes.
  for (const no of [() => false, () => 1, () => Promise.resolve(true)]) {
    answer = no;
    expect(taken()).toBe(false);
  }
  answer = () => {
    throw new Error("mine");
  };
  expect(taken()).toBe(false);
  expect(recorder.codes()).toEqual(["peer-refused", "internal"]);
});

test("acceptFrom: the environment, and a value that can't be used takes from nobody", () => {
  const said: string[] = [];
  onDiagnostic(({ message }) => said.push(message));
  onTestFinished(() => onDiagnostic(undefined));
  expect(readOptions({}, {}).acceptFrom).toBe("inside");
  expect(readOptions({}, { WEIR_ACCEPT_FROM: "anyone" }).acceptFrom).toBe("anyone");
  expect(readOptions({ acceptFrom: "nobody" }, { WEIR_ACCEPT_FROM: "anyone" }).acceptFrom).toBe("nobody");
  expect(said).toEqual([]);
  expect(readOptions({}, { WEIR_ACCEPT_FROM: "all" }).acceptFrom).toBe("nobody");
  expect(said).toEqual([
    'setup: expected acceptFrom to be "inside", "anyone", "nobody" or a function, got "all": "nobody" is taken',
  ]);
});

test.each([
  ["malformed", "weir.flow.id=%zz,weir.flow.name=n,weir.tenant=t"],
  ["incomplete", "weir.flow.id=17"],
  ["oversized", `${NAMED.baggage},x=${"y".repeat(20_000)}`],
  ["of 10 MB", `${"x=y,".repeat(2_500_000)}${NAMED.baggage}`],
  ["with a name that is too long", `weir.flow.id=17,weir.flow.name=${"n".repeat(300)},weir.tenant=t`],
])("baggage that is %s is ignored, with a diagnostic", (_what, baggage) => {
  const recorder = record();
  expect(extract({ baggage }, ROOT_CONTEXT, "127.0.0.1")).toBe(ROOT_CONTEXT);
  expect(recorder.codes()).toEqual(["baggage-malformed"]);
});
