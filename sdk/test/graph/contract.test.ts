/** The snippet of the contract, as it stands, but for what its dots stand for. */
import { ErrorHandler, ErrorStrategy, Graph, JobState, Routine } from "@weir/sdk/graph";
import { expect, test } from "vitest";

const written: string[] = [];
const rowsOf = (path: string) => [`${path}:1`, `${path}:2`];

class Reader extends Routine {
  output = this.defineEvent<{ row: string }>("output");
  input = this.defineSlot<{ path: string }>("input", async ({ path }, { signal }) => {
    for (const row of rowsOf(path)) {
      signal.throwIfAborted();
      await this.output.emit({ row });
    }
  });
}

class Writer extends Routine {
  input = this.defineSlot<{ line: string }>("input", ({ line }) => void written.push(line));
}

function prepared(): Graph {
  const graph = new Graph("my_flow");
  graph.addRoutine(new Reader(), "reader");
  graph.addRoutine(new Writer(), "writer");
  graph.connect({
    source: "reader",
    event: "output",
    target: "writer",
    slot: "input",
    paramMapping: { row: "line" },
  });
  graph.setErrorHandler(new ErrorHandler({ strategy: ErrorStrategy.RETRY, maxRetries: 3 }));
  return graph;
}

test("paused, serialised, resumed and cancelled: whoever waits for the first handle hears of it", async () => {
  const graph = prepared();
  const job = graph.execute({ entry: "reader", params: { path: "a.csv" }, tenant: "acme-corp" });
  await job.pause("user asked", { step: 1 });
  const saved = job.serialize();
  const again = graph.resume(JobState.load(saved));
  await again.cancel("no longer wanted");
  const state = await job.done;
  expect(state).toMatchObject({ status: "cancelled", reason: "no longer wanted", tenant: "acme-corp" });
  expect(state.pauses).toMatchObject([{ reason: "user asked", checkpoint: { step: 1 } }]);
  expect(state.pending).toMatchObject([{ slot: "reader.input", payload: { path: "a.csv" } }]);
  expect(written).toEqual([]);
});

test("the same graph runs to its end", async () => {
  const state = await prepared().execute({ entry: "reader", params: { path: "b.csv" } }).done;
  expect(state).toMatchObject({ status: "succeeded", tenant: "default", error: undefined, pending: [] });
  expect(written).toEqual(["b.csv:1", "b.csv:2"]);
});
