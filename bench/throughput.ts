/**
 * Steps a second in one process at default settings, to a sink in another: at the rate that is the goal, and at the
 * highest rate of a ladder at which nothing is lost.
 */
import { fileURLToPath } from "node:url";
import { type Figure, median, whole } from "./table.ts";
import type { Pace } from "./throughput-worker.ts";
import { measureIn, startSink } from "./workers.ts";

const WORKER = fileURLToPath(new URL("./throughput-worker.ts", import.meta.url));
const GOAL = 50_000;
const SECONDS = 5;
const ROUNDS = 3;
const LADDER = [75_000, 100_000, 125_000, 150_000];
const LADDER_SECONDS = 3;
/** A process that runs fewer steps than this share of what it was asked for can't keep up. */
const KEEPS_UP = 0.98;

export async function throughput(): Promise<Figure[]> {
  const sink = await startSink();
  const paceAt = async (rate: number, seconds: number): Promise<Pace> =>
    JSON.parse(await measureIn(WORKER, [`${rate}`, `${seconds}`, sink.good])) as Pace;
  try {
    const paces: Pace[] = [];
    for (let round = 0; round < ROUNDS; round += 1) paces.push(await paceAt(GOAL, SECONDS));
    let best = Math.min(...paces.map(lossless));
    for (const rate of LADDER) {
      // Once more where it failed: the machine may have been busy with something else.
      let pace = await paceAt(rate, LADDER_SECONDS);
      if (lossless(pace) < rate * KEEPS_UP) pace = await paceAt(rate, LADDER_SECONDS);
      if (lossless(pace) < rate * KEEPS_UP) break;
      best = pace.rate;
    }
    const dropped = Math.max(...paces.map((pace) => pace.dropped));
    const cpu = median(paces.map((pace) => pace.cpu));
    return [
      {
        what: `steps a second for ${SECONDS} s, at default settings`,
        value: whole(median(paces.map(({ rate }) => rate))),
        beside: `${whole(dropped)} lost, ${Math.round(cpu * 100)} % of a core; asked for ${whole(GOAL)}`,
      },
      {
        what: "the highest rate of steps without loss",
        value: whole(best),
        beside: `${(best / GOAL).toFixed(1)} times the goal; tried up to ${whole(LADDER.at(-1) ?? 0)}`,
      },
    ];
  } finally {
    await sink.stop();
  }
}

function lossless({ rate, dropped }: Pace): number {
  return dropped > 0 ? 0 : rate;
}
