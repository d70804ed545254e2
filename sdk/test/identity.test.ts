import fc from "fast-check";
import { expect, test } from "vitest";
import { type FlowIdentity, fromBaggage, mergeBaggage, toBaggage } from "../src/identity.ts";

const name = fc.string({ unit: "binary", minLength: 1, maxLength: 128 });
const labels = fc.dictionary(
  fc.string({ unit: "binary", minLength: 1, maxLength: 32 }),
  fc.string({ unit: "binary", maxLength: 64 }),
  { maxKeys: 8 },
);
const identities: fc.Arbitrary<FlowIdentity> = fc.record({
  id: name,
  name,
  tenant: name,
  labels,
  stepId: fc.option(name, { nil: undefined }),
});

test("identity survives baggage, whatever characters it has", () => {
  fc.assert(
    fc.property(identities, (identity) => {
      const header = toBaggage(identity);
      expect(header).toMatch(/^[\x21-\x7e]*$/);
      const back = fromBaggage(header);
      expect({ ...back, labels: {} }).toEqual({ ...identity, labels: {} });
      // Labels that did not fit were shed; the others are as they were.
      for (const [key, value] of Object.entries(back?.labels ?? {})) expect(identity.labels[key]).toBe(value);
      if (header.length < 4000) {
        expect(Object.keys(back?.labels ?? {}).length).toBe(Object.keys(identity.labels).length);
      }
    }),
    { numRuns: 1000 },
  );
});

test("identity survives beside the members of others, in any place", () => {
  fc.assert(
    fc.property(identities, fc.boolean(), (identity, first) => {
      const ours = toBaggage({ ...identity, labels: {} });
      const header = first ? `${ours},user=7;p=1` : ` user=7;p=1 , ${ours}`;
      expect(fromBaggage(header)?.tenant).toBe(identity.tenant);
    }),
  );
});

test("any text is read without a throw", () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom("weir.flow.id=", "weir.flow.id", "%", ",=;"), (text, odd) => {
      fromBaggage(text + odd + text);
      mergeBaggage(text, "weir.tenant=a");
    }),
  );
});

const WHOLE = "weir.flow.id=17,weir.flow.name=import,weir.tenant=acme";

test.each([
  ["nothing", ""],
  ["members of others alone", "user=7"],
  ["no tenant", "weir.flow.id=17,weir.flow.name=import"],
  ["an empty id", "weir.flow.id=,weir.flow.name=import,weir.tenant=acme"],
  ["a broken escape", "weir.flow.id=%E0%A4%A,weir.flow.name=import,weir.tenant=acme"],
  ["a name over 256 characters", `weir.flow.id=17,weir.flow.name=${"n".repeat(257)},weir.tenant=acme`],
  ["an oversized header", `${WHOLE},x=${"y".repeat(20_000)}`],
])("baggage with %s names no flow", (_what, header) => {
  expect(fromBaggage(header)).toBeUndefined();
});

test("a label that can't be read costs the label, not the flow", () => {
  const header = `${WHOLE},weir.label.good=1,weir.label.bad=%E0%A4%A,weir.label.${"k".repeat(65)}=x`;
  expect({ ...fromBaggage(header)?.labels }).toEqual({ good: "1" });
});

test("the first of two members with one key counts", () => {
  expect(fromBaggage(`${WHOLE},weir.tenant=globex`)?.tenant).toBe("acme");
});

test("labels that would not fit 8192 bytes or 64 members are shed, identity stays", () => {
  const many = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${i}`, "é".repeat(256)]));
  const header = toBaggage({ id: "1", name: "n", tenant: "t", labels: many, stepId: "s" });
  expect(header.length).toBeLessThanOrEqual(8192);
  expect(fromBaggage(header)).toMatchObject({ id: "1", name: "n", tenant: "t", stepId: "s" });

  const theirs = Array.from({ length: 60 }, (_, i) => `u${i}=1`).join(",");
  const few = toBaggage({
    id: "1",
    name: "n",
    tenant: "t",
    labels: { a: "1", b: "2", c: "3" },
    stepId: undefined,
  });
  const merged = mergeBaggage(theirs, few).split(",");
  expect(merged).toHaveLength(64);
  expect(merged).toContain("weir.label.a=1");
  expect(merged).not.toContain("weir.label.b=2");
});

test("merging keeps the members of others and replaces ours", () => {
  expect(mergeBaggage("user=7;secret=1 ,weir.tenant=old,weir.label.x=1", "weir.tenant=acme")).toBe(
    "user=7;secret=1,weir.tenant=acme",
  );
  expect(mergeBaggage("", "a=b")).toBe("a=b");
  expect(mergeBaggage(undefined, "a=b")).toBe("a=b");
});
