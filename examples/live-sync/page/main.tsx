/** One book: its title is typed, and its sync is watched. */
import { type Followed, useWorkflow } from "@weir/sdk/react";
import { type ChangeEvent, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import type { Book } from "../src/book.ts";

const BOOK = "/books/emma";

function Page() {
  const sync = useWorkflow<Book>(`${BOOK}/events`);
  const [typed, setTyped] = useState<string>();
  const type = ({ target }: ChangeEvent<HTMLInputElement>) => {
    setTyped(target.value);
    void fetch(`${BOOK}/title`, {
      method: "PUT",
      body: target.value,
      headers: { "content-type": "text/plain" },
    });
  };
  const { words, look } = said(sync);
  return (
    <>
      <h1>A book that syncs itself</h1>
      <label>
        Title
        <input value={typed ?? sync.state?.title ?? ""} onChange={type} />
      </label>
      <p role="status" className={look}>
        {words}
      </p>
    </>
  );
}

function said({ state, connection }: Followed<Book>): { words: string; look?: string } {
  if (connection === "lost") return { words: "Offline, trying again…" };
  if (state === undefined) return { words: "Connecting…" };
  if (state.dirty === "processing") return { words: "Syncing…", look: "syncing" };
  if (state.dirty) return { words: "Changed", look: "syncing" };
  return state.title === "" ? { words: "Ready" } : { words: "Synced ✓", look: "synced" };
}

const root = document.getElementById("root");
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
