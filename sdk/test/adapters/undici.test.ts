import * as undici8 from "undici";
import * as undici6 from "undici6";
import * as undici7 from "undici7";
import { describe, expect, test } from "vitest";
import { flowInterceptor, withFetch } from "../../src/adapters/fetch.ts";
import { trusted } from "./certificate.ts";
import { clientContract, IDENTITY, inOrder, lookupHere, startEcho } from "./client.contract.ts";
import { useRecording } from "./recording.ts";

type Fetch = typeof globalThis.fetch;
type Undici = typeof undici8;

// What the tests use of all majors is the same. Node 22 has the sixth inside, Node 24 the seventh.
contractOf("undici 6", undici6 as unknown as Undici);
contractOf("undici 7", undici7 as unknown as Undici);
contractOf("undici 8", undici8);

function contractOf(name: string, undici: Undici): void {
  const plain = new undici.Agent({ connect: { lookup: lookupHere as never, ...trusted } });

  const ofUndici = undici.fetch as unknown as Fetch;
  let wrapped: Fetch = ofUndici;
  clientContract({
    name: `${name}'s fetch`,
    redirects: true,
    steps: true,
    begin(options) {
      wrapped = withFetch(ofUndici, options);
      return () => {
        wrapped = ofUndici;
      };
    },
    async send(url, init) {
      const answer = await wrapped(url, { ...init, dispatcher: plain } as never);
      return { status: answer.status, text: await answer.text() };
    },
  });

  const redirect = undici.interceptors.redirect({ maxRedirections: 3 });
  let dispatcher: undici8.Dispatcher = plain;
  clientContract({
    name: `${name}'s request, through an interceptor`,
    redirects: true,
    steps: false,
    begin() {
      dispatcher = plain.compose(flowInterceptor, redirect);
      return () => {
        dispatcher = plain;
      };
    },
    async send(url, init) {
      const { statusCode, body } = await undici.request(url, { ...init, dispatcher });
      return { status: statusCode, text: await body.text() };
    },
  });

  describe(name, () => {
    const recording = useRecording();

    test("the interceptor takes headers in all their forms", async () => {
      const { seen, url } = await startEcho(recording);
      const through = new undici.Agent().compose(flowInterceptor);
      const forms = [["Baggage", "user=7"], new Headers({ baggage: "user=7" }), { BAGGAGE: "user=7" }];
      for (const headers of forms) {
        const { body } = await inOrder(() =>
          undici.request(url, { headers: headers as string[], dispatcher: through }),
        );
        await body.text();
      }
      expect(seen.map(({ headers }) => headers["baggage"])).toEqual(forms.map(() => `user=7,${IDENTITY}`));
    });

    test("as the global dispatcher it serves all that undici sends; its fetch needs none of one's own", async () => {
      const { seen, url } = await startEcho(recording);
      const before = undici.getGlobalDispatcher();
      recording.closing.push(() => undici.setGlobalDispatcher(before));
      await inOrder(async () => (await withFetch(ofUndici)(url)).text());
      undici.setGlobalDispatcher(new undici.Agent().compose(flowInterceptor));
      await inOrder(async () => (await undici.request(url)).body.text());
      await inOrder(async () => (await undici.fetch(url)).text());
      // Taken along twice, it is there once.
      await inOrder(async () => (await withFetch(ofUndici)(url)).text());
      expect(seen.map(({ headers }) => headers["baggage"])).toEqual(Array(4).fill(IDENTITY));
    });
  });
}
