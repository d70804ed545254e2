/** The services that are asked about each row: they take their time, and one of them is not always there. */
import { setTimeout as sleep } from "node:timers/promises";

/** `DEMO_SPEED=10` makes everything ten times as fast. */
const SPEED = Number(process.env["DEMO_SPEED"]) || 1;

export class Busy extends Error {
  override readonly name = "Busy";
}

/** Of every tenth question it takes no notice the first time. */
export async function priceOf(
  id: number,
  count: number,
  attempt: number,
  signal: AbortSignal,
): Promise<number> {
  await sleep(120 / SPEED, undefined, { signal });
  if (id % 10 === 0 && attempt === 1) throw new Busy(`the price list is busy: row ${id} has to wait`);
  return count * 100 + id;
}

export async function stockOf(id: number, signal: AbortSignal): Promise<number> {
  await sleep(80 / SPEED, undefined, { signal });
  return (id * 7) % 30;
}

/** The disk of the catalogue. */
export async function settle(signal: AbortSignal): Promise<void> {
  await sleep(200 / SPEED, undefined, { signal });
}

/** Knows nothing of every 13th row. */
export async function pictureOf(id: number, signal: AbortSignal): Promise<string> {
  await sleep(60 / SPEED, undefined, { signal });
  if (id % 13 === 0) throw new Error(`there is no picture for row ${id}`);
  return `pictures/${id}.png`;
}
