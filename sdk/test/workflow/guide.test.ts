/** Every snippet of docs/guides/workflow-trees.md stands in here, line by line, and runs; that for a page is in examples/live-sync. */
import { readFileSync } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { TestClock } from "@weir/sdk/testing";
import {
  compensate,
  createSupervisor,
  debounce,
  EVENT_STREAM_HEADERS,
  each,
  eventStream,
  ok,
  on,
  parallel,
  repeat,
  run,
  setState,
  skip,
  sqliteJournal,
  waitUntil,
  workflow,
} from "@weir/sdk/workflow";
import express from "express";
import { beforeEach, expect, test, vi } from "vitest";
import * as z from "zod";
import { linesOf, runInOwnFolder, snippetsIn } from "../guide.ts";

const GUIDE = new URL("../../../docs/guides/workflow-trees.md", import.meta.url);

let console: { log: (...words: unknown[]) => void };

runInOwnFolder();
beforeEach(() => {
  console = { log: vi.fn() };
});

test("every snippet of the guide is in this file", () => {
  const here = linesOf(readFileSync(fileURLToPath(import.meta.url), "utf8"));
  const snippets = snippetsIn(GUIDE);
  expect(snippets.length).toBeGreaterThan(7);
  for (const snippet of snippets) expect(here).toContain(linesOf(snippet));
});

const shop = {
  push: vi.fn(async (_id: string, _title: string, _options: { signal: AbortSignal }) => {}),
  fetch: async (url: string, _options: { signal: AbortSignal }) => ({ title: `book of ${url}` }),
};
const bank = {
  pay: vi.fn(async (_cents: number, _by: string | undefined) => ok()),
  charge: async (cents: number) => `charge of ${cents}`,
  refund: vi.fn(async (_charge: string) => {}),
};

// biome-ignore format: as in the guide
const syncBook = workflow(
  "sync_book",
  { initialState: { id: "", title: "", dirty: false as boolean | "processing" } },
  repeat(
    waitUntil((book) => book.dirty),
    debounce(500),
    setState((book) => ({ ...book, dirty: "processing" as const })),
    run(
      "push",
      async (book, { signal }) => {
        await shop.push(book.id, book.title, { signal });
        return ok({ ...book, dirty: false });
      },
      { retries: 3, backoff: "exponential", baseDelay: 200 },
    ),
  ),
);

test("a book that syncs itself, and who follows it", async () => {
  // biome-ignore format: as in the guide
  const sync = syncBook.start({ tenant: "acme-corp", initialState: { id: "b-7", title: "", dirty: false } });
  sync.signal((book) => ({ ...book, title: "Emma", dirty: true }));
  setTimeout(() => void sync.stop(), 700);
  for await (const { type, state, path } of sync.messages()) {
    console.log(type, state.dirty, path.join(" > "));
  }
  expect(shop.push).toHaveBeenCalledWith("b-7", "Emma", expect.anything());
  expect(console.log).toHaveBeenCalledWith("state", "processing", "repeat > sequence > setState");
  expect(console.log).toHaveBeenLastCalledWith("done", false, "repeat > sequence > waitUntil");
});

test("tasks and items", async () => {
  const library = { has: async (title: string) => title === "book of /a", add: vi.fn() };
  // biome-ignore format: as in the guide
  const importBooks = workflow(
    "import_books",
    { initialState: { urls: ["/a", "/b"], added: [] as string[] } },
    parallel((state) => state.urls.map((url) => ({ signal }) => shop.fetch(url, { signal })), {
      collectAs: "fetched",
      concurrency: 4,
    }),
    each("fetched", async (book, state) => {
      if (await library.has(book.title)) return skip("it is there");
      await library.add(book);
      return ok({ ...state, added: [...state.added, book.title] });
    }),
  );
  const { added, fetched } = await importBooks.start({ tenant: "acme-corp" }).done;
  expect(added).toEqual(["book of /b"]);
  expect(fetched).toHaveLength(2);
});

test("declared signals", async () => {
  // biome-ignore format: as in the guide
  const refund = workflow(
    "refund",
    {
      initialState: { cents: 0, note: "" },
      signals: {
        approval: z.object({ by: z.string() }),
        note: on(z.string().max(200), (state: { cents: number; note: string }, note) => ({ ...state, note })),
      },
    },
    waitUntil((state) => state.approval, { name: "approval", timeout: 7 * 86_400_000 }),
    run("pay", (state) => bank.pay(state.cents, state.approval?.by)),
  );
  const refunding = refund.start({ id: "refund-9", initialState: { cents: 4200, note: "" } });
  refunding.send("approval", { by: "sam" });
  await refunding.done;
  expect(bank.pay).toHaveBeenCalledWith(4200, "sam");
});

test("undoing", async () => {
  const carrier = { ship: () => Promise.reject(new Error("no carrier")) };
  // biome-ignore format: as in the guide
  const order = workflow(
    "order",
    { initialState: { cents: 4200, charge: "" } },
    compensate(
      run("charge", async (state) => ok({ ...state, charge: await bank.charge(state.cents) })),
      (state) => bank.refund(state.charge),
    ),
    run("ship", () => carrier.ship()),
  );
  await expect(order.start().done).rejects.toThrow("no carrier");
  expect(bank.refund).toHaveBeenCalledWith("charge of 4200");
});

test("a supervisor", async () => {
  await using supervisor = createSupervisor({ restart: { max: 5, within: 60_000, from: "last" } });
  const book = supervisor.start("b-7", syncBook, { tenant: "acme-corp" });
  book.signal((state) => ({ ...state, dirty: true }));
  expect(book.state.dirty).toBe(true);
});

test("after a crash", async () => {
  const journal = sqliteJournal("./journal.db");
  for (const left of await syncBook.recover({ journal })) console.log(`${left.id} goes on`);
  const kept = syncBook.start({ id: "b-7", journal, tenant: "acme-corp" });
  kept.signal((state) => ({ ...state, dirty: true }));
  await kept.saved();
  expect(await journal.entries("b-7")).toHaveLength(1);
  await kept.stop();
  await journal.close();
});

test("to a page", async () => {
  const app = express();
  const sync = syncBook.start({ initialState: { id: "b-7", title: "Emma", dirty: false } });
  app.get("/books/:id/events", (_req, res) => {
    res.writeHead(200, EVENT_STREAM_HEADERS);
    const seen = eventStream(sync, { select: ({ title, dirty }) => ({ title, dirty }) });
    pipeline(Readable.fromWeb(seen), res, () => {});
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const response = await fetch(`http://127.0.0.1:${port}/books/b-7/events`);
  await sync.stop();
  expect(await response.text()).toContain('"state":{"title":"Emma","dirty":false}');
  server.close();
});

test("testing", async () => {
  const clock = new TestClock();
  const tested = syncBook.start({ clock, initialState: { id: "b-7", title: "Emma", dirty: true } });
  await vi.waitFor(() => expect(tested.snapshot().path).toContain("debounce"));
  await clock.advance(500);
  await vi.waitFor(() => expect(tested.state.dirty).toBe(false));
  await tested.stop();
});
