/** The routines: each does one thing, and knows nothing of the others. */
import { appendFile, readFile } from "node:fs/promises";
import { custom, ErrorHandler, ErrorStrategy, Routine, routine } from "@weir/sdk/graph";
import { WRITTEN } from "./places.ts";
import type { Row } from "./rows.ts";
import { Busy, pictureOf, priceOf, settle, stockOf } from "./services.ts";

export class Read extends Routine {
  row = this.defineEvent<{ line: string }>("row");
  file = this.defineSlot<{ path: string }>("file", async ({ path }, { signal }) => {
    const text = await readFile(path, { encoding: "utf8", signal });
    for (const line of text.split("\n")) if (line !== "") await this.row.emit({ line });
  });
}

/** Has an event for each of two ways. */
export class Validate extends Routine {
  good = this.defineEvent<Row>("good");
  bad = this.defineEvent<{ line: string; why: string }>("bad");
  text = this.defineSlot<{ text: string }>("text", async ({ text }) => {
    const [id, item = "", count] = text.split(";");
    const row: Row = { id: Number(id), item, count: Number(count) };
    if (Number.isSafeInteger(row.count)) await this.good.emit(row);
    else await this.bad.emit({ line: text, why: `${count} is no count` });
  });
}

interface Fact {
  id: number;
  name: string;
  value: number;
}

const row = custom<Row>();
const fact = custom<Fact>();

/** Fails now and then, and is tried again. */
export const price = routine(
  "price",
  {
    in: row,
    out: { found: fact },
    errorHandler: new ErrorHandler({
      strategy: ErrorStrategy.RETRY,
      maxRetries: 4,
      retryDelay: 50,
      jitter: 0.5,
      retryOn: [Busy],
    }),
  },
  async ({ id, count }, { emit, attempt, signal }) => {
    await emit("found", { id, name: "price", value: await priceOf(id, count, attempt, signal) });
  },
);

export const stock = routine("stock", { in: row, out: { found: fact } }, async ({ id }, { emit, signal }) => {
  await emit("found", { id, name: "stock", value: await stockOf(id, signal) });
});

/** Nice to have: where there is none, the rest goes on and the job succeeds. */
export const picture = routine(
  "picture",
  { in: row, optional: true, errorHandler: new ErrorHandler({ strategy: ErrorStrategy.CONTINUE }) },
  async ({ id }, { shared, signal }) => {
    await pictureOf(id, signal);
    shared.update<number>("pictures", (pictures = 0) => pictures + 1);
  },
);

/** Waits for both facts of a row. */
export const aggregate = routine(
  "aggregate",
  {
    in: fact,
    out: { done: custom<{ id: number; facts: Record<string, number> }>() },
    join: { need: "all", by: ({ id }) => id },
  },
  async ({ parts }, { emit }) => {
    const id = parts[0]?.payload.id ?? 0;
    await emit("done", {
      id,
      facts: Object.fromEntries(parts.map(({ payload }) => [payload.name, payload.value])),
    });
  },
);

export const write = routine(
  "write",
  { in: custom<{ id: number; facts: Record<string, number> }>(), batch: 10, concurrency: 1 },
  async (rows, { signal }) => {
    await settle(signal);
    await appendFile(WRITTEN, rows.map((each) => `${JSON.stringify(each)}\n`).join(""));
  },
);

export const reject = routine(
  "reject",
  { in: custom<{ line: string; why: string }>() },
  ({ why }, { shared }) => {
    shared.update<string[]>("rejected", (rejected = []) => [...rejected, why]);
  },
);
