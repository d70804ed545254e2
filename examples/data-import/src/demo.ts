/** What makes the demo lively: pretended work, and chance. Nothing of Weir is in here. */
import { setTimeout as sleep } from "node:timers/promises";

/** `DEMO_SPEED=10` makes everything ten times as fast. */
const SPEED = Number(process.env["DEMO_SPEED"]) || 1;

/** `DEMO_FAILURES=0` lets nothing fail, `DEMO_FAILURES=3` three times as much as usual. */
const FAILURES = Number(process.env["DEMO_FAILURES"] ?? 1);

/** Work that takes about this long. */
export async function takes(milliseconds: number): Promise<void> {
  await sleep((milliseconds * (0.5 + Math.random())) / SPEED);
}

/** Whether something goes wrong this time: in so many of a hundred cases. */
export function goesWrong(percent: number): boolean {
  return Math.random() * 100 < percent * FAILURES;
}

/** Any one of a list. */
export function oneOf<T>(...list: [T, ...T[]]): T {
  return list[Math.floor(Math.random() * list.length)] ?? list[0];
}
