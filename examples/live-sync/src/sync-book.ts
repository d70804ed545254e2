/** Waits until a book was changed and its writer has stopped typing, then pushes it; for ever. */
import { debounce, ok, repeat, run, setState, waitUntil, workflow } from "@weir/sdk/workflow";
import type { Book } from "./book.ts";
import { push } from "./shop.ts";

const initialState: Book = { id: "", title: "", dirty: false };

export const syncBook = workflow(
  "sync_book",
  { initialState },
  repeat(
    waitUntil((book) => book.dirty, { name: "a change" }),
    debounce(500),
    setState((book) => ({ ...book, dirty: "processing" as const })),
    run(
      "push",
      async (book, { signal }) => {
        await push(book.id, book.title, signal);
        return ok({ ...book, dirty: false });
      },
      { retries: 3, backoff: "exponential", baseDelay: 200 },
    ),
  ),
);
