/** Books that sync themselves while they are written: `node src/server.ts`. */
import { pipeline, Readable } from "node:stream";
import { setup, shutdown } from "@weir/sdk";
import { createSupervisor, EVENT_STREAM_HEADERS, eventStream } from "@weir/sdk/workflow";
import express from "express";
import { buildPage } from "./page.ts";
import { titleInShop } from "./shop.ts";
import { syncBook } from "./sync-book.ts";

setup({ serviceName: "live-sync" });

/** A sync that crashes goes on with the title that was typed. */
const supervisor = createSupervisor({ restart: { from: "last" } });
const files = await buildPage();
const app = express();

/** One sync for each book, from when it is first opened. */
function syncOf(id: string) {
  const initialState = { id, title: "", dirty: false };
  return supervisor.start(id, syncBook, { tenant: "acme-corp", labels: { book: id }, initialState });
}

app.put("/books/:id/title", express.text(), (req, res) => {
  const title = String(req.body);
  syncOf(req.params.id).signal((book) => ({ ...book, title, dirty: true }));
  res.sendStatus(204);
});
app.get("/books/:id/events", (req, res) => {
  res.writeHead(200, EVENT_STREAM_HEADERS);
  // Not `pipe`, which would leave a page that has gone among those who are told.
  pipeline(Readable.fromWeb(eventStream(syncOf(req.params.id))), res, () => {});
});
app.get("/books/:id/in-shop", (req, res) => {
  res.json({ title: titleInShop(req.params.id) ?? null });
});
app.get("/{*path}", (req, res) => {
  const file = files.get(req.path);
  if (file === undefined) res.sendStatus(404);
  else res.type(file.type).send(Buffer.from(file.body));
});

const server = app.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () => {
  const address = server.address();
  console.log(`live-sync: http://127.0.0.1:${typeof address === "object" ? address?.port : address}`);
});

process.once("SIGTERM", async () => {
  await supervisor.stopAll();
  server.close();
  server.closeAllConnections();
  await shutdown();
});
