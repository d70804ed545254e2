// The example of the public contract, as it stands there.
import { expect, test } from "vitest";
import {
  debounce,
  each,
  error,
  ok,
  parallel,
  race,
  repeat,
  retry,
  run,
  sequence,
  setState,
  skip,
  wait,
  waitUntil,
  workflow,
} from "../../src/workflow/index.ts";

test("the example compiles, and does what it says", async () => {
  // biome-ignore format: as in the contract
  const syncBook = workflow("sync_book", { initialState: { dirty: false as boolean | "processing", bookId: null as string | null } },
    repeat(
      waitUntil((s) => s.dirty),
      debounce(500),
      setState((s) => ({ ...s, dirty: "processing" as const })),
      run("push", async (s, { signal }) => ok({ ...s, dirty: signal.aborted }), { retries: 3, backoff: "exponential", baseDelay: 200 }),
    ));

  const sync = syncBook.start({ tenant: "acme-corp", initialState: { dirty: false, bookId: "abc" } });
  const heard: string[] = [];
  const hearing = (async () => {
    for await (const message of sync.messages()) heard.push(message.type);
  })();
  sync.signal((s) => ({ ...s, dirty: true }));
  expect(sync.state).toEqual({ dirty: true, bookId: "abc" });
  sync.pause();
  sync.resume();
  await sync.stop();
  await sync.done;
  await hearing;
  expect(heard).toEqual(["state", "state", "state", "state", "done"]);
});

test("all that the contract names is there", () => {
  for (const name of [sequence, wait, parallel, race, each, retry, error, skip])
    expect(name).toBeTypeOf("function");
});
