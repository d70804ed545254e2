/** Heap of what is open, and its curve while a million steps run; each in a process of its own. */
import { fileURLToPath } from "node:url";
import { type Figure, median, whole } from "./table.ts";
import { measureIn, startSink } from "./workers.ts";

const WORKER = fileURLToPath(new URL("./memory-worker.ts", import.meta.url));
const ROUNDS = 3;
const GOAL = 4096;

export async function memory(): Promise<Figure[]> {
  const sink = await startSink();
  try {
    const open: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1)
      open.push(Number(await measureIn(WORKER, ["open", sink.good])));
    const curve = JSON.parse(await measureIn(WORKER, ["steps", sink.good])) as number[];
    return [
      {
        what: "heap and buffers of an open flow with one open step",
        value: `${whole(median(open))} bytes`,
        beside: `${(median(open) / GOAL).toFixed(2)} of 4 KB`,
      },
      {
        what: "heap and buffers above the start, after each tenth of a million steps",
        value: `${curve.map((bytes) => whole(bytes / 1024)).join(", ")} KB`,
        beside: `${((curve.at(-1) ?? 0) / 1e6).toFixed(2)} bytes a step`,
      },
    ];
  } finally {
    await sink.stop();
  }
}
