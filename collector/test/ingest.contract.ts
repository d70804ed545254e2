/** What every ingest promises (`src/otlp/ingest.ts`), over a store that keeps. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WeirError } from "../src/errors.ts";
import type { Encoding } from "../src/otlp/delivery.ts";
import type { Ingest } from "../src/otlp/ingest.ts";
import type { Questions } from "../src/store.ts";
import { aSpan, jsonBody, protobufBody, type ShortSpan } from "./otlp-support.ts";

export interface IngestUnderTest {
  ingest: Ingest;
  store: Questions;
  close(): Promise<void>;
}

const WRITE: Record<Encoding, typeof jsonBody> = { json: jsonBody, protobuf: protobufBody };

export function ingestContract(kind: string, open: () => Promise<IngestUnderTest>): void {
  describe.each(["json", "protobuf"] as const)(`${kind}: ingest of %s`, (encoding) => {
    let { ingest, store, close } = {} as IngestUnderTest;
    beforeAll(async () => {
      ({ ingest, store, close } = await open());
    });
    afterAll(() => close());

    const take = (spans: ShortSpan[], tenant: string | null = null) =>
      ingest.take({ encoding, body: WRITE[encoding](spans), tenant });
    const inFlow = (id: string, changed: ShortSpan = {}) =>
      aSpan({ ...changed, attributes: { "weir.flow.id": id, ...changed.attributes } });

    test("what was taken can be asked for", async () => {
      expect(await take([inFlow("one")])).toEqual({
        accepted: 1,
        ignored: 0,
        partial: { rejectedSpans: 0, errorMessage: "" },
        rejected: [],
      });
      expect(await store.flow({ tenant: "acme-corp", id: "one" })).toMatchObject({
        steps: [{ name: "validate" }],
      });
    });

    test("so can what came in many requests at once", async () => {
      const ids = Array.from({ length: 200 }, (_, n) => `many-${n}`);
      await Promise.all(ids.map((id) => take([inFlow(id)])));
      const found = await Promise.all(ids.map((id) => store.flow({ tenant: "acme-corp", id })));
      expect(found.map((flow) => flow?.id)).toEqual(ids);
    });

    test("a body of megabytes comes through whole", async () => {
      const note = "x".repeat(8_000);
      const spans = Array.from({ length: 400 }, (_, n) =>
        inFlow("large", { spanId: (n + 1).toString(16).padStart(16, "0"), attributes: { note } }),
      );
      expect(await take(spans)).toMatchObject({ accepted: 400 });
      const flow = await store.flow({ tenant: "acme-corp", id: "large" });
      expect(flow?.steps.map(({ attributes }) => attributes.note === note)).toEqual(Array(400).fill(true));
    });

    test("each span is counted by what became of it, and the sender is told", async () => {
      const receipt = await take([
        inFlow("mixed"),
        inFlow("mixed", { spanId: "" }),
        inFlow("mixed", { attributes: { "weir.kind": "nonsense" } }),
        inFlow("mixed", { attributes: { "weir.kind": "nonsense" } }),
        { ...aSpan(), attributes: { "http.route": "/users" } },
      ]);
      expect(receipt).toMatchObject({ accepted: 1, ignored: 1, partial: { rejectedSpans: 3 } });
      expect(new Map(receipt.rejected)).toEqual(
        new Map([
          ["bad-span-id", 1],
          ["bad-kind", 2],
        ]),
      );
      expect(receipt.partial.errorMessage).toContain('got "nonsense" (2)');
    });

    test("who speaks for one tenant is taken at that, span by span", async () => {
      const receipt = await take(
        [inFlow("own"), inFlow("own", { attributes: { "weir.tenant": "globex" } })],
        "globex",
      );
      expect(receipt).toMatchObject({ accepted: 1, rejected: [["foreign-tenant", 1]] });
      expect(await store.flow({ tenant: "globex", id: "own" })).toMatchObject({ id: "own" });
      expect(await store.flow({ tenant: "acme-corp", id: "own" })).toBeUndefined();
    });

    test("what can't be parsed is refused with what was expected, and harms nobody beside it", async () => {
      const body = Buffer.from([0xff, 0xff, 0x01]);
      const [bad, good] = await Promise.allSettled([
        ingest.take({ encoding, body, tenant: null }),
        take([inFlow("beside")]),
      ]);
      expect(bad).toMatchObject({ status: "rejected", reason: expect.any(WeirError) });
      expect((bad as PromiseRejectedResult).reason).toMatchObject({
        code: "invalid_argument",
        message: expect.stringMatching(/^the body is not application\/(json|x-protobuf) of OTLP: /),
      });
      expect(good).toMatchObject({ status: "fulfilled", value: { accepted: 1 } });
    });
  });
}
