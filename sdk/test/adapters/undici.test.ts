import * as undici from "undici";
import { describe, expect, test } from "vitest";
import { flowInterceptor, withFetch } from "../../src/adapters/fetch.ts";
import { clientContract, IDENTITY, inOrder, lookupHere, startEcho } from "./client.contract.ts";
import { useRecording } from "./recording.ts";

type Fetch = typeof globalThis.fetch;

const plain = new undici.Agent({ connect: { lookup: lookupHere as never } });

const ofUndici = undici.fetch as unknown as Fetch;
let wrapped: Fetch = ofUndici;
clientContract({
  name: "undici's fetch",
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
let dispatcher: undici.Dispatcher = plain;
clientContract({
  name: "undici's request, through an interceptor",
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

describe("undici", () => {
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
});
