import { describe, expect, test } from "vitest";
import { withFetch } from "../../src/adapters/fetch.ts";
import { trusted } from "./certificate.ts";
import { clientContract, IDENTITY, inOrder, lookupHere, startEcho } from "./client.contract.ts";
import { useRecording } from "./recording.ts";

/** Node's own undici keeps its classes to itself; its agent tells them. The package would put its own in their place. */
function here(): unknown {
  const registry = globalThis as unknown as Record<symbol, { constructor: new (options: object) => unknown }>;
  const Agent = registry[Symbol.for("undici.globalDispatcher.1")]?.constructor;
  return Agent && new Agent({ connect: { lookup: lookupHere, ...trusted } });
}

// The first call loads it.
await fetch("data:,");

clientContract({
  name: "global fetch",
  redirects: true,
  steps: true,
  begin: (options) => withFetch(options),
  async send(url, init) {
    const answer = await fetch(url, { ...init, dispatcher: here() } as RequestInit);
    return { status: answer.status, text: await answer.text() };
  },
});

describe("fetch", () => {
  const recording = useRecording();

  test("takes an address as text, URL or Request, and leaves all of them alone", async () => {
    recording.closing.push(withFetch());
    const { seen, url } = await startEcho(recording);
    const init = { method: "POST", body: "hello", headers: { Baggage: "user=7", "X-Own": "1" } };
    await inOrder(() => fetch(new URL(url)));
    await inOrder(() => fetch(new Request(url, init)));
    await inOrder(() => fetch(url, new Request(url, init)));
    expect(seen.map(({ body, headers }) => [body, headers["baggage"], headers["x-own"]])).toEqual([
      ["", IDENTITY, undefined],
      ["hello", `user=7,${IDENTITY}`, "1"],
      ["hello", `user=7,${IDENTITY}`, "1"],
    ]);
  });

  test("is patched once, and the patch can be taken back, also by who kept the patched one", async () => {
    const undo = withFetch();
    const patched = globalThis.fetch;
    expect(withFetch()).toBe(undo);
    expect(globalThis.fetch).toBe(patched);
    undo();
    expect(globalThis.fetch).not.toBe(patched);
    const { seen, url } = await startEcho(recording);
    await inOrder(() => fetch(url));
    await inOrder(() => patched(url));
    recording.closing.push(withFetch());
    await inOrder(() => fetch(url));
    expect(seen.map(({ headers }) => "baggage" in headers)).toEqual([false, false, true]);
  });
});
